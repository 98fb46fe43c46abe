import { and, sql } from 'drizzle-orm'
import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { getNamedType } from 'graphql'
import { LRUCache } from 'lru-cache'
import { argumentScope } from './arguments.ts'
import { selectionsOf } from './collect.ts'
import { type Compilation, createCompilation, type Env, numberOf, type PlanGuard } from './compilation.ts'
import { connectionSql } from './connection.ts'
import { type From, objectSql } from './object.ts'
import { fieldSpec, typeSpec } from './spec.ts'
import { primaryKey, tableAs } from './sql.ts'

/** A statement, ready to run for every request that agrees with it on the guards. */
export interface Plan {
  text: string
  slots: ((env: Env) => unknown)[]
  /** How many rows it reads at most. */
  rows: number
  /** How often it ran; a statement that comes again is worth preparing. */
  uses: number
}

interface Entry {
  guards: PlanGuard[]
  plans: Map<string, Plan>
}

/** Bounds what all plans together hold, in characters of their statements: a short document can have long ones. */
const MAX_KEPT_CHARACTERS = 10_000_000
const MAX_PLAN_CHARACTERS = 500_000

/** All plans, the longest unused first to go; the value takes a plan out of its entry. */
const kept = new LRUCache<Plan, () => void>({
  maxSize: MAX_KEPT_CHARACTERS,
  sizeCalculation: (_remove, plan) => plan.text.length,
  dispose: (remove) => remove(),
})

function keep(entry: Entry, key: string, plan: Plan) {
  if (plan.text.length > MAX_PLAN_CHARACTERS) return
  entry.plans.set(key, plan)
  kept.set(plan, () => {
    if (entry.plans.get(key) === plan) entry.plans.delete(key)
  })
}

/** Plans live as long as the document they were made for, whose cache is bounded. */
const entries = new WeakMap<FieldNode, Map<string, Entry>>()

/** How many objects are loaded by key at once, at most. */
const MAX_KEYS = 100

type Info = Pick<GraphQLResolveInfo, 'schema' | 'fragments'>

/** The plan of a root field that declares where its rows come from. */
export function rootPlan(info: GraphQLResolveInfo, env: Env): Plan {
  const field = info.parentType.getFields()[info.fieldName]
  if (!field) throw new Error(`There is no field ${info.fieldName}.`)
  return findPlan(info, info.fieldNodes, `root ${info.parentType.name}`, env, (c) => rootSql(c, field, info.fieldNodes))
}

/** The plan that loads objects of a type by key, for what is selected under these nodes. */
export function loadPlan(
  info: Info,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  amount: 'one' | 'several',
  env: Env,
): Plan {
  return findPlan(info, nodes, `load ${amount} ${type.name}`, env, (c) => loadSql(c, type, nodes, amount))
}

function findPlan(
  info: Info,
  nodes: readonly FieldNode[],
  mode: string,
  env: Env,
  compile: (c: Compilation) => ReturnType<typeof sql>,
): Plan {
  const entry = findEntry(nodes, mode)
  const found = entry.plans.get(planKey(entry, env))
  if (found) {
    kept.get(found)
    return found
  }
  const c = createCompilation(info, env)
  const plan: Plan = { ...c.render(compile(c)), uses: 0 }
  addGuards(entry, c)
  keep(entry, planKey(entry, env), plan)
  return plan
}

function findEntry([first, ...others]: readonly FieldNode[], mode: string): Entry {
  if (!first) throw new Error('A plan needs a field node.')
  const byMode = entries.get(first) ?? new Map<string, Entry>()
  entries.set(first, byMode)
  // The same first node may be merged with others, or stand below two parent types.
  const key = [mode, ...others.map(numberOf)].join(' ')
  const entry = byMode.get(key) ?? { guards: [], plans: new Map() }
  byMode.set(key, entry)
  return entry
}

function planKey(entry: Entry, env: Env): string {
  return entry.guards.map((guard) => readGuard(guard, env)).join('\u0001')
}

/** What can't be read, as a bad page size, fails while compiling where it is selected; where it is skipped it is nothing. */
function readGuard(guard: PlanGuard, env: Env): string | number | boolean {
  try {
    return guard.read(env)
  } catch {
    return '\u0002'
  }
}

/** A guard seen for the first time makes the keys of older plans too short; they are made anew. */
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
  if (spec?.kind === 'rootConnection') {
    return sql`select (${connectionSql(c, { field, node, type, list: spec.list, sets }, null)})::text as "j"`
  }
  if (spec?.kind !== 'rootOne') throw new Error(`${field.name} declares no root.`)
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
