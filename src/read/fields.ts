/** The part of the read path that uses Pothos: fields that contain their spec and pick their value. */
import type { FieldRef, InputFieldMap, SchemaTypes } from '@pothos/core'
import { sql } from 'drizzle-orm'
import type { GraphQLResolveInfo } from 'graphql'
import type {
  Builder,
  Common,
  FieldBuilder,
  Json,
  ReadConnection,
  ReadType,
  Relations,
  TypeOption,
} from './declarations.ts'
import type { ListInputs } from './list-inputs.ts'
import { guardKey, neededKey } from './object.ts'
import { isOptional, linkOf } from './relations.ts'
import { pick, pickCursor } from './run.ts'
import type { FieldSpec, Link, ListSpec, Row, TypeSpec } from './spec.ts'
import { literal, primaryKey } from './sql.ts'

interface Declared extends Common {
  type: TypeOption | readonly TypeOption[]
  nullable?: boolean
  args?: InputFieldMap
}

/** Declares a field with its spec. Its value is in the parent's JSON; where its guard refuses it, the error is FORBIDDEN. */
export function declare(
  t: FieldBuilder,
  spec: FieldSpec,
  given: Declared,
  resolve: typeof pick = pick,
): FieldRef<SchemaTypes> {
  const { guard, ...options } = given
  return t.field({
    nullable: false,
    ...options,
    extensions: { read: guard ? { ...spec, guard } : spec },
    resolve: guard ? guarded(guard, resolve) : resolve,
  })
}

function guarded(guard: string, resolve: typeof pick): typeof pick {
  return (parent, args, ctx, info) => {
    if (parent[guardKey(guard)] === false) {
      throw (
        (info.parentType.extensions.read as TypeSpec).guards[guard]?.refusal() ??
        new Error(`There is no guard ${guard}.`)
      )
    }
    return resolve(parent, args, ctx, info)
  }
}

export function idField(t: FieldBuilder, prefix: string) {
  const spec: FieldSpec = { kind: 'expression', sql: (row) => sql`${literal(`${prefix}_`)} || ${primaryKey(row)}` }
  return declare(t, spec, { type: 'ID', description: 'The id for `node` and `nodes`; it is opaque and never reused.' })
}

export function part(t: FieldBuilder, type: unknown, description: string) {
  return t.field({ type, nullable: false, description, resolve: pick })
}

function isNullableColumn(table: Row, column: string) {
  return !table[column]?.notNull
}

export function createFields<R extends Relations>(t: FieldBuilder, relations: R, table: string, inputs: ListInputs) {
  const rows = relations[table]?.table as Row
  const nullableIf = (nullable: boolean, guard?: string) => nullable || guard !== undefined
  return {
    column: (column: string, given: Common & { type: TypeOption }) =>
      declare(
        t,
        { kind: 'column', column },
        { ...given, nullable: nullableIf(isNullableColumn(rows, column), given.guard) },
      ),
    expression: ({
      sql,
      nullable,
      ...given
    }: Common & { type: TypeOption | readonly TypeOption[]; nullable?: boolean; sql: never }) =>
      declare(t, { kind: 'expression', sql }, { ...given, nullable: nullableIf(nullable ?? false, given.guard) }),
    objects: ({ of, type, ...given }: Common & { type: TypeOption; of: never }) =>
      declare(t, { kind: 'objects', of }, { ...given, type: [type], nullable: nullableIf(false, given.guard) }),
    one(relation: string, target: ReadType<string, string>, given: Common & { implied?: boolean; nullable?: boolean }) {
      const { implied = false, nullable = isOptional(relations, table, relation), ...common } = given
      const spec: FieldSpec = { kind: 'one', link: linkOf(relations, table, relation), implied }
      return declare(t, spec, {
        ...common,
        type: target.ref,
        nullable: nullableIf(nullable, given.guard),
      })
    },
    absent: (type: TypeOption, description: string) =>
      declare(t, { kind: 'absent' }, { type, description, nullable: true }),
    oneWhere: (target: ReadType<string, string>, { on, ...given }: Common & { on: never }) =>
      declare(t, { kind: 'one', link: { on }, implied: false }, { ...given, type: target.ref, nullable: true }),
    same: (target: ReadType<string, string>, given: Common) =>
      declare(t, { kind: 'same' }, { ...given, type: target.ref, nullable: true }),
    many(target: ReadType<string, string>, { on, orderBy, ...given }: Common & { on: never; orderBy: string[] }) {
      const list: ListSpec = {
        link: { on },
        orders: { only: orderBy },
        defaultOrder: { name: 'only', direction: 'asc' },
        filters: {},
      }
      const type = [target.ref]
      return declare(t, { kind: 'many', list }, { ...given, type, nullable: nullableIf(false, given.guard) })
    },
    connection(
      relation: string | Condition,
      target: ReadConnection<string>,
      { where, ...given }: Common & { where?: never },
    ) {
      const link = typeof relation === 'string' ? linkOf(relations, table, relation) : { on: relation }
      const list = listOf(target, link, where)
      const args = inputs.args(t, target)
      const type = target.ref
      return declare(
        t,
        { kind: 'connection', list },
        { ...given, type, args, nullable: nullableIf(false, given.guard) },
      )
    },
    resolved({ needs, resolve, nullable, ...given }: Declared & { needs: string[]; resolve: Resolved }) {
      const read: typeof pick = (parent, _args, ctx, info) =>
        resolve(Object.fromEntries(needs.map((column) => [column, parent[neededKey(column)]])), ctx, info)
      return declare(
        t,
        { kind: 'needs', columns: needs },
        { ...given, nullable: nullableIf(nullable ?? false, given.guard) },
        read,
      )
    },
  }
}

type Condition = Extract<Link, { on: unknown }>['on']
type Resolved = (row: Json, ctx: unknown, info: GraphQLResolveInfo) => unknown

export function listOf(target: ReadConnection<string>, link: Link | null, where: ListSpec['where']): ListSpec {
  const { orders, defaultOrder, filters, hasPast } = target
  return { link, where, orders, defaultOrder, filters, hasPast }
}

/** Creates the type of `pageInfo`, which all connections share. */
export function createPageInfo(builder: Builder) {
  const ref = builder.objectRef<Json>('PageInfo')
  builder.objectType(ref, {
    description: 'The position of a page in its list.',
    extensions: { read: { kind: 'pageInfo' } },
    fields: (t: FieldBuilder) => ({
      hasNextPage: part(
        t,
        'Boolean',
        'Whether there are items after the page; with `last`, whether `before` was given.',
      ),
      hasPreviousPage: part(
        t,
        'Boolean',
        'Whether there are items before the page; with `first`, whether `after` was given.',
      ),
      startCursor: nullableCursor(t, 'The cursor of the first item; null where the page is empty.'),
      endCursor: nullableCursor(t, 'The cursor of the last item; null where the page is empty.'),
    }),
  })
  return ref
}

function nullableCursor(t: FieldBuilder, description: string) {
  return t.field({ type: 'String', nullable: true, description, resolve: pickCursor })
}
