import { and, getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm'
import { alias, type PgColumn, type PgTable } from 'drizzle-orm/pg-core'
import type { GraphQLObjectType } from 'graphql'
import { NO_ARGUMENTS } from './arguments.ts'
import type { Compilation } from './compilation.ts'
import { type ArgumentScope, type FixedValues, type Link, type Row, typeSpec } from './spec.ts'

/** The maximum number of pairs: a PostgreSQL function takes at most 100 arguments, and each pair is two of them. */
export const MAX_PAIRS = 50

export function linkSql(c: Compilation, link: Link, row: Row, target: Row): SQL | undefined {
  if ('on' in link) return link.on(row, target, c.caller)
  return and(...link.from.map((name, i) => sql`${target[link.to[i] as string]} = ${row[name]}`))
}

/** The values that a link fixes in the columns of its target, by the row that it comes from. */
export function fixedBy(link: Link | null, row: Row | null): FixedValues {
  return (column) => {
    if (link === null || row === null || 'on' in link) return undefined
    const from = link.from[link.to.indexOf(column)]
    return from === undefined ? undefined : sql`${row[from]}`
  }
}

export const NOW = sql`statement_timestamp()`

/** Returns a table under another name, with its columns by name. */
export function rowAs(table: PgTable, name: string): Row {
  return rowOf(alias(table, name))
}

/** Returns a table with its columns by name. */
export function rowOf(table: PgTable): Row {
  return table as unknown as Row
}

/** Writes `"users" as "t3"`, or a derived relation as of a time. */
export function tableAs(c: Compilation, type: GraphQLObjectType, row: Row): SQL {
  const [rows, ...more] = rowsAs(c, type, row)
  if (!rows || more.length > 0) throw new Error(`${type.name} has several arms, which only a list can read.`)
  return rows
}

/** What a derived relation of a list depends on. */
interface DerivedFor {
  time?: SQL | undefined
  args?: ArgumentScope
  fixed?: FixedValues
}

/** The same for a list: a derived relation can have several arms, whose rows together are its own. */
export function rowsAs(
  c: Compilation,
  type: GraphQLObjectType,
  row: Row,
  { time = NOW, args = NO_ARGUMENTS, fixed = () => undefined }: DerivedFor = {},
): SQL[] {
  const { table, relation } = typeSpec(type)
  if (!relation) return [sql`${sql.identifier(getTableName(table))} as ${row}`]
  return [relation(time, args, c.caller, fixed)].flat().map((arm) => sql`${arm} as ${row}`)
}

/** Returns the primary key column. @throws Error where the table does not have exactly one. */
export function primaryKey(row: Row): PgColumn {
  const keys = Object.values(getTableColumns(row) as Record<string, PgColumn>).filter((column) => column.primary)
  const [key] = keys
  if (!key || keys.length > 1) throw new Error('A type of the read path needs a primary key of one column.')
  return key
}

/** A column as JSON: times are ISO text with milliseconds, and numbers that a double cannot represent are text. */
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
  // The parts are joined as text: json has no concatenation, and jsonb does not keep the order.
  const head = build(pairs.slice(0, MAX_PAIRS))
  const tail = buildObject(pairs.slice(MAX_PAIRS))
  return sql`(left(${head}::text, -1) || ', ' || substr(${tail}::text, 2))::json`
}
