import { and, isNotNull, type SQL, sql } from 'drizzle-orm'
import {
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isNonNullType,
  type SelectionSetNode,
} from 'graphql'
import { argumentScope } from './arguments.ts'
import { collectFields, selectionsOf } from './collect.ts'
import type { Compilation } from './compilation.ts'
import { connectionSql } from './connection.ts'
import { cursorSql, guardedSql, leafSql, NotFinalError, requireScope } from './final.ts'
import { listWhere, orderColumns, orderSql } from './list.ts'
import { type FieldSpec, fieldSpec, type Link, type Objects, type Row, type TypeSpec, typeSpec } from './spec.ts'
import { buildObject, columnSql, instantSql, linkSql, literal, primaryKey, tableAs } from './sql.ts'

/** The row set from which an object is built. Its joins are collected here; below an outer join, all joins must be outer joins. */
export interface From {
  joins: SQL[]
  outer: boolean
  /** The row's cursor, where the object is an edge. */
  cursor?: SQL
  /** The time of a list of the past. */
  time?: SQL
}

/** The key of a guard's verdict beside the fields that it covers; no response name begins with `$`. */
export function guardKey(guard: string) {
  return `$may ${guard}`
}

/** The key of a column that an ordinary resolver needs. */
export function neededKey(column: string) {
  return `$needs ${column}`
}

/** Builds one row as a JSON object of the selected fields, by response name. */
export function objectSql(
  c: Compilation,
  type: GraphQLObjectType,
  row: Row,
  sets: readonly SelectionSetNode[],
  from: From,
): SQL {
  requireScope(c, typeSpec(type).scope)
  const pairs = new Map<string, SQL>()
  const guards = guardVerdicts(c, typeSpec(type), row, pairs)
  for (const [responseName, nodes] of collectFields(c, type, sets)) {
    const name = (nodes[0] as FieldNode).name.value
    const field = type.getFields()[name]
    const spec = field && fieldSpec(field)
    const verdict = spec?.guard ? guards(spec.guard) : undefined
    if (name === '__typename') addTypeName(c, type, responseName, pairs)
    else if (!spec || spec.kind === 'needs') addNeeded(c, row, spec?.columns ?? [], pairs)
    else {
      const value = fieldSql(c, field, spec, nodes, row, from)
      pairs.set(responseName, verdict ? guardedSql(c, value, verdict) : value)
    }
  }
  return buildObject([...pairs])
}

/** The executor knows the name of the type by itself. */
function addTypeName(c: Compilation, type: GraphQLObjectType, responseName: string, pairs: Map<string, SQL>) {
  if (c.isFinal) pairs.set(responseName, literal(type.name))
}

/** Adds the columns that an ordinary resolver needs. @throws NotFinalError */
function addNeeded(c: Compilation, row: Row, columns: string[], pairs: Map<string, SQL>) {
  if (c.isFinal) throw new NotFinalError()
  for (const column of columns) pairs.set(neededKey(column), columnSql(row, column))
}

function guardVerdicts(c: Compilation, spec: TypeSpec, row: Row, pairs: Map<string, SQL>) {
  const verdicts = new Map<string, SQL | undefined>()
  return (name: string) => {
    if (!verdicts.has(name)) {
      const guard = spec.guards[name]
      if (!guard) throw new Error(`There is no guard ${name}.`)
      const verdict = guard.allows(row, c.caller)
      const decided = verdict && sql`coalesce(${verdict}, false)`
      verdicts.set(name, decided)
      if (decided && !c.isFinal) pairs.set(guardKey(name), decided)
    }
    return verdicts.get(name)
  }
}

/** The value of one field, which is selected under a response name. */
export function fieldSql(
  c: Compilation,
  field: GraphQLField<unknown, unknown>,
  spec: FieldSpec,
  nodes: FieldNode[],
  row: Row,
  from: From,
): SQL {
  const node = nodes[0] as FieldNode
  const target = getNamedType(field.type) as GraphQLObjectType
  const sets = selectionsOf(nodes)
  switch (spec.kind) {
    case 'column':
      return leafSql(c, columnSql(row, spec.column), field.type)
    case 'expression':
      return leafSql(c, timeAsText(spec.sql(row, c.caller, argumentScope(c, field, node)), target.name), field.type)
    case 'objects':
      return objectsSql(c, target, spec.of(row, c.caller), sets)
    case 'absent':
      return sql`null`
    case 'cursor':
      if (!from.cursor) throw new Error('A cursor stands only on an edge.')
      return cursorSql(c, from.cursor)
    case 'same':
      return sameSql(c, target, isNonNullType(field.type), row, sets, from)
    case 'one':
      return oneSql(c, target, spec.link, isNonNullType(field.type), row, sets, from)
    case 'many':
      return manySql(c, target, spec, row, sets)
    case 'connection':
      return connectionSql(c, { field, node, type: target, list: spec.list, sets }, row)
    default:
      throw new Error(`${field.name}: a ${spec.kind} field can't stand here.`)
  }
}

/** Computed objects as JSON, with the fields that are selected. */
function objectsSql(
  c: Compilation,
  type: GraphQLObjectType,
  { from, orderBy, values }: Objects,
  sets: SelectionSetNode[],
) {
  const pairs = new Map<string, SQL>()
  for (const [responseName, [node]] of collectFields(c, type, sets)) {
    const name = node?.name.value ?? ''
    const [field, value] = [type.getFields()[name], values[name]]
    if (name !== '__typename' && !value) throw new Error(`${type.name}.${name} has no value.`)
    if (field && value)
      pairs.set(responseName, leafSql(c, timeAsText(value, getNamedType(field.type).name), field.type))
    else addTypeName(c, type, responseName, pairs)
  }
  return sql`(select coalesce(json_agg(${buildObject([...pairs])} order by ${orderBy}), '[]'::json) from ${from})`
}

/** The value of an expression; a time is written as the times of columns are. */
function timeAsText(value: SQL, typeName: string): SQL {
  return typeName === 'DateTime' ? instantSql(value) : value
}

/** The row itself as another type, which may hide it. A non-null field is the node of an edge, which is in the list only where it is visible. */
function sameSql(
  c: Compilation,
  type: GraphQLObjectType,
  required: boolean,
  row: Row,
  sets: SelectionSetNode[],
  from: From,
): SQL {
  const object = objectSql(c, type, row, sets, { joins: from.joins, outer: from.outer || !required, time: from.time })
  const visible = required ? undefined : typeSpec(type).visible?.(row, c.caller)
  return visible ? sql`case when ${visible} then ${object} end` : object
}

/** A row that this one points to. It is joined into the enclosing row set; it is null where it is hidden. */
function oneSql(
  c: Compilation,
  type: GraphQLObjectType,
  link: Link,
  required: boolean,
  row: Row,
  sets: SelectionSetNode[],
  from: From,
): SQL {
  const target = c.alias(typeSpec(type).table)
  const condition =
    and(linkSql(c, link, row, target), typeSpec(type).visible?.(target, c.caller, from.time)) ?? sql`true`
  const outer = from.outer || !required
  from.joins.push(sql`${sql.raw(outer ? 'left join' : 'join')} ${tableAs(c, type, target)} on ${condition}`)
  const below: From = { joins: [], outer, time: from.time }
  const object = objectSql(c, type, target, sets, below)
  from.joins.push(...below.joins)
  return outer ? sql`case when ${isNotNull(primaryKey(target))} then ${object} end` : object
}

/** The number of rows that a list without pages is assumed to have. */
const SHORT_LIST = 10

/** All rows that belong to this one. */
function manySql(
  c: Compilation,
  type: GraphQLObjectType,
  spec: Extract<FieldSpec, { kind: 'many' }>,
  row: Row,
  sets: SelectionSetNode[],
): SQL {
  const target = c.alias(typeSpec(type).table)
  const from: From = { joins: [], outer: false }
  const object = c.multiply(SHORT_LIST, () => objectSql(c, type, target, sets, from))
  const visible = typeSpec(type).visible?.(target, c.caller)
  const where = and(listWhere(c, spec.list, target, row, null), visible) ?? sql`true`
  const { name, direction } = spec.list.defaultOrder
  const order = orderSql(orderColumns(spec.list, name, target), direction)
  return sql`(select coalesce(json_agg(${object} order by ${order}), '[]'::json) from ${tableAs(c, type, target)} ${sql.join(from.joins, sql` `)} where ${where})`
}
