/** Locks the rows of a mutation, all in one statement, in one order for all mutations. */
import { and, getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { readRows, type Transaction } from '../db/database.ts'
import { literal } from '../read/sql.ts'

/** CHANGE is for a row that is changed or loses something, SHARE for a row that must only continue to exist. */
export type LockMode = 'CHANGE' | 'SHARE'

export interface Lock {
  table: PgTable
  id: string
  mode: LockMode
  deleted: boolean
  /** What made it the row that was meant; it must still be so once the row is locked. */
  fits?: SQL
  /** Takes the row once it is locked; absent where it is not read. */
  take?: (row: object) => void
  /** Makes the error that is thrown where the row no longer exists once it is locked; null where that does not matter. */
  gone: (() => Error) | null
}

/** The tables in the order in which their rows are locked, so that no two mutations wait for each other. */
const LOCK_ORDER = ['organizations', 'users', 'roles', 'projects', 'controllers', 'models', 'api_keys', 'credentials']

/** The locks on one row: it may have been named several times. */
interface RowLock extends Pick<Lock, 'table' | 'id' | 'mode'> {
  key: string
  locks: Lock[]
}

/**
 * Locks the rows in order, and hands them out as they are then: they may have changed while this transaction waited. The arms
 * of a union are run one after the other. @throws the error of a lock whose row no longer exists
 */
export async function takeLocks(tx: Transaction, locks: Lock[]) {
  const ordered = inOrder(locks)
  if (ordered.length === 0) return
  const arms = ordered.map((lock, place) => sql`select ${literal(place)} as place, l.* from (${lockOf(lock)}) as l`)
  const found = await readRows<{ place: number; row: unknown[] | null }>(tx, sql.join(arms, sql` union all `))
  const rows = new Map(found.map(({ place, row }) => [place, row]))
  for (const [place, { table, locks: same }] of ordered.entries()) {
    const gone = same.find((lock) => lock.gone)?.gone
    if (!rows.has(place) && gone) throw gone()
    const row = rows.get(place)
    for (const { take } of same) if (row) take?.(decode(table, row))
  }
}

function inOrder(locks: Lock[]): RowLock[] {
  const byKey = Map.groupBy(locks, ({ table, id }) => `${LOCK_ORDER.indexOf(getTableName(table))} ${id}`)
  const rows = [...byKey].map(([key, same]): RowLock => {
    const [{ table, id }] = same as [Lock]
    return { key, table, id, mode: same.some(({ mode }) => mode === 'CHANGE') ? 'CHANGE' : 'SHARE', locks: same }
  })
  return rows.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** The statement that locks one row. `no key update` does not block the foreign keys that point to a row. */
function lockOf({ table, id, mode, locks }: RowLock): SQL {
  const isThere = locks.map(({ deleted }) => deletionOf(table, deleted))
  const where = and(sql`id = ${id}`, ...isThere, ...locks.map(({ fits }) => fits))
  const row = locks.some(({ take }) => take) ? sql`json_build_array(${encode(table)})` : sql`null::json`
  const lock = mode === 'CHANGE' ? sql`for no key update` : sql`for share`
  return sql`select ${row} as row from ${table} where ${where} ${lock}`
}

function deletionOf(table: PgTable, deleted: boolean): SQL | undefined {
  if (!('deletedAt' in table)) return undefined
  return deleted ? sql`deleted_at is not null` : sql`deleted_at is null`
}

function columnsOf(table: PgTable): [string, PgColumn][] {
  return Object.entries(getTableColumns(table) as Record<string, PgColumn>)
}

/** Types that JSON holds as Drizzle reads them. */
const AS_THEY_ARE = /^(uuid|text|boolean|integer|jsonb)/

/** The columns of a row as values that JSON can hold. @throws Error for a column of a type that it does not know */
function encode(table: PgTable): SQL {
  const values = columnsOf(table).map(([name, column]) => {
    if (isBytes(column)) return sql`encode(${column}, 'hex')`
    if (isTime(column)) return sql`${column}::text`
    if (!AS_THEY_ARE.test(column.getSQLType())) throw new Error(`No row with ${name} can be locked and read.`)
    return sql`${column}`
  })
  return sql.join(values, sql`, `)
}

/** The row as Drizzle reads it. */
function decode(table: PgTable, values: unknown[]): object {
  const read = (column: PgColumn, value: unknown) =>
    isBytes(column) && value !== null ? Buffer.from(String(value), 'hex') : value
  return Object.fromEntries(columnsOf(table).map(([name, column], n) => [name, read(column, values[n])]))
}

function isBytes(column: PgColumn): boolean {
  return column.getSQLType() === 'bytea'
}

function isTime(column: PgColumn): boolean {
  return column.getSQLType().startsWith('timestamp')
}
