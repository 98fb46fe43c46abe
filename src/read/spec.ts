/**
 * Specs: they say how a type or a field is read from the database. They are stored in the `extensions.read` of GraphQL
 * types and fields; the compiler reads nothing else, so it depends neither on Pothos nor on this program's tables.
 */
import type { SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { GraphQLField, GraphQLObjectType, GraphQLResolveInfo } from 'graphql'

/** An aliased table, for declarations that are not typed by their table. */
export type Row = PgTable & Record<string, PgColumn>

/** The caller during compilation. A flag is evaluated then and becomes part of the plan's key; a value is a parameter of the run. */
export interface CallerScope {
  flag(flag: CallerFlag): boolean
  param(value: CallerValue): SQL
}

/** A boolean fact about the caller; each name identifies one such fact. */
export interface CallerFlag {
  name: string
  of(caller: unknown): boolean
}

/** A value of the caller that a statement takes as a parameter; each name identifies one value. */
export interface CallerValue {
  name: string
  sqlType: string
  of(caller: unknown): unknown
}

/** The arguments of one field during compilation. What is read then becomes part of the plan's key. */
export interface ArgumentScope {
  /** Whether the value at this path is given and not null. */
  has(path: string): boolean
  /** Whether the value at this path passes the test, which `name` identifies in the plan's key. */
  matches(path: string, name: string, test: (value: unknown) => boolean): boolean
  /** Returns the value at this path as a parameter of the statement; `convert` gets the coerced value. */
  param(path: string, sqlType: string, convert?: Convert): SQL
}

/** Converts the coerced value of an argument, whose type the schema determines. */
export type Convert = { of(value: unknown): unknown }['of']

/** The condition for the rows of a type that the caller may see; undefined is all. In a list of the past, `time` is its time: rows that were deleted later are visible. */
export type Visibility = (row: Row, caller: CallerScope, time?: SQL) => SQL | undefined

/** A condition per row on fields of a type, and the error where it is not met; an undefined condition is always met. */
export interface Guard {
  allows: Visibility
  refusal: () => Error
}

/**
 * A relation whose rows are computed when they are read: as of a time, with the arguments of a list that has its own, and
 * for a caller, so that rows that the caller does not see need not be computed. Where it is several arms, each should come in
 * the order of the list from an index, so that a page reads no more of it than its own length.
 */
export type Derived = (time: SQL, args: ArgumentScope, caller: CallerScope, fixed: FixedValues) => SQL | SQL[]

/** Returns the value that a column of a relation has in a list that belongs to one row; undefined where it may have any. */
export type FixedValues = (column: string) => SQL | undefined

export interface TypeSpec {
  kind: 'type'
  table: Row
  visible?: Visibility
  guards: Record<string, Guard>
  /** The source of the rows, where it is not the table itself; the table then only names the columns. */
  relation?: Derived
  /** Where the node of an edge is visible to the caller because the edge is, so that it is not asked again: everywhere, or in some rows. */
  impliesNode?: (caller: CallerScope, row: Row) => boolean | SQL
  /** True where to ask whether a row is visible costs more than to put the rows in order. */
  isVisibilityDear?: boolean
  /** The prefix of its ids, where the type is a Node. */
  idPrefix?: string
  /** Whether the caller may read the fields of the type at all; undefined is always. */
  scope?: CallerFlag
}

/** How the rows of a target belong to a row: by pairs of equal columns, or by a separate condition. */
export type Link =
  | { from: string[]; to: string[] }
  | { on: (row: Row, target: Row, caller: CallerScope) => SQL | undefined }

export type Direction = 'asc' | 'desc'

/** One key of a filter: the column that it reads (a lint checks that it has an index) and its condition. */
export interface FilterSpec {
  column?: string
  where: (row: Row, args: ArgumentScope, path: string, caller: CallerScope) => SQL | undefined
}

export interface ListSpec {
  link: Link | null
  /** True where the list can be read as it was in the past, with the argument `at`. */
  hasPast?: boolean
  where?: (row: Row, caller: CallerScope, args: ArgumentScope) => SQL | undefined
  /** The columns of each order by name. All columns have the same direction, so that one index serves both directions. */
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
  | { kind: 'absent' }
  | { kind: 'objects'; of: (row: Row, caller: CallerScope) => Objects }
  | { kind: 'many'; list: ListSpec }
  | { kind: 'connection'; list: ListSpec }
  | { kind: 'needs'; columns: string[] }
  | (RootSpec & { kind: 'rootOne'; where: (row: Row, caller: CallerScope, args: ArgumentScope) => SQL | undefined })
  | (RootSpec & { kind: 'rootConnection'; list: ListSpec })
)

/** Objects that are computed for a row, and whose type has no rows of its own. */
export interface Objects {
  /** The relations that they are made of, with the condition on them. */
  from: SQL
  orderBy: SQL
  /** The value of each field of the type. */
  values: Record<string, SQL>
}

/** Runs with the arguments of a root field, and with what is selected in the document. */
export type BeforeRead = (ctx: unknown, args: unknown, selected: RootSelection) => void
export type RootSelection = Pick<GraphQLResolveInfo, 'fieldNodes' | 'operation'>

interface RootSpec {
  /** Whether the caller may read the field at all; undefined is always. */
  scope?: CallerFlag
  /** Runs before it is read; it refuses the field by throwing. */
  before?: BeforeRead
}

/** A connection type and its parts: `edge` is a row of the table of its type, `node` is that row or one that it points to. */
export type ShapeSpec = { kind: 'connectionType' } | { kind: 'pageInfo' }

/** Returns the spec of an object type whose rows come from a table. @throws Error that names the type where there is none. */
export function typeSpec(type: GraphQLObjectType): TypeSpec {
  const spec = type.extensions.read as TypeSpec | ShapeSpec | undefined
  if (spec?.kind !== 'type') throw new Error(`${type.name} is reached by the read path but declares no table.`)
  return spec
}

/** Returns the spec of a field; undefined for an ordinary resolver. */
export function fieldSpec(field: GraphQLField<unknown, unknown>): FieldSpec | undefined {
  return field.extensions.read as FieldSpec | undefined
}
