import type { FieldNode, GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import type { Env } from './compilation.ts'
import { encodeCursor } from './cursor.ts'
import { badUserInput, tooManyRows, tooSlow } from './errors.ts'
import { loadPlan, type Plan, rootPlan } from './plan.ts'

/** What reading needs of a request. */
export interface Reading {
  /** Who asks, as the application knows them: `CallerFlag` and `CallerValue` look into it. */
  caller: unknown
  /** How many rows the request may still read; unbounded where absent. */
  budget?: { rows: number }
  /** Runs one statement; `prepare` where it is known to come again. */
  run(text: string, values: unknown[], prepare: boolean): Promise<Record<string, unknown>[]>
}

declare const compiled: unique symbol

/**
 * An object of the read path: JSON shaped by the document. Opaque, so that no resolver returns a row in its place;
 * only the read path makes one.
 */
export interface Compiled<Name extends string> {
  [compiled]: Name
  /** The name of its type, where it was loaded by key. */
  $type?: string
}

type Json = Record<string, unknown>

/** From its third use on a plan is prepared: a document sent once leaves nothing behind in the database. */
const PREPARE_FROM = 3

/** Reads what is selected under a root field, in one statement. */
export async function readRoot(reading: Reading, info: GraphQLResolveInfo): Promise<Json | null> {
  const env = createEnv(reading, info, [])
  const [row] = await runPlan(reading, rootPlan(info, env), env)
  return parse(row)
}

/** Reads one object by key, for what is selected under `nodes`; null where it is hidden or missing. */
export async function loadOne<Name extends string>(
  reading: Reading,
  type: GraphQLObjectType,
  id: string,
  info: Selection,
): Promise<Compiled<Name> | null> {
  const env = createEnv(reading, info, [id])
  const [row] = await runPlan(reading, loadPlan(info, type, info.fieldNodes, 'one', env), env)
  return parse(row, type) as Compiled<Name> | null
}

/** Reads several objects by key in one statement; null in the place of each that is hidden or missing. */
export async function loadSeveral<Name extends string>(
  reading: Reading,
  type: GraphQLObjectType,
  ids: readonly string[],
  info: Selection,
): Promise<(Compiled<Name> | null)[]> {
  if (ids.length === 0) return []
  const env = createEnv(reading, info, ids)
  const rows = await runPlan(reading, loadPlan(info, type, info.fieldNodes, 'several', env), env)
  const objects: (Compiled<Name> | null)[] = ids.map(() => null)
  for (const row of rows) objects[Number(row.place) - 1] = parse(row, type) as Compiled<Name> | null
  return objects
}

type Selection = Pick<GraphQLResolveInfo, 'schema' | 'fragments' | 'variableValues'> & {
  fieldNodes: readonly FieldNode[]
}

function createEnv(reading: Reading, info: Selection, keys: readonly string[]): Env {
  return { variables: info.variableValues, caller: reading.caller, keys, memo: new Map() }
}

/** @throws QUERY_TOO_COMPLEX before anything of it is read */
function spend({ budget }: Reading, plan: Plan) {
  if (!budget) return
  if (plan.rows > budget.rows) throw tooManyRows()
  budget.rows -= plan.rows
}

async function runPlan(reading: Reading, plan: Plan, env: Env) {
  plan.uses += 1
  spend(reading, plan)
  const values = plan.slots.map((slot) => slot(env))
  try {
    return await reading.run(plan.text, values, plan.uses >= PREPARE_FROM)
  } catch (error) {
    // Class 22, data exception: a value that passed our checks and is still none of the column's type.
    const { code } = error as { code?: unknown }
    if (typeof code === 'string' && code.startsWith('22')) {
      throw badUserInput('A filter or cursor holds a value that the database cannot read.')
    }
    // 57014: the statement took too long.
    if (code === '57014') throw tooSlow()
    throw error
  }
}

/** Objects loaded by key may stand where an interface is expected, so they name their type. */
function parse(row: Json | undefined, type?: GraphQLObjectType): Json | null {
  if (!row) return null
  const object = JSON.parse(String(row.j)) as Json
  if (type) object.$type = type.name
  return object
}

/** The resolver of every declared field below a root: the value stands in the JSON under the response name. */
export function pick(parent: Json, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo): unknown {
  return parent[info.path.key]
}

/** The resolver of an edge's cursor. */
export function pickCursor(parent: Json, _args: unknown, _ctx: unknown, info: GraphQLResolveInfo): string | null {
  const json = parent[info.path.key]
  return typeof json === 'string' ? encodeCursor(json) : null
}
