import { and, type SQL, sql } from 'drizzle-orm'
import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { getNamedType } from 'graphql'
import { LRUCache } from 'lru-cache'
import { argumentScope } from './arguments.ts'
import { selectionsOf } from './collect.ts'
import { type Compilation, createCompilation, type Env, numberOf, type PlanGuard } from './compilation.ts'
import { connectionSql } from './connection.ts'
import { NotFinalError, requireScope } from './final.ts'
import { type From, objectSql } from './object.ts'
import { type CallerScope, fieldSpec, typeSpec } from './spec.ts'
import { primaryKey, tableAs } from './sql.ts'

/** A statement that can run for every request for which the guards have the same values. */
export interface Plan {
  text: string
  slots: ((env: Env) => unknown)[]
  /** The maximum number of rows that it reads. */
  rows: number
  /** The number of times that it ran; a statement that is repeated is prepared. */
  uses: number
  /** True where there is no statement, because only the executor can answer. */
  isRefused?: boolean
}

interface Entry {
  guards: PlanGuard[]
  plans: Map<string, Plan>
}

/** The maximum size of all plans together, in characters of their statements: a short document can have long statements. */
const MAX_KEPT_CHARACTERS = 10_000_000
const MAX_PLAN_CHARACTERS = 500_000

/** The cache of all plans; the least recently used plan is removed first. The value of a plan removes it from its entry. */
const kept = new LRUCache<Plan, () => void>({
  maxSize: MAX_KEPT_CHARACTERS,
  sizeCalculation: (_remove, plan) => plan.text.length + 1,
  dispose: (remove) => remove(),
})

function keep(entry: Entry, key: string, plan: Plan) {
  if (plan.text.length > MAX_PLAN_CHARACTERS) return
  entry.plans.set(key, plan)
  kept.set(plan, () => {
    if (entry.plans.get(key) === plan) entry.plans.delete(key)
  })
}

/** The plans of each document; they are kept as long as their document, whose cache is limited. */
const entries = new WeakMap<FieldNode, Map<string, Entry>>()

/** The maximum number of objects that are loaded by key at once. */
const MAX_KEYS = 100

type Info = Pick<GraphQLResolveInfo, 'schema' | 'fragments'>

/** A root field of a document, as the executor or the operation itself names it. */
export type RootField = Pick<GraphQLResolveInfo, 'schema' | 'fragments' | 'parentType' | 'fieldName' | 'fieldNodes'>

/**
 * Returns the plan of a root field that declares where its rows come from, with a condition that it answers beside them.
 * @param isFinal true where its JSON is the answer; the plan is then refused where only the executor can answer
 */
export function rootPlan(root: RootField, env: Env, proof: Condition | undefined, isFinal = false): Plan {
  const field = root.parentType.getFields()[root.fieldName]
  if (!field) throw new Error(`There is no field ${root.fieldName}.`)
  const mode = `${isFinal ? 'final' : ''} ${proof ? 'proven' : ''} root ${root.parentType.name}`
  const compile = (c: Compilation) => {
    const rows = rootSql(c, field, root.fieldNodes)
    return proof ? provenSql(rows, proof(c.caller)) : rows
  }
  return findPlan(root, root.fieldNodes, mode, env, compile, isFinal)
}

type Condition = (caller: CallerScope) => SQL

/** The rows beside the answer to the condition. They are not read where it does not hold; there is always at least one row. */
function provenSql(rows: SQL, condition: SQL): SQL {
  return sql`select p."isProven", r.* from (select ${condition} as "isProven" offset 0) as p left join lateral (${rows}) as r on p."isProven"`
}

/** Returns the plan that loads objects of a type by key, for what is selected under these nodes, with the same condition. */
export function loadPlan(
  info: Info & { fieldNodes: readonly FieldNode[] },
  type: GraphQLObjectType,
  amount: 'one' | 'several',
  env: Env,
  proof: Condition | undefined,
): Plan {
  const nodes = info.fieldNodes
  const mode = `${proof ? 'proven' : ''} load ${amount} ${type.name}`
  return findPlan(info, nodes, mode, env, (c) => {
    const rows = loadSql(c, type, nodes, amount)
    return proof ? provenSql(rows, proof(c.caller)) : rows
  })
}

function findPlan(
  info: Info,
  nodes: readonly FieldNode[],
  mode: string,
  env: Env,
  compile: (c: Compilation) => SQL,
  isFinal = false,
): Plan {
  const entry = findEntry(nodes, mode)
  const found = entry.plans.get(planKey(entry, env))
  if (found) {
    kept.get(found)
    return found
  }
  const c = createCompilation(info, env, isFinal)
  const plan = compilePlan(c, compile)
  addGuards(entry, c)
  keep(entry, planKey(entry, env), plan)
  return plan
}

function compilePlan(c: Compilation, compile: (c: Compilation) => SQL): Plan {
  try {
    return { ...c.render(compile(c)), uses: 0 }
  } catch (error) {
    if (error instanceof NotFinalError) return { text: '', slots: [], rows: 0, uses: 0, isRefused: true }
    throw error
  }
}

function findEntry([first, ...others]: readonly FieldNode[], mode: string): Entry {
  if (!first) throw new Error('A plan needs a field node.')
  const byMode = entries.get(first) ?? new Map<string, Entry>()
  entries.set(first, byMode)
  // The same first node may be merged with others, or be below two parent types.
  const key = [mode, ...others.map(numberOf)].join(' ')
  const entry = byMode.get(key) ?? { guards: [], plans: new Map() }
  byMode.set(key, entry)
  return entry
}

function planKey(entry: Entry, env: Env): string {
  return entry.guards.map((guard) => readGuard(guard, env)).join('\u0001')
}

/** Reads a guard. A value that can't be read, like an invalid page size, fails during compilation where its field is selected; where the field is skipped, it has no effect. */
function readGuard(guard: PlanGuard, env: Env): string | number | boolean {
  try {
    return guard.read(env)
  } catch {
    return '\u0002'
  }
}

/** Adds the guards of a compilation. A guard that is new makes the keys of older plans too short, so those plans are removed and compiled again. */
function addGuards(entry: Entry, c: Compilation) {
  const known = new Set(entry.guards.map((guard) => guard.key))
  const added = [...c.guards.values()].filter((guard) => !known.has(guard.key))
  if (added.length === 0) return
  entry.guards.push(...added)
  entry.plans.clear()
}

function rootSql(c: Compilation, field: GraphQLField<unknown, unknown>, nodes: readonly FieldNode[]) {
  const spec = fieldSpec(field)
  const node = nodes[0] as FieldNode
  const type = getNamedType(field.type) as GraphQLObjectType
  const sets = selectionsOf(nodes)
  if (spec?.kind !== 'rootConnection' && spec?.kind !== 'rootOne') throw new Error(`${field.name} declares no root.`)
  requireScope(c, spec.scope)
  if (spec.kind === 'rootConnection') {
    return sql`select (${connectionSql(c, { field, node, type, list: spec.list, sets }, null)})::text as "j"`
  }
  const row = c.alias(typeSpec(type).table)
  const from: From = { joins: [], outer: false }
  const object = objectSql(c, type, row, sets, from)
  const where = and(spec.where(row, c.caller, argumentScope(c, field, node)), typeSpec(type).visible?.(row, c.caller))
  return sql`select ${object}::text as "j" from ${tableAs(c, type, row)} ${sql.join(from.joins, sql` `)} where ${where ?? sql`true`} limit 1`
}

function loadSql(c: Compilation, type: GraphQLObjectType, nodes: readonly FieldNode[], amount: 'one' | 'several') {
  const row = c.alias(typeSpec(type).table)
  const from: From = { joins: [], outer: false }
  const object = c.multiply(amount === 'one' ? 1 : MAX_KEYS, () => objectSql(c, type, row, selectionsOf(nodes), from))
  const visible = typeSpec(type).visible?.(row, c.caller)
  const joins = sql.join(from.joins, sql` `)
  if (amount === 'one') {
    const key = c.slot('key', 'uuid', (env) => env.keys[0])
    const where = and(sql`${primaryKey(row)} = ${key}`, visible)
    return sql`select ${object}::text as "j" from ${tableAs(c, type, row)} ${joins} where ${where}`
  }
  const keys = c.slot('keys', 'uuid[]', (env) => env.keys)
  return sql`select k."place"::int as "place", ${object}::text as "j" from unnest(${keys}) with ordinality as k("id", "place") join ${tableAs(c, type, row)} on ${primaryKey(row)} = k."id" ${joins} where ${visible ?? sql`true`}`
}
