import type { FieldNode, GraphQLField } from 'graphql'
import { isLiteral, readPath } from './arguments.ts'
import { type Compilation, type Env, numberOf } from './compilation.ts'
import { badUserInput } from './errors.ts'
import type { Direction, ListSpec } from './spec.ts'

export const DEFAULT_PAGE_SIZE = 20
export const MAX_PAGE_SIZE = 100

/** Which page of a list was asked for. */
export interface Page {
  /** At most this many rows are read, and one more to know whether there are others: a literal of the statement. */
  limit: number
  /** The page size of this run; less than or equal to `limit`. */
  size(env: Env): number
  backward: boolean
  hasAfter: boolean
  hasBefore: boolean
}

/**
 * A page size given as a variable is rounded up to one of these in the statement's text and cut exactly by a parameter:
 * a limit that is itself a parameter makes PostgreSQL plan for a tenth of the table.
 */
const BUCKETS = [1, 2, 5, 10, 20, 50, MAX_PAGE_SIZE]

type Field = GraphQLField<unknown, unknown>

/** @throws BAD_USER_INPUT naming `first` or `last`. */
export function readPage(c: Compilation, field: Field, node: FieldNode): Page {
  const id = `${numberOf(node)}`
  const given = (name: string) =>
    c.peek(`given ${id} ${name}`, (env) => (readPath(field, node, name, env) ?? null) !== null)
  const backward = given('last')
  if (backward && given('first')) throw badUserInput('Give "first" or "last", not both.')
  const size = (env: Env) => pageSize(field, node, env)
  const exact = isLiteral(node, backward ? 'last' : 'first')
  const limit = exact ? size(c.env) : c.peek(`bucket ${id}`, (env) => bucket(size(env)))
  return { limit, size, backward, hasAfter: given('after'), hasBefore: given('before') }
}

function pageSize(field: Field, node: FieldNode, env: Env): number {
  for (const name of ['first', 'last']) {
    const value = readPath(field, node, name, env) ?? null
    if (value === null) continue
    if (typeof value === 'number' && value >= 1 && value <= MAX_PAGE_SIZE) return value
    throw badUserInput(`"${name}" must be from 1 to ${MAX_PAGE_SIZE}, not ${value}.`)
  }
  return DEFAULT_PAGE_SIZE
}

function bucket(size: number): number {
  return BUCKETS.find((limit) => size <= limit) ?? MAX_PAGE_SIZE
}

/** Which order was asked for. @throws BAD_USER_INPUT naming `orderBy`. */
export function readOrder(c: Compilation, list: ListSpec, field: Field, node: FieldNode) {
  const text = c.peek(`order ${numberOf(node)}`, (env) => JSON.stringify(readPath(field, node, 'orderBy', env) ?? []))
  const entries: { field: string; direction: Direction }[] = JSON.parse(text)
  if (entries.length > 1)
    throw badUserInput('"orderBy" takes one entry: each order of this list has an index of its own.')
  const [entry] = entries
  return entry ? { name: entry.field, direction: entry.direction } : list.defaultOrder
}
