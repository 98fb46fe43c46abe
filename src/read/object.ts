import { and, getTableColumns, isNotNull, type SQL, sql } from 'drizzle-orm'
import { getTableConfig, type PgColumn } from 'drizzle-orm/pg-core'
import {
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isNonNullType,
  type SelectionSetNode,
} from 'graphql'
import { argumentScope, NO_ARGUMENTS } from './arguments.ts'
import { collectFields, selectionsOf } from './collect.ts'
import type { Compilation } from './compilation.ts'
import { connectionSql } from './connection.ts'
import { listWhere, orderColumns, orderSql } from './list.ts'
import { type ArgumentScope, type FieldSpec, fieldSpec, type Link, type Row, type TypeSpec, typeSpec } from './spec.ts'

/** The row set an object is built from. Joins gather here; below an outer join everything must be one. */
export interface From {
  joins: SQL[]
  outer: boolean
  /** The row's cursor, where the object is an edge. */
  cursor?: SQL
  /** Of a list of the past: when. */
  time?: SQL
}

/** PostgreSQL takes 100 arguments, a name and a value each. */
const MAX_PAIRS = 50

/** The key under which a guard's verdict stands beside the fields it covers; no response name begins with `$`. */
export function guardKey(guard: string) {
  return `$may ${guard}`
}

/** The key of a column that an ordinary resolver needs. */
export function neededKey(column: string) {
  return `$needs ${column}`
}

/** One row as a JSON object of the selected fields, by response name. */
export function objectSql(
  c: Compilation,
  type: GraphQLObjectType,
  row: Row,
  sets: readonly SelectionSetNode[],
  from: From,
): SQL {
  const pairs = new Map<string, SQL>()
  const guards = guardVerdicts(c, typeSpec(type), row, pairs)
  for (const [responseName, nodes] of collectFields(c, type, sets)) {
    const field = type.getFields()[(nodes[0] as FieldNode).name.value]
    const spec = field && fieldSpec(field)
    if (!field || !spec) continue
    if (spec.kind === 'needs') {
      for (const column of spec.columns) pairs.set(neededKey(column), columnSql(row, column))
      if (spec.guard) guards(spec.guard)
      continue
    }
    const value = fieldSql(c, field, spec, nodes, row, from)
    const verdict = spec.guard ? guards(spec.guard) : undefined
    pairs.set(responseName, verdict ? sql`case when ${verdict} then ${value} end` : value)
  }
  return buildObject([...pairs])
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
      if (decided) pairs.set(guardKey(name), decided)
    }
    return verdicts.get(name)
  }
}

/** One field's value, selected under some response name. */
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
      return columnSql(row, spec.column)
    case 'expression':
      return spec.sql(row, c.caller, argumentScope(c, field, node))
    case 'cursor':
      if (!from.cursor) throw new Error('A cursor stands only on an edge.')
      return from.cursor
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

/** The row itself as another type, which may hide it; non-null is the node of an edge, in the list only where visible. */
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

/** A row that this one points to: joined into the enclosing row set; hidden is null. */
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

/** How many rows a list without pages is taken to have. */
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
  const where = listWhere(c, spec.list, type, target, row, null)
  const { name, direction } = spec.list.defaultOrder
  const order = orderSql(orderColumns(spec.list, name, target), direction)
  return sql`(select coalesce(json_agg(${object} order by ${order}), '[]'::json) from ${tableAs(c, type, target)} ${sql.join(from.joins, sql` `)} where ${where})`
}

export function linkSql(c: Compilation, link: Link, row: Row, target: Row): SQL | undefined {
  if ('on' in link) return link.on(row, target, c.caller)
  return and(...link.from.map((name, i) => sql`${target[link.to[i] as string]} = ${row[name]}`))
}

const NOW = sql`statement_timestamp()`

/** `"users" as "t3"`; what is computed as of a time. */
export function tableAs(
  c: Compilation,
  type: GraphQLObjectType,
  row: Row,
  time: SQL = NOW,
  args: ArgumentScope = NO_ARGUMENTS,
): SQL {
  const { table, relation } = typeSpec(type)
  if (relation) return sql`${relation(time, args, c.caller)} as ${row}`
  return sql`${sql.identifier(getTableConfig(table).name)} as ${row}`
}

/** The primary key column. @throws Error where the table has not exactly one. */
export function primaryKey(row: Row): PgColumn {
  const keys = Object.values(getTableColumns(row) as Record<string, PgColumn>).filter((column) => column.primary)
  const [key] = keys
  if (!key || keys.length > 1) throw new Error('A type of the read path needs a primary key of one column.')
  return key
}

/** A column as JSON: times as ISO text with milliseconds, numbers beyond a double's reach as text. */
export function columnSql(row: Row, name: string): SQL {
  const column = row[name]
  if (!column) throw new Error(`There is no column ${name}.`)
  const type = column.getSQLType()
  if (type.startsWith('timestamp')) return instantSql(sql`${column}`)
  if (type.startsWith('numeric') || type === 'bigint') return sql`${column}::text`
  return sql`${column}`
}

/** A time as ISO text in UTC with milliseconds, as JavaScript writes it. */
export function instantSql(value: SQL): SQL {
  return sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** A constant of the program inside the statement's text. */
export function literal(value: string | number | boolean): SQL {
  return sql`${value}`.inlineParams()
}

/** A JSON object of these names and values, in this order. */
export function buildObject(pairs: [string, SQL][]): SQL {
  const build = (some: [string, SQL][]) =>
    sql`json_build_object(${sql.join(
      some.map(([name, value]) => sql`${literal(name)}, ${value}`),
      sql`, `,
    )})`
  if (pairs.length <= MAX_PAIRS) return build(pairs)
  // Glued as text: json has no concatenation, and jsonb forgets the order.
  const head = build(pairs.slice(0, MAX_PAIRS))
  const tail = buildObject(pairs.slice(MAX_PAIRS))
  return sql`(left(${head}::text, -1) || ', ' || substr(${tail}::text, 2))::json`
}
