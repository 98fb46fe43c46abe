/** What one writes to declare how types, fields and lists come from the database. */
import type { FieldRef, InputFieldMap, ObjectRef, SchemaTypes, TypeParam } from '@pothos/core'
import type { SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { GraphQLResolveInfo } from 'graphql'
import type { Compiled, Reading } from './run.ts'
import type { ArgumentScope, CallerScope, Derived, Direction, FilterSpec, ListSpec, Visibility } from './spec.ts'

/** The shape of Drizzle's `defineRelations`. */
export type Relations = Record<string, { table: PgTable; relations: Record<string, unknown> }>
export type Builder = PothosSchemaTypes.SchemaBuilder<SchemaTypes>
export type Fields = Record<string, FieldRef<SchemaTypes>>
export type Json = Record<string, unknown>

export type TableName<R extends Relations> = keyof R & string
export type TableOf<R extends Relations, T extends TableName<R>> = R[T]['table']
export type ColumnOf<R extends Relations, T extends TableName<R>> = keyof R[T]['table']['_']['columns'] & string
export type RelationOf<R extends Relations, T extends TableName<R>> = keyof R[T]['relations'] & string

export type Where<Table> = (row: Table, caller: CallerScope) => SQL | undefined
/** Of a type: see `Visibility`. */
type Visible<Table> = (row: Table, caller: CallerScope, time?: SQL) => SQL | undefined

export interface Common {
  description: string
  /** The name of a guard of the type; the field is null with FORBIDDEN where it does not allow. */
  guard?: string
  deprecationReason?: string
}

/** A declared type and the table its rows come from. */
export interface ReadType<Name extends string, T extends string> {
  name: Name
  table: T
  ref: ObjectRef<SchemaTypes, Compiled<Name>>
  visible: Visibility | undefined
}

/** A declared connection and what its lists can be ordered and filtered by. */
export interface ReadConnection<T extends string> {
  name: string
  table: T
  ref: ObjectRef<SchemaTypes, Json>
  orders: Record<string, string[]>
  defaultOrder: ListSpec['defaultOrder']
  filters: Record<string, Filter>
  hasPast: boolean
}

/** One key of a filter input. */
export interface Filter extends FilterSpec {
  type: TypeOption
  description: string
}

export interface TypeOptions<R extends Relations, T extends TableName<R>> {
  table: T
  description: string
  /** The prefix of its ids; the type is then a Node. */
  id?: string
  visible?: Visible<TableOf<R, T>>
  guards?: Record<string, { allows: Where<TableOf<R, T>>; missing: string; needs?: { what: string; where: string } }>
  authScopes?: object
  fields: (f: ReadFields<R, T>) => Fields
}

export interface ConnectionOptions<R extends Relations, T extends TableName<R>> {
  table: T
  /** A relation with the table's columns, where the edges are derived: short enough to be sorted when read. */
  relation?: Derived
  /** Its lists take `at`: as they were in the past. */
  hasPast?: boolean
  node: ReadType<string, string>
  /** The relation from the edge's row to the node; absent where the edge's row is the node's. */
  via?: RelationOf<R, T>
  visible?: Visible<TableOf<R, T>>
  orders: Record<string, ColumnOf<R, T>[]>
  defaultOrder: string
  defaultDirection?: Direction
  filters?: Record<string, Filter>
  fields?: (f: ReadFields<R, T>) => Fields
}

/** A type by reference, or a scalar by the name it has in the schema at hand. */
export type TypeOption = TypeParam<SchemaTypes> | 'DateTime' | 'Duration' | 'EmailAddress'

/** The fields one can declare on a type whose rows come from table `T`. */
export interface ReadFields<R extends Relations, T extends TableName<R>> {
  /** A column as it is. */
  column(column: ColumnOf<R, T>, options: Common & { type: TypeOption }): FieldRef<SchemaTypes>
  /** A value computed in the statement. Rows of other tables that it looks at are not restricted unless it restricts them. */
  expression(
    options: Common & {
      type: TypeOption
      args?: InputFieldMap
      nullable?: boolean
      sql: (row: TableOf<R, T>, caller: CallerScope, args: ArgumentScope) => SQL
    },
  ): FieldRef<SchemaTypes>
  /**
   * The row a relation points to. One that may be hidden is nullable, or `implied`: whoever sees this row sees that
   * one too. A wrong claim hides rows, it never shows them.
   */
  one(
    relation: RelationOf<R, T>,
    type: ReadType<string, string>,
    options: Common & { implied?: boolean; nullable?: boolean },
  ): FieldRef<SchemaTypes>
  /** One row found by a condition; null where there is none. */
  oneWhere<U extends TableName<R>>(
    type: ReadType<string, U>,
    options: Common & { on: (row: TableOf<R, T>, target: TableOf<R, U>, caller: CallerScope) => SQL | undefined },
  ): FieldRef<SchemaTypes>
  /** The same row as another type. */
  same(type: ReadType<string, T>, options: Common): FieldRef<SchemaTypes>
  /** All rows found by a condition: for what stays short. */
  many<U extends TableName<R>>(
    type: ReadType<string, U>,
    options: Common & {
      on: (row: TableOf<R, T>, target: TableOf<R, U>, caller: CallerScope) => SQL | undefined
      orderBy: ColumnOf<R, U>[]
    },
  ): FieldRef<SchemaTypes>
  /** The rows of a relation, paged. */
  connection<U extends TableName<R>>(
    relation: RelationOf<R, T>,
    connection: ReadConnection<U>,
    options: Common & { where?: Where<TableOf<R, U>> },
  ): FieldRef<SchemaTypes>
  /** An ordinary resolver over columns it names; they come along with the row. */
  resolved<C extends ColumnOf<R, T>, Value>(
    options: Common & {
      type: TypeOption | [TypeOption]
      nullable?: boolean
      needs: C[]
      resolve: (row: Record<C, unknown>, ctx: never, info: GraphQLResolveInfo) => Value
    },
  ): FieldRef<SchemaTypes>
}

export type ReadingOf = (ctx: never) => Reading

export type FieldBuilder = PothosSchemaTypes.RootFieldBuilder<SchemaTypes, Json>
export type Arg = FieldBuilder['arg']
