/** Rows as JSON: a statement can then answer rows of several tables. */
import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'

function columnsOf(table: PgTable): [string, PgColumn][] {
  return Object.entries(getTableColumns(table) as Record<string, PgColumn>)
}

/** Types that JSON holds as Drizzle reads them. */
const AS_THEY_ARE = /^(uuid|text|boolean|integer|jsonb)/

/** A row as JSON that holds the values of its columns in their order. @throws Error for a column of a type that it does not know */
export function rowJson(table: PgTable): SQL {
  const values = columnsOf(table).map(([name, column]) => {
    if (isBytes(column)) return sql`encode(${column}, 'hex')`
    if (isTime(column) || isWhole(column)) return sql`${column}::text`
    if (!AS_THEY_ARE.test(column.getSQLType())) throw new Error(`No row with ${name} can be locked and read.`)
    return sql`${column}`
  })
  return sql`json_build_array(${sql.join(values, sql`, `)})`
}

/** The row as Drizzle reads it. */
export function readRowJson(table: PgTable, values: unknown[]): object {
  const read = (column: PgColumn, value: unknown) => {
    if (value === null) return null
    if (isWhole(column)) return BigInt(String(value))
    return isBytes(column) ? Buffer.from(String(value), 'hex') : value
  }
  return Object.fromEntries(columnsOf(table).map(([name, column], n) => [name, read(column, values[n])]))
}

function isBytes(column: PgColumn): boolean {
  return column.getSQLType() === 'bytea'
}

/** JSON holds no number of 64 bits exactly. */
function isWhole(column: PgColumn): boolean {
  return column.getSQLType() === 'bigint'
}

function isTime(column: PgColumn): boolean {
  return column.getSQLType().startsWith('timestamp')
}
