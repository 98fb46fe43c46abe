/** The types of the declarations that say how types, fields and lists are read from the database. */
import type { FieldRef, InputFieldMap, ObjectRef, SchemaTypes } from '@pothos/core'
import type { SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { GraphQLResolveInfo } from 'graphql'
import type { Compiled } from './run.ts'
import type {
  ArgumentScope,
  CallerScope,
  Derived,
  Direction,
  FilterSpec,
  ListSpec,
  Objects,
  Visibility,
} from './spec.ts'

/** The shape of the result of Drizzle's `defineRelations`. */
export type Relations = Record<string, { table: PgTable; relations: Record<string, unknown> }>
export type Fields = Record<string, FieldRef<SchemaTypes>>
export type Json = Record<string, unknown>

/** Pothos' builder as the read path uses it. The types of the schema are not known here, so options are not typed by them. */
export interface Builder {
  objectRef<T>(name: string): ObjectRef<SchemaTypes, T>
  objectType(ref: ObjectRef<SchemaTypes, unknown>, options: ObjectOptions): void
  objectFields(ref: ObjectRef<SchemaTypes, unknown>, fields: (t: FieldBuilder) => Fields): void
  queryField(name: string, field: (t: FieldBuilder) => FieldRef<SchemaTypes>): void
  enumType(name: string, options: object): TypeReference
  inputType(name: string, options: { description: string; fields: (t: InputBuilder) => InputFieldMap }): TypeReference
}

interface ObjectOptions {
  description: string
  extensions?: object
  interfaces?: unknown[]
  authScopes?: object
  fields: (t: FieldBuilder) => Fields
}

export interface FieldBuilder {
  field(options: object): FieldRef<SchemaTypes>
  arg: Arg
}

interface InputBuilder {
  field(options: object): InputFieldMap[string]
  string(options: object): InputFieldMap[string]
  stringList(options: object): InputFieldMap[string]
}

/** Declares an argument. */
export interface Arg extends InputBuilder {
  (options: object): InputFieldMap[string]
  id(options: object): InputFieldMap[string]
  int(options: object): InputFieldMap[string]
}

export type TableName<R extends Relations> = keyof R & string
export type TableOf<R extends Relations, T extends TableName<R>> = R[T]['table']
export type ColumnOf<R extends Relations, T extends TableName<R>> = keyof R[T]['table']['_']['columns'] & string
export type RelationOf<R extends Relations, T extends TableName<R>> = keyof R[T]['relations'] & string

export type Where<Table> = (row: Table, caller: CallerScope) => SQL | undefined
/** The visibility of a type: see `Visibility`. */
type Visible<Table> = (row: Table, caller: CallerScope, time?: SQL) => SQL | undefined

export interface Common {
  description: string
  /** The name of a guard of the type; where the guard does not allow the field, it is null with the error FORBIDDEN. */
  guard?: string
  deprecationReason?: string
}

/** A declared type and the table that its rows come from. */
export interface ReadType<Name extends string, T extends string> {
  name: Name
  table: T
  ref: ObjectRef<SchemaTypes, Compiled<Name>>
  visible: Visibility | undefined
}

/** A declared connection, and the orders and filters of its lists. */
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
  /** The prefix of its ids; where it is given, the type is a Node. */
  id?: string
  visible?: Visible<TableOf<R, T>>
  guards?: Record<string, { allows: Where<TableOf<R, T>>; refusal: () => Error }>
  authScopes?: object
  /** The interfaces that it implements, beside Node. */
  interfaces?: TypeReference[]
  fields: (f: ReadFields<R, T>) => Fields
}

export interface ConnectionOptions<R extends Relations, T extends TableName<R>> {
  table: T
  /** A relation with the table's columns, where the edges are derived; it must be short enough to be sorted when it is read. */
  relation?: Derived
  /** True where its lists take the argument `at`, which reads them as they were in the past. */
  hasPast?: boolean
  node: ReadType<string, string>
  /** The relation from the edge's row to the node; absent where the edge and the node are the same row. */
  via?: RelationOf<R, T>
  visible?: Visible<TableOf<R, T>>
  /**
   * True where to ask whether an edge is visible costs much, or says little of how many are: a page asks it in order, and only
   * as far as it needs.
   */
  isVisibilityDear?: boolean
  /**
   * Where the caller, who sees the edge, also sees its node: in all rows, in none, or in some. A wrong `impliesNode` makes
   * counts too high; it never shows a node.
   */
  impliesNode?: (caller: CallerScope, row: TableOf<R, T>) => boolean | SQL
  orders: Record<string, ColumnOf<R, T>[]>
  defaultOrder: string
  defaultDirection?: Direction
  filters?: Record<string, Filter>
  /** The interfaces that its edges implement. */
  interfaces?: TypeReference[]
  fields?: (f: ReadFields<R, T>) => Fields
}

/** A type by reference, or a scalar by the name that it has in the schema. */
export type TypeOption = string | TypeReference

/** A reference to a type of whatever schema the declarations are for. */
interface TypeReference {
  readonly kind: string
  readonly name: string
}

/** The fields that can be declared on a type whose rows come from table `T`. */
export interface ReadFields<R extends Relations, T extends TableName<R>> {
  /** A column with its unchanged value. */
  column(column: ColumnOf<R, T>, options: Common & { type: TypeOption }): FieldRef<SchemaTypes>
  /** A value that is computed in the statement. Rows of other tables that it reads are not restricted unless it restricts them itself. */
  expression(
    options: Common & {
      type: TypeOption | readonly TypeOption[]
      args?: InputFieldMap
      nullable?: boolean
      sql: (row: TableOf<R, T>, caller: CallerScope, args: ArgumentScope) => SQL
    },
  ): FieldRef<SchemaTypes>
  /** Objects that are computed in the statement, of a type without rows of its own. What they read is restricted by themselves. */
  objects(
    options: Common & { type: TypeOption; of: (row: TableOf<R, T>, caller: CallerScope) => Objects },
  ): FieldRef<SchemaTypes>
  /**
   * The row that a relation points to. Where that row may be hidden, the field is nullable, or `implied`: a caller who
   * sees this row also sees that one. A wrong `implied` hides rows; it never shows them.
   */
  one(
    relation: RelationOf<R, T>,
    type: ReadType<string, string>,
    options: Common & { implied?: boolean; nullable?: boolean },
  ): FieldRef<SchemaTypes>
  /** One row that a condition finds; null where there is none. */
  oneWhere<U extends TableName<R>>(
    type: ReadType<string, U>,
    options: Common & { on: (row: TableOf<R, T>, target: TableOf<R, U>, caller: CallerScope) => SQL | undefined },
  ): FieldRef<SchemaTypes>
  /** A field of an interface that these rows do not have: it is always null. */
  absent(type: TypeOption, description: string): FieldRef<SchemaTypes>
  /** The same row as another type. */
  same(type: ReadType<string, T>, options: Common): FieldRef<SchemaTypes>
  /** All rows that a condition finds, without pages; it is for lists that stay short. */
  many<U extends TableName<R>>(
    type: ReadType<string, U>,
    options: Common & {
      on: (row: TableOf<R, T>, target: TableOf<R, U>, caller: CallerScope) => SQL | undefined
      orderBy: ColumnOf<R, U>[]
    },
  ): FieldRef<SchemaTypes>
  /** The rows of a relation, or all that a condition finds, in pages. */
  connection<U extends TableName<R>>(
    relation: RelationOf<R, T> | ((row: TableOf<R, T>, target: TableOf<R, U>, caller: CallerScope) => SQL | undefined),
    connection: ReadConnection<U>,
    options: Common & { where?: Where<TableOf<R, U>> },
  ): FieldRef<SchemaTypes>
  /** An ordinary resolver over columns that it names; they are read with the row. */
  resolved<C extends ColumnOf<R, T>, Value>(
    options: Common & {
      type: TypeOption | readonly TypeOption[]
      nullable?: boolean
      needs: C[]
      resolve(row: Record<C, unknown>, ctx: unknown, info: GraphQLResolveInfo): Value
    },
  ): FieldRef<SchemaTypes>
}
