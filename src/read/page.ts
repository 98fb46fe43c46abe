import type { FieldNode, GraphQLField } from 'graphql'
import { isLiteral, readPath } from './arguments.ts'
import { type Compilation, type Env, numberOf } from './compilation.ts'
import { badUserInput } from './errors.ts'
import type { Direction, ListSpec } from './spec.ts'

export const DEFAULT_PAGE_SIZE = 20
export const MAX_PAGE_SIZE = 100

/** The page of a list that was asked for. */
export interface Page {
  /** The maximum number of rows that are read, plus one more to know whether there are others; it is a literal of the statement. */
  limit: number
  /** The page size of this run; less than or equal to `limit`. */
  size(env: Env): number
  backward: boolean
  hasAfter: boolean
  hasBefore: boolean
}

/**
 * The limits for page sizes that are given as a variable: the size is rounded up to one of these in the statement's text,
 * and a parameter cuts the page exactly. With a limit that is itself a parameter, PostgreSQL would plan for a tenth of
 * the table.
 */
const BUCKETS = [1, 2, 5, 10, 20, 50, MAX_PAGE_SIZE]

type Field = GraphQLField<unknown, unknown>

/** Reads the page that was asked for. @throws BAD_USER_INPUT with a message that names `first` or `last`. */
export function readPage(c: Compilation, field: Field, node: FieldNode): Page {
  const id = `${numberOf(node)}`
  const given = (name: string) =>
    c.peek(`given ${id} ${name}`, (env) => (readPath(field, node, name, env) ?? null) !== null)
  const backward = given('last')
  if (backward && given('first')) throw badUserInput('Give "first" or "last", not both.')
  const size = (env: Env) => pageSize(field, node, env)
  const exact = isLiteral(node, backward ? 'last' : 'first')
  const limit = exact ? size(c.env) : c.peek(`bucket ${id}`, (env) => bucket(size(env)))
  // Apollo Client has an empty cursor at both ends of a list without items.
  const hasCursor = (name: string) =>
    c.peek(`has ${id} ${name}`, (env) => (readPath(field, node, name, env) || null) !== null)
  return { limit, size, backward, hasAfter: hasCursor('after'), hasBefore: hasCursor('before') }
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

/** Returns the order that was asked for. */
export function readOrder(c: Compilation, list: ListSpec, field: Field, node: FieldNode) {
  const text = c.peek(`order ${numberOf(node)}`, (env) => JSON.stringify(readPath(field, node, 'orderBy', env) ?? null))
  const entry: { field: string; direction: Direction } | null = JSON.parse(text)
  return entry ? { name: entry.field, direction: entry.direction } : list.defaultOrder
}
