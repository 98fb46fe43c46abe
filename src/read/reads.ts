import type { InputFieldMap } from '@pothos/core'
import type { SQL } from 'drizzle-orm'
import type { GraphQLResolveInfo } from 'graphql'
import type {
  Arg,
  Builder,
  ConnectionOptions,
  FieldBuilder,
  Fields,
  Json,
  ReadConnection,
  ReadFields,
  ReadType,
  Relations,
  TableName,
  TableOf,
  TypeOption,
  TypeOptions,
} from './declarations.ts'
import { createFields, createPageInfo, declare, idField, listOf, part } from './fields.ts'
import { createListInputs } from './list-inputs.ts'
import { linkOf } from './relations.ts'
import { type Compiled, pickCursor, type Reading, readRoot } from './run.ts'
import type { ArgumentScope, BeforeRead, CallerFlag, CallerScope, FieldSpec, Guard, Row, TypeSpec } from './spec.ts'

interface ReadOptions {
  readingOf(ctx: unknown): Reading
  dateTime: TypeOption
  node?: TypeOption
  /** Returns whether a caller is in the scopes of a type or a field. */
  scopeFlag?(authScopes: object): CallerFlag
}

const CURSOR = 'The position of this item in the list, for the arguments `after` and `before`.'

/** Creates the declarations for one schema, over one set of tables. `readingOf` returns what reading needs from the context. */
export function createReads<R extends Relations>(builder: Builder, relations: R, options: ReadOptions) {
  const inputs = createListInputs(builder, options.dateTime)
  const pageInfo = createPageInfo(builder)
  // Tables and columns are checked where a type is declared; here they are only names.
  const fieldsOf = <T extends TableName<R>>(t: FieldBuilder, table: string) =>
    createFields(t, relations, table, inputs) as unknown as ReadFields<R, T>

  function type<Name extends string, T extends TableName<R>>(name: Name, given: TypeOptions<R, T>): ReadType<Name, T> {
    const table = relations[given.table]?.table as Row
    const ref = builder.objectRef<Compiled<Name>>(name)
    const spec: TypeSpec = {
      kind: 'type',
      table,
      visible: given.visible as TypeSpec['visible'],
      guards: (given.guards ?? {}) as unknown as Record<string, Guard>,
      ...(given.id ? { idPrefix: given.id } : {}),
      ...scopeOf(given),
    }
    builder.objectType(ref, {
      description: given.description,
      extensions: { read: spec },
      interfaces: [...(given.id && options.node ? [options.node] : []), ...(given.interfaces ?? [])],
      ...(given.authScopes ? { authScopes: given.authScopes } : {}),
      fields: (t) => ({
        ...(given.id ? { id: idField(t, given.id) } : {}),
        ...given.fields(fieldsOf(t, given.table)),
      }),
    })
    return { name, table: given.table, ref, visible: spec.visible }
  }

  /** Adds fields to a type that was declared in an earlier file. */
  function extend<T extends TableName<R>>(target: ReadType<string, T>, fields: (f: ReadFields<R, T>) => Fields) {
    builder.objectFields(target.ref, (t) => fields(fieldsOf(t, target.table)))
  }

  function connection<T extends TableName<R>>(name: string, given: ConnectionOptions<R, T>): ReadConnection<T> {
    const table = relations[given.table]?.table as Row
    const edge = builder.objectRef<Json>(`${name}Edge`)
    const edgeSpec: TypeSpec = { kind: 'type', table, visible: given.visible as TypeSpec['visible'], guards: {} }
    if (given.relation) edgeSpec.relation = given.relation
    if (given.isVisibilityDear) edgeSpec.isVisibilityDear = true
    if (given.impliesNode) edgeSpec.impliesNode = given.impliesNode as TypeSpec['impliesNode']
    builder.objectType(edge, {
      description: `One item of a \`${name}Connection\`, with the fields of the relation itself.`,
      extensions: { read: edgeSpec },
      interfaces: given.interfaces ?? [],
      fields: (t) => ({
        cursor: declare(t, { kind: 'cursor' }, { type: 'String', description: CURSOR }, pickCursor),
        node: declare(
          t,
          given.via
            ? { kind: 'one', link: linkOf(relations, given.table, given.via), implied: true }
            : { kind: 'same' },
          { type: given.node.ref, description: 'The item itself.' },
        ),
        ...given.fields?.(fieldsOf(t, given.table)),
      }),
    })
    const ref = builder.objectRef<Json>(`${name}Connection`)
    builder.objectType(ref, {
      description: `A page of a list, and the total count of the list.`,
      extensions: { read: { kind: 'connectionType' } },
      fields: (t) => ({
        edges: part(t, [edge], 'The items of the page with their cursors.'),
        nodes: part(t, [given.node.ref], 'The items of the page.'),
        pageInfo: part(t, pageInfo, 'The position of the page in the list.'),
        totalCount: part(
          t,
          'Int',
          'The number of items in the whole list that the caller may see; counted only where selected.',
        ),
        isTotalCountExact: part(
          t,
          'Boolean',
          'Whether `totalCount` is the exact number. A list of what follows from grants is counted up to 10,000 items, and has at least as many where this is false.',
        ),
      }),
    })
    inputs.define(name, orderTexts(table, given.orders), given.filters ?? {})
    return {
      name,
      table: given.table,
      ref,
      orders: given.orders,
      defaultOrder: { name: given.defaultOrder, direction: given.defaultDirection ?? 'asc' },
      filters: given.filters ?? {},
      hasPast: given.hasPast ?? false,
    }
  }

  /** Declares a root field that finds one row; it is null where the row is hidden or missing. */
  function queryOne<T extends TableName<R>>(
    name: string,
    target: ReadType<string, T>,
    given: {
      description: string
      args?: (arg: Arg) => InputFieldMap
      authScopes?: object
      /** A function that runs before anything is read; it refuses the field by throwing. */
      before?: BeforeRead
      where: (row: TableOf<R, T>, caller: CallerScope, args: ArgumentScope) => SQL | undefined
    },
  ) {
    const { where, before } = given
    const spec = { kind: 'rootOne', where, before, ...scopeOf(given) } as unknown as FieldSpec
    builder.queryField(name, (t) =>
      t.field({
        type: target.ref,
        nullable: true,
        description: given.description,
        args: given.args?.(t.arg) ?? {},
        ...(given.authScopes ? { authScopes: given.authScopes } : {}),
        extensions: { read: spec },
        resolve(_root: unknown, args: unknown, ctx: unknown, info: GraphQLResolveInfo) {
          before?.(ctx, args, info)
          return resolveRoot(ctx, info)
        },
      }),
    )
  }

  /** Declares a root field that lists rows in pages. */
  function queryConnection<T extends TableName<R>>(
    name: string,
    target: ReadConnection<T>,
    given: {
      description: string
      authScopes?: object
      /** Additional arguments, for the relation. */
      args?: (arg: Arg) => InputFieldMap
      /** A function that runs before anything is read; it refuses the field by throwing. */
      before?: BeforeRead
      where?: (row: TableOf<R, T>, caller: CallerScope, args: ArgumentScope) => SQL | undefined
    },
  ) {
    const list = listOf(target, null, given.where as never)
    const { before } = given
    const spec: FieldSpec = { kind: 'rootConnection', list, ...(before && { before }), ...scopeOf(given) }
    builder.queryField(name, (t) =>
      t.field({
        type: target.ref,
        nullable: true,
        description: given.description,
        args: { ...given.args?.(t.arg), ...inputs.args(t, target) },
        ...(given.authScopes ? { authScopes: given.authScopes } : {}),
        extensions: { read: spec },
        resolve(_root: unknown, args: unknown, ctx: unknown, info: GraphQLResolveInfo) {
          before?.(ctx, args, info)
          return resolveRoot(ctx, info)
        },
      }),
    )
  }

  function scopeOf({ authScopes }: { authScopes?: object }): { scope?: CallerFlag } {
    return authScopes && options.scopeFlag ? { scope: options.scopeFlag(authScopes) } : {}
  }

  function resolveRoot(ctx: unknown, info: GraphQLResolveInfo) {
    return readRoot(options.readingOf(ctx), info)
  }

  return { type, extend, connection, queryOne, queryConnection }
}

/** Describes each order, by the kind of its first column. */
function orderTexts(table: Row, orders: Record<string, string[]>): Record<string, string> {
  const isTime = (column: string | undefined) => table[column ?? '']?.getSQLType().startsWith('timestamp')
  return Object.fromEntries(
    Object.entries(orders).map(([order, [first]]) => [
      order,
      isTime(first) ? 'The order of time: ascending, oldest first.' : 'The alphabetical order: ascending, A first.',
    ]),
  )
}
