import { and, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { type FieldNode, type GraphQLField, type GraphQLObjectType, getNamedType } from 'graphql'
import { argumentScope, NO_ARGUMENTS } from './arguments.ts'
import type { Compilation } from './compilation.ts'
import { type Direction, fieldSpec, type ListSpec, type Row, typeSpec } from './spec.ts'
import { linkSql, primaryKey, tableAs } from './sql.ts'

/** The field of a list, for its arguments; null where it takes none. */
export interface ListField {
  field: GraphQLField<unknown, unknown>
  node: FieldNode
}

/** The condition for the rows of a list: they belong to the parent, and they fit the arguments. */
export function listWhere(
  c: Compilation,
  list: ListSpec,
  row: Row,
  parent: Row | null,
  at: ListField | null,
): SQL | undefined {
  const conditions: (SQL | undefined)[] = []
  if (list.link && parent) conditions.push(linkSql(c, list.link, parent, row))
  if (at) {
    const args = argumentScope(c, at.field, at.node)
    conditions.push(list.where?.(row, c.caller, args))
    for (const [name, filter] of Object.entries(list.filters)) {
      const path = `filter.${name}`
      if (args.has(path)) conditions.push(filter.where(row, args, path, c.caller))
    }
  } else {
    conditions.push(list.where?.(row, c.caller, NO_ARGUMENTS))
  }
  return and(...conditions)
}

/** The condition that the caller may see the node of an edge: other edges are not in the list, so that pages and counts agree. */
export function edgeNodeVisible(c: Compilation, edge: GraphQLObjectType, row: Row, time?: SQL): SQL | undefined {
  const implied = typeSpec(edge).impliesNode?.(c.caller, row) ?? false
  if (implied === true) return undefined
  const visible = nodeVisible(c, edge, row, time)
  return visible && implied ? or(implied, visible) : visible
}

function nodeVisible(c: Compilation, edge: GraphQLObjectType, row: Row, time?: SQL): SQL | undefined {
  const field = edge.getFields().node
  const spec = field && fieldSpec(field)
  if (!field || !spec) throw new Error(`${edge.name} has no node.`)
  const nodeType = getNamedType(field.type) as GraphQLObjectType
  if (spec.kind === 'same') return typeSpec(nodeType).visible?.(row, c.caller, time)
  if (spec.kind !== 'one') throw new Error(`${edge.name}.node can't be ${spec.kind}.`)
  const target = c.alias(typeSpec(nodeType).table)
  const visible = typeSpec(nodeType).visible?.(target, c.caller, time)
  if (!visible) return undefined
  const found = sql`from ${tableAs(c, nodeType, target)} where ${and(linkSql(c, spec.link, row, target), visible)}`
  // With a join, the planner may begin with the nodes and compute the derived rows again for each of them.
  return typeSpec(edge).relation ? sql`coalesce((select true ${found} limit 1), false)` : sql`exists (select ${found})`
}

/** Returns the columns of a named order, made unique by the primary key. @throws Error where there is no such order. */
export function orderColumns(list: ListSpec, name: string, row: Row): PgColumn[] {
  const order = list.orders[name]
  if (!order) throw new Error(`There is no order ${name}.`)
  const columns = order.map((column) => row[column] as PgColumn)
  const key = primaryKey(row)
  return columns.some((column) => column.name === key.name) ? columns : [...columns, key]
}

/** Writes an order like `"t1"."name" desc, "t1"."id" desc`. */
export function orderSql(columns: PgColumn[], direction: Direction): SQL {
  return sql.join(
    columns.map((column) => sql`${column} ${sql.raw(direction)}`),
    sql`, `,
  )
}
