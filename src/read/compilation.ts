import { is, Placeholder, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { FieldNode, GraphQLResolveInfo } from 'graphql'
import type { CallerScope, Row } from './spec.ts'

/** The values of a run, from which the parameters of a statement and the key of a plan are read. */
export interface Env {
  variables: GraphQLResolveInfo['variableValues']
  /** The caller as the application represents them: only the application's flags and values read it. */
  caller: unknown
  /** The ids asked for, where objects are loaded by key. */
  keys: readonly string[]
  /** Coerced arguments per field node, so that each is coerced once per run. */
  memo: Map<FieldNode, Record<string, unknown>>
}

/** A value of the run on which the shape of the statement depends. */
export interface PlanGuard {
  key: string
  read(env: Env): string | number | boolean
}

type Slot = (env: Env) => unknown

/**
 * The state of one compilation. Every value of the run that is used during compilation is read by `peek`, which makes it
 * part of the plan's key, so that no declaration can forget it; every other value is a `slot`, a parameter that is read
 * when the plan runs.
 */
export interface Compilation {
  env: Env
  info: Pick<GraphQLResolveInfo, 'schema' | 'fragments'>
  caller: CallerScope
  guards: Map<string, PlanGuard>
  /** True where the JSON is the answer itself, so that values stand in it as clients see them. */
  isFinal: boolean
  peek<T extends string | number | boolean>(key: string, read: (env: Env) => T): T
  slot(name: string, sqlType: string, read: Slot): SQL
  alias(table: Row): Row
  /** Counts the maximum number of rows that are read, for the whole plan and for what `below` compiles under each of them. */
  multiply<T>(rows: number, below: () => T): T
  render(query: SQL): { text: string; slots: Slot[]; rows: number }
}

export function createCompilation(info: Compilation['info'], env: Env, isFinal = false): Compilation {
  const guards = new Map<string, PlanGuard>()
  const placeholders = new Map<string, Placeholder>()
  const slots = new Map<Placeholder, Slot>()
  let aliases = 0
  let rowsHere = 1
  let rowsInAll = 0
  const c: Compilation = {
    env,
    info,
    guards,
    isFinal,
    peek(key, read) {
      guards.set(key, { key, read })
      return read(env)
    },
    // One name is one parameter, so the name must contain everything that the value depends on.
    slot(name, sqlType, read) {
      const key = `${name}::${sqlType}`
      const placeholder = placeholders.get(key) ?? sql.placeholder(key)
      placeholders.set(key, placeholder)
      slots.set(placeholder, read)
      return sql`${placeholder}::${sql.raw(sqlType)}`
    },
    alias: (table) => alias(table, `t${aliases++}`) as Row,
    caller: {
      flag: ({ name, of }) => c.peek(`flag ${name}`, ({ caller }) => of(caller)),
      param: ({ name, sqlType, of }) => c.slot(`caller ${name}`, sqlType, ({ caller }) => of(caller)),
    },
    multiply(rows, below) {
      const outside = rowsHere
      rowsHere *= rows
      rowsInAll += rowsHere
      const result = below()
      rowsHere = outside
      return result
    },
    render: (query) => ({ ...render(query, slots), rows: rowsInAll }),
  }
  return c
}

/** Writes the statement's text and gives equal placeholders the same number. */
function render(query: SQL, slots: Map<Placeholder, Slot>) {
  const numbers = new Map<Placeholder, number>()
  const used: Slot[] = []
  const number = (slot: Slot) => used.push(slot)
  const { sql: text } = query.toQuery({
    escapeName: (name) => `"${name.replaceAll('"', '""')}"`,
    escapeString: (value) => `'${value.replaceAll("'", "''")}'`,
    escapeParam(_index, value) {
      if (!is(value, Placeholder)) return `$${number(() => value)}`
      const slot = slots.get(value)
      if (!slot) throw new Error('A placeholder of the read path comes from a slot.')
      if (!numbers.has(value)) numbers.set(value, number(slot))
      return `$${numbers.get(value)}`
    },
  })
  return { text, slots: used }
}

const nodeNumbers = new WeakMap<FieldNode, number>()
let nextNodeNumber = 0

/** Returns a number that identifies this node of this document; it stays the same as long as the document is in memory. */
export function numberOf(node: FieldNode): number {
  const number = nodeNumbers.get(node) ?? nextNodeNumber++
  nodeNumbers.set(node, number)
  return number
}
