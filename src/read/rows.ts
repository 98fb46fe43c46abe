/** The rows of a list: those of a page, in the order of the list, and how many there are. */
import { and, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { FieldNode, GraphQLField, GraphQLObjectType, SelectionSetNode } from 'graphql'
import { readPath } from './arguments.ts'
import { type Compilation, type Env, numberOf } from './compilation.ts'
import { decodeCursor } from './cursor.ts'
import { edgeNodeVisible, listWhere, orderColumns, orderSql } from './list.ts'
import type { Page } from './page.ts'
import { type ArgumentScope, type Direction, type ListSpec, type Row, typeSpec } from './spec.ts'
import { fixedBy, literal, rowsAs } from './sql.ts'

/** A connection field as selected in a document. */
export interface Selected {
  field: GraphQLField<unknown, unknown>
  node: FieldNode
  type: GraphQLObjectType
  list: ListSpec
  sets: SelectionSetNode[]
}

export interface Order {
  name: string
  direction: Direction
}

/** A list, as it is read. */
export interface Listed {
  c: Compilation
  selected: Selected
  page: Page
  order: Order
  /** The time that is asked about; undefined is now. */
  time: SQL | undefined
  args: ArgumentScope
  /** The edge type, whose rows are paged. */
  edge: GraphQLObjectType
}

/** The rows of a page and one more, with their places in "$n", counted in the direction of the scan. */
export function pageRows(list: Listed, parent: Row | null): SQL {
  const { c, selected, page, edge, order } = list
  const row = c.alias(typeSpec(edge).table)
  const columns = orderColumns(selected.list, order.name, row)
  const ascending = (order.direction === 'asc') !== page.backward
  const scan = orderSql(columns, ascending ? 'asc' : 'desc')
  const within =
    and(
      belongsSql(list, row, parent),
      page.hasAfter ? beyond(c, selected, 'after', order, columns) : undefined,
      page.hasBefore ? beyond(c, selected, 'before', order, columns) : undefined,
    ) ?? sql`true`
  const first = sql`order by ${scan} limit ${literal(page.limit + 1)}`
  const arms = armsOf(list, row, parent).map((arm) => visibleRows(list, row, arm, within, sql`order by ${scan}`))
  // Each arm is read in the order of an index, and no further than the page.
  const firstOfEach = () => unionAll(arms.map((arm) => sql`(select ${row}.* from ${arm} ${first})`))
  const found = arms.length === 1 ? arms[0] : sql`(${firstOfEach()}) as ${row}`
  return sql`select ${row}.*, row_number() over (order by ${scan}) as "$n" from ${found} ${first}`
}

/** The number of rows up to which a derived list is counted: to count it is to compute it. */
export const MOST_COUNTED = 10_000

/** The relation counted(items), of one row. */
export function countOf(list: Listed, parent: Row | null): SQL {
  const row = list.c.alias(typeSpec(list.edge).table)
  const within = belongsSql(list, row, parent) ?? sql`true`
  const arms = armsOf(list, row, parent).map((arm) => visibleRows(list, row, arm, within))
  if (!isDerived(list)) return sql`(select count(*)::int as items from ${arms[0]}) as counted`
  const rows = unionAll(arms.map((arm) => sql`select from ${arm}`))
  // Materialized, the rows are planned as if all were read, and read one by one all the same.
  return sql`(with found as materialized (${rows})
    select count(*)::int as items from (select from found limit ${literal(MOST_COUNTED)}) as first) as counted`
}

export function isDerived({ edge }: Listed): boolean {
  return typeSpec(edge).relation !== undefined
}

function unionAll(arms: SQL[]): SQL {
  return sql.join(arms, sql` union all `)
}

/** The table of the list, or the arms of its relation. */
function armsOf({ c, selected, edge, time, args }: Listed, row: Row, parent: Row | null): SQL[] {
  return rowsAs(c, edge, row, { time, args, fixed: fixedBy(selected.list.link, parent) })
}

/** Those rows of an arm that are within the list, and that the caller may see. */
function visibleRows(list: Listed, row: Row, arm: SQL, within: SQL, order: SQL = sql``): SQL {
  const visible = visibleSql(list, row) ?? sql`true`
  if (!typeSpec(list.edge).isVisibilityDear) return sql`${arm} where ${within} and ${visible}`
  return sql`(select ${row}.* from ${arm} where ${within} ${order} offset 0) as ${row} where ${visible}`
}

/** The condition for the rows of the whole list, from which a page is taken and which `totalCount` counts. */
function belongsSql({ c, selected }: Listed, row: Row, parent: Row | null): SQL | undefined {
  return listWhere(c, selected.list, row, parent, selected)
}

/** The condition for those of them that the caller may see. */
function visibleSql({ c, edge, time }: Listed, row: Row): SQL | undefined {
  return and(typeSpec(edge).visible?.(row, c.caller, time), edgeNodeVisible(c, edge, row, time))
}

/** The part of a cursor that names its order, so that it is not used as a position in another order. */
export function orderTag(order: Order) {
  return `${order.name} ${order.direction}`
}

/** The condition for the rows after or before a cursor, in the list's order. */
function beyond(
  c: Compilation,
  { field, node }: Selected,
  argument: 'after' | 'before',
  order: Order,
  columns: PgColumn[],
): SQL {
  const types = columns.map((column) => column.getSQLType().replace(/ collate.*/, ''))
  const keysOf = (env: Env) =>
    decodeCursor(argument, String(readPath(field, node, argument, env)), orderTag(order), types)
  const keys = types.map((type, i) =>
    c.slot(`cursor ${numberOf(node)} ${argument} ${i} ${orderTag(order)}`, type, (env) => keysOf(env)[i]),
  )
  const comparison = sql.raw((argument === 'after') === (order.direction === 'asc') ? '>' : '<')
  return sql`(${sql.join(columns, sql`, `)}) ${comparison} (${sql.join(keys, sql`, `)})`
}
