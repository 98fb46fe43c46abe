import type { SQL } from 'drizzle-orm'
import type { FieldNode, GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import type { Env } from './compilation.ts'
import { encodeCursor } from './cursor.ts'
import { badUserInput, tooManyRows, tooSlow } from './errors.ts'
import { loadPlan, type Plan, type RootField, rootPlan } from './plan.ts'
import type { CallerScope } from './spec.ts'

/** The values of a request that reading needs. */
export interface Reading {
  /** The caller, as the application represents them: `CallerFlag` and `CallerValue` read it. */
  caller: unknown
  /** The number of rows that the request may still read; unlimited where it is absent. */
  budget?: { rows: number }
  /** Set where each statement must also prove that what is known of the caller still holds. */
  proof?: ReadProof | null
  /** Runs one statement; `prepare` is true where the statement is known to be repeated. */
  run(text: string, values: unknown[], prepare: boolean): Promise<Record<string, unknown>[]>
}

/** A condition that a statement answers beside its rows. `note` throws where it did not hold: the rows are then missing. */
export interface ReadProof {
  condition(caller: CallerScope): SQL
  note(isProven: boolean): void
}

declare const compiled: unique symbol

/**
 * An object of the read path: JSON with the shape that the document selects. The type is opaque, so that no resolver can
 * return a row instead; only the read path makes such objects.
 */
export interface Compiled<Name extends string> {
  [compiled]: Name
  /** The name of its type, where the object was loaded by key. */
  $type?: string
}

type Json = Record<string, unknown>

/** A plan is prepared from its third use on, so that a document that is sent once leaves nothing in the database connection. */
const PREPARE_FROM = 3

/** Reads what is selected under a root field, in one statement. */
export async function readRoot(reading: Reading, info: GraphQLResolveInfo): Promise<Json | null> {
  const env = createEnv(reading, info, [])
  const [row] = await runPlan(reading, rootPlan(info, env, reading.proof?.condition), env)
  return parseRow(row)
}

/**
 * Answers the root fields of a query by the JSON of the database, one statement each. Returns the text of the answer's
 * data; null where the executor has to answer.
 */
export async function readFinal(reading: Reading, { fields, ...document }: FinalQuery): Promise<string | null> {
  const env = createEnv(reading, document, [])
  const plans = fields.map(({ root }) => rootPlan(root, env, reading.proof?.condition, true))
  if (plans.some(({ isRefused }) => isRefused)) return null
  const rows = await Promise.all(plans.map((plan) => runPlan(reading, plan, env)))
  const values = rows.map(([row]) => row?.j ?? null)
  return `{${fields.map(({ responseName }, index) => `${JSON.stringify(responseName)}:${values[index]}`).join()}}`
}

/** A query as it can be answered by the JSON of the database. */
export interface FinalQuery {
  variableValues: GraphQLResolveInfo['variableValues']
  fields: { responseName: string; root: RootField }[]
}

/** Reads one object by key, for what is selected under the field nodes; null where it is hidden or missing. */
export async function loadOne<Name extends string>(
  reading: Reading,
  type: GraphQLObjectType,
  id: string,
  info: Selection,
): Promise<Compiled<Name> | null> {
  const env = createEnv(reading, info, [id])
  const [row] = await runPlan(reading, loadPlan(info, type, 'one', env, reading.proof?.condition), env)
  return parseRow(row, type) as Compiled<Name> | null
}

/** Reads several objects by key in one statement; null in place of each that is hidden or missing. */
export async function loadSeveral<Name extends string>(
  reading: Reading,
  type: GraphQLObjectType,
  ids: readonly string[],
  info: Selection,
): Promise<(Compiled<Name> | null)[]> {
  if (ids.length === 0) return []
  const env = createEnv(reading, info, ids)
  const rows = await runPlan(reading, loadPlan(info, type, 'several', env, reading.proof?.condition), env)
  const objects: (Compiled<Name> | null)[] = ids.map(() => null)
  for (const row of rows)
    if (row.place !== null) objects[Number(row.place) - 1] = parseRow(row, type) as Compiled<Name> | null
  return objects
}

type Selection = Pick<GraphQLResolveInfo, 'schema' | 'fragments' | 'variableValues'> & {
  fieldNodes: readonly FieldNode[]
}

function createEnv(reading: Reading, info: Pick<Selection, 'variableValues'>, keys: readonly string[]): Env {
  return { variables: info.variableValues, caller: reading.caller, keys, memo: new Map() }
}

/** Subtracts the rows of a plan from the budget. @throws QUERY_TOO_COMPLEX before anything of the plan is read */
function spend({ budget }: Reading, plan: Plan) {
  if (!budget) return
  if (plan.rows > budget.rows) throw tooManyRows()
  budget.rows -= plan.rows
}

/** Runs a plan. Where the reading has a proof, it has been compiled into the plan. */
async function runPlan(reading: Reading, plan: Plan, env: Env) {
  plan.uses += 1
  spend(reading, plan)
  const rows = await sendPlan(reading, plan, env)
  reading.proof?.note(rows[0]?.isProven === true)
  return rows
}

async function sendPlan(reading: Reading, plan: Plan, env: Env) {
  const values = plan.slots.map((slot) => slot(env))
  try {
    return await reading.run(plan.text, values, plan.uses >= PREPARE_FROM)
  } catch (error) {
    // Class 22 is a data exception: the value passed our checks but does not fit the type of the column.
    const { code } = error as { code?: unknown }
    if (typeof code === 'string' && code.startsWith('22')) {
      throw badUserInput('A filter or cursor holds a value that the database cannot read.')
    }
    // The code 57014 means that the statement took too long.
    if (code === '57014') throw tooSlow()
    throw error
  }
}

/** Parses a row. An object that was loaded by key may be used where an interface is expected, so it names its type. */
function parseRow(row: Json | undefined, type?: GraphQLObjectType): Json | null {
  if (!row || row.j === null) return null
  const object = JSON.parse(String(row.j)) as Json
  if (type) object.$type = type.name
  return object
}

/** The resolver of every declared field below a root field: its value is in the JSON under the response name. */
export function pick(parent: Json, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo): unknown {
  return parent[info.path.key]
}

/** The resolver of an edge's cursor. */
export function pickCursor(parent: Json, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo): string | null {
  const json = parent[info.path.key]
  return typeof json === 'string' ? encodeCursor(json) : null
}
