/** Ordering, keyset paging and cursors over arrays, written again by hand for the oracle. */
import { GraphQLError } from 'graphql'
import type { Member, Person, Task, Team } from './data.ts'

/** A column of an order: its text in a cursor, and what it is compared by. */
interface Key<Row> {
  text(row: Row): string
  comparable(text: string): string | number
  fits(text: string): boolean
}

/** A connection type: what its rows can be ordered by, each order ending on the id. */
export interface Ordering<Row> {
  orders: Record<string, Key<Row>[]>
  by: string
  direction: 'ASC' | 'DESC'
}

export interface PageArguments {
  first?: number | null
  last?: number | null
  after?: string | null
  before?: string | null
  orderBy?: { field: string; direction: 'ASC' | 'DESC' } | null
}

/** `2026-01-10 00:00:00.12+00` and `2026-01-10T00:00:00.120Z` as one form with microseconds. */
export function microseconds(time: string): string {
  const [, date, clock, fraction = ''] = /^(\S{10})[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(time) ?? []
  return `${date}T${clock}.${fraction.padEnd(6, '0')}`
}

const text = <Row>(read: (row: Row) => string): Key<Row> => ({
  text: read,
  comparable: (key) => key,
  fits: (key) => !key.includes('\0'),
})
const number = <Row>(read: (row: Row) => number): Key<Row> => ({
  text: (row) => String(read(row)),
  comparable: Number,
  fits: (key) => /^-?\d{1,10}$/.test(key),
})
const time = <Row>(read: (row: Row) => string): Key<Row> => ({
  text: read,
  comparable: microseconds,
  fits: (key) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d$/.test(key),
})
const id: Key<{ id: string }> = {
  text: (row) => row.id,
  comparable: (key) => key,
  fits: (key) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key),
}

const joined = time<Member>((member) => member.joinedAt)
const role = text<Member>((member) => member.role)

export const orderings = {
  Person: {
    orders: { NAME: [text((p) => p.name.toLowerCase()), id], CREATED: [time((p) => p.createdAt), id] },
    by: 'NAME',
    direction: 'ASC',
  } as Ordering<Person>,
  Team: {
    orders: {
      NAME: [text((t) => t.name.toLowerCase()), id],
      LEVEL: [number((t) => t.level), text((t) => t.name.toLowerCase()), id],
    },
    by: 'LEVEL',
    direction: 'DESC',
  } as Ordering<Team>,
  Task: {
    orders: {
      TITLE: [text((t) => t.title.toLowerCase()), id],
      CREATED: [time((t) => t.createdAt), id],
      SIZE: [number((t) => t.size), time((t) => t.createdAt), id],
    },
    by: 'TITLE',
    direction: 'ASC',
  } as Ordering<Task>,
  Membership: {
    orders: { JOINED: [joined, id], ROLE: [role, joined, id] },
    by: 'JOINED',
    direction: 'ASC',
  } as Ordering<Member>,
  TeamMember: {
    orders: { JOINED: [joined, id], ROLE: [role, joined, id] },
    by: 'ROLE',
    direction: 'ASC',
  } as Ordering<Member>,
  PersonTeam: { orders: { JOINED: [joined, id] }, by: 'JOINED', direction: 'DESC' } as Ordering<Member>,
}
export type ListName = keyof typeof orderings

export function orderOf<Row>({ by, direction }: Ordering<Row>, { orderBy }: PageArguments) {
  return orderBy ?? { field: by, direction }
}

/** The documented format: a JSON array of the order's name and the texts of its keys, in base64url. */
export function cursorOf<Row>(ordering: Ordering<Row>, order: { field: string; direction: string }, row: Row): string {
  const keys = (ordering.orders[order.field] ?? []).map((key) => key.text(row))
  const parts = [`${order.field} ${order.direction.toLowerCase()}`, ...keys]
  return Buffer.from(`[${parts.map((part) => JSON.stringify(part)).join(', ')}]`).toString('base64url')
}

/** What is wrong with a connection's arguments; cursors matter only where the page is read. */
export function pageProblems<Row>(ordering: Ordering<Row>, args: PageArguments, usesPage: boolean): string[] {
  const problems: string[] = []
  for (const name of ['first', 'last'] as const) {
    const size = args[name] ?? 1
    if (size < 1 || size > 100) problems.push(`"${name}" must be from 1 to 100, not ${size}.`)
  }
  if (typeof args.first === 'number' && typeof args.last === 'number') {
    problems.unshift('Give "first" or "last", not both.')
  }
  if (!usesPage) return problems
  for (const name of ['after', 'before'] as const) {
    // An empty text is no cursor.
    const cursor = args[name] || null
    const problem = cursor === null ? null : cursorProblem(name, cursor, ordering, orderOf(ordering, args))
    if (problem) problems.push(problem)
  }
  return problems
}

type Order = { field: string; direction: string }

function cursorProblem<Row>(argument: string, cursor: string, ordering: Ordering<Row>, order: Order): string | null {
  const malformed = `"${argument}" is not a cursor of this list: use one that the list itself gave.`
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return malformed
  }
  if (!Array.isArray(parts) || parts.length === 0) return malformed
  if (parts.some((part) => typeof part !== 'string')) return malformed
  const [madeFor, ...texts] = parts as string[]
  if (madeFor !== `${order.field} ${order.direction.toLowerCase()}`) {
    return `"${argument}" is a cursor of another ordering of this list.`
  }
  const keys = ordering.orders[order.field] ?? []
  return texts.length === keys.length && keys.every((key, i) => key.fits(texts[i] ?? '')) ? null : malformed
}

/** A page of the whole list's rows, in the shape the connection types have. */
export function paginate<Row>(ordering: Ordering<Row>, all: Row[], args: PageArguments, nodeOf: (row: Row) => unknown) {
  const order = orderOf(ordering, args)
  const keys = ordering.orders[order.field] ?? []
  const keysOf = (row: Row) => keys.map((key) => key.comparable(key.text(row)))
  const keysIn = (cursor: string) => {
    const [, ...texts] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[]
    return keys.map((key, i) => key.comparable(texts[i] ?? ''))
  }
  const sign = order.direction === 'ASC' ? 1 : -1
  const sorted = [...all].sort((a, b) => sign * compare(keysOf(a), keysOf(b)))
  const [after, before] = [args.after || null, args.before || null]
  const range = sorted.filter(
    (row) =>
      (typeof after !== 'string' || sign * compare(keysOf(row), keysIn(after)) > 0) &&
      (typeof before !== 'string' || sign * compare(keysOf(row), keysIn(before)) < 0),
  )
  const backward = typeof args.last === 'number'
  const size = args.last ?? args.first ?? 20
  const page = backward ? range.slice(Math.max(0, range.length - size)) : range.slice(0, size)
  const edges = page.map((row) => ({ row, cursor: cursorOf(ordering, order, row), node: nodeOf(row) }))
  const hasMore = range.length > size
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    totalCount: all.length,
    isTotalCountExact: true,
    pageInfo: {
      hasNextPage: backward ? typeof before === 'string' : hasMore,
      hasPreviousPage: backward ? hasMore : typeof after === 'string',
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

function compare(a: (string | number)[], b: (string | number)[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i] as string | number
    if (left < right) return -1
    if (left > right) return 1
  }
  return 0
}

/** One of several problems; which one the server meets first is its own business. */
export function throwFirst(problems: string[]) {
  const [first] = problems
  if (first !== undefined)
    throw new GraphQLError(first, { extensions: { code: 'BAD_USER_INPUT', candidates: problems } })
}
