/**
 * What a declaration says about how a type or a field comes from the database. Specs live in the `extensions.read` of
 * GraphQL types and fields; the compiler reads nothing else, so it knows neither Pothos nor this program's tables.
 */
import type { SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { GraphQLField, GraphQLObjectType } from 'graphql'

/** An aliased table, as seen by declarations that are not typed by their table. */
export type Row = PgTable & Record<string, PgColumn>

/** The caller while compiling. A flag is decided now and becomes part of the plan's key; a value is a parameter of the run. */
export interface CallerScope {
  flag(flag: CallerFlag): boolean
  param(value: CallerValue): SQL
}

/** A yes or no about the caller; a name stands for one question. */
export interface CallerFlag {
  name: string
  of: (caller: never) => boolean
}

/** Something of the caller that a statement takes as a parameter; a name stands for one value. */
export interface CallerValue {
  name: string
  sqlType: string
  of: (caller: never) => unknown
}

/** The arguments of one field while compiling. What is looked at becomes part of the plan's key. */
export interface ArgumentScope {
  /** Is the value at this path given and not null? */
  has(path: string): boolean
  /** The value at this path as a parameter of the statement; `convert` sees the coerced value. */
  param(path: string, sqlType: string, convert?: (value: never) => unknown): SQL
}

/** Which rows of a type the caller may see; undefined is all. In a list of the past, `time` is when: what was deleted since is there. */
export type Visibility = (row: Row, caller: CallerScope, time?: SQL) => SQL | undefined

/** A condition per row on fields of a type, and what FORBIDDEN says where it does not hold; undefined is always. */
export interface Guard {
  allows: Visibility
  missing: string
  /** The same with where, in words; absent where `missing` says it all. */
  needs?: { what: string; where: string }
}

/**
 * Rows that are computed when they are read: as of a time, with the arguments of a list that takes its own, and for
 * whom, so that what they do not see need not be computed.
 */
export type Derived = (time: SQL, args: ArgumentScope, caller: CallerScope) => SQL

export interface TypeSpec {
  kind: 'type'
  table: Row
  visible?: Visibility
  guards: Record<string, Guard>
  /** Where the rows come from, if not from the table itself, which then only names the columns. */
  relation?: Derived
  /** The prefix of its ids, where it is a Node. */
  idPrefix?: string
}

/** How a target's rows belong to a row: equal columns, pairwise, or a condition of one's own. */
export type Link =
  | { from: string[]; to: string[] }
  | { on: (row: Row, target: Row, caller: CallerScope) => SQL | undefined }

export type Direction = 'asc' | 'desc'

/** One key of a filter: the columns it reads (linted for an index) and its condition. */
export interface FilterSpec {
  column?: string
  where: (row: Row, args: ArgumentScope, path: string, caller: CallerScope) => SQL | undefined
}

export interface ListSpec {
  link: Link | null
  /** It can be asked for as it was in the past, by the argument `at`. */
  hasPast?: boolean
  where?: (row: Row, caller: CallerScope, args: ArgumentScope) => SQL | undefined
  /** The columns of each order by name. One direction holds for all of them, so that one index serves both. */
  orders: Record<string, string[]>
  defaultOrder: { name: string; direction: Direction }
  filters: Record<string, FilterSpec>
}

export type FieldSpec = { guard?: string } & (
  | { kind: 'column'; column: string }
  | { kind: 'expression'; sql: (row: Row, caller: CallerScope, args: ArgumentScope) => SQL }
  | { kind: 'one'; link: Link; implied: boolean }
  | { kind: 'same' }
  | { kind: 'cursor' }
  | { kind: 'many'; list: ListSpec }
  | { kind: 'connection'; list: ListSpec }
  | { kind: 'needs'; columns: string[] }
  | { kind: 'rootOne'; where: (row: Row, caller: CallerScope, args: ArgumentScope) => SQL | undefined }
  | { kind: 'rootConnection'; list: ListSpec }
)

/** A connection type and its parts: `edge` is a row of its own type's table, `node` is that row or one it points to. */
export type ShapeSpec = { kind: 'connectionType' } | { kind: 'pageInfo' }

/** The spec of an object type whose rows come from a table. @throws Error naming the type where there is none. */
export function typeSpec(type: GraphQLObjectType): TypeSpec {
  const spec = type.extensions.read as TypeSpec | ShapeSpec | undefined
  if (spec?.kind !== 'type') throw new Error(`${type.name} is reached by the read path but declares no table.`)
  return spec
}

/** The spec of a field, or undefined for an ordinary resolver. */
export function fieldSpec(field: GraphQLField<unknown, unknown>): FieldSpec | undefined {
  return field.extensions.read as FieldSpec | undefined
}
