import { is } from 'drizzle-orm'
import { getTableConfig, IndexedColumn, type PgTable } from 'drizzle-orm/pg-core'

/** An index that can be scanned in order: its columns' names, null where one is an expression. */
interface Index {
  columns: (string | null)[]
  isUnique: boolean
}

/** All indexes of a table that hold every row, those of its constraints among them. */
export function indexesOf(table: PgTable): Index[] {
  const { columns, indexes, primaryKeys, uniqueConstraints } = getTableConfig(table)
  const names = (some: readonly { name: string }[]) => some.map((column) => column.name)
  return [
    ...columns.filter((column) => column.primary || column.isUnique).map(({ name }) => unique([name])),
    ...primaryKeys.map((key) => unique(names(key.columns))),
    ...uniqueConstraints.map((constraint) => unique(names(constraint.columns))),
    ...indexes
      .filter(({ config }) => isOrdered(config))
      .map(({ config }) => ({
        columns: config.columns.map((column) => ('name' in column ? String(column.name) : null)),
        isUnique: config.unique,
      })),
  ]
}

/** Is there an index that begins with these columns, in this order? */
export function hasIndex(table: PgTable, columns: string[]): boolean {
  return indexesOf(table).some((index) => columns.every((column, i) => index.columns[i] === column))
}

/** Do these columns together fit at most one row? */
export function isUniqueBy(table: PgTable, columns: string[]): boolean {
  return indexesOf(table).some(
    (index) => index.isUnique && index.columns.every((column) => column !== null && columns.includes(column)),
  )
}

function unique(columns: string[]): Index {
  return { columns, isUnique: true }
}

/** Holds every row, and all columns run the same way, so that one scan serves an order and its reverse. */
function isOrdered({
  where,
  method,
  columns,
}: ReturnType<typeof getTableConfig>['indexes'][number]['config']): boolean {
  const directions = new Set(
    columns.map((column) => (is(column, IndexedColumn) ? column.indexConfig.order : undefined) ?? 'asc'),
  )
  return !where && (method ?? 'btree') === 'btree' && directions.size === 1
}
