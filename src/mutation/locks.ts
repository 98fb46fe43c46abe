/** Locks the rows of a mutation, in one order for all mutations. */
import { and, getTableName, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { callersStatement } from '../authority/caller-statement.ts'
import type { Transaction } from '../db/database.ts'
import { type Part, partOf, sqlOf } from '../db/rendered.ts'
import { literal } from '../read/sql.ts'
import { readRowJson, rowJson } from './row-json.ts'

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
const LOCK_ORDER = [
  'organizations',
  'users',
  'roles',
  'projects',
  'controllers',
  'models',
  'api_keys',
  'credentials',
  'sessions',
  'webhooks',
]

/** The locks on one row: it may have been named several times. */
interface RowLock extends Pick<Lock, 'table' | 'id' | 'mode'> {
  key: string
  locks: Lock[]
}

/** The rows that one statement locks. It has a text for each shape, so it must not have too many of them. */
const MOST_AT_ONCE = 8

/**
 * Locks the rows in order, and hands them out as they are then: they may have changed while this transaction waited.
 * @throws the error of a lock whose row no longer exists
 */
export async function takeLocks(tx: Transaction, locks: Lock[]) {
  const ordered = inOrder(locks)
  for (let from = 0; from < ordered.length; from += MOST_AT_ONCE)
    await takeNext(tx, ordered.slice(from, from + MOST_AT_ONCE))
}

async function takeNext(tx: Transaction, ordered: RowLock[]) {
  const found = await lockStatement(tx, ordered.map(partsOf))
  const rows = new Map(found.map(({ place, row }) => [place, row]))
  for (const [place, { table, locks: same }] of ordered.entries()) {
    const gone = same.find((lock) => lock.gone)?.gone
    if (!rows.has(place) && gone) throw gone()
    const row = rows.get(place)
    for (const { take } of same) if (row) take?.(readRowJson(table, row))
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

/** A lock as it is sent: everything but the id and the values of the conditions decides the text of the statement. */
interface LockParts {
  shape: string
  id: string
  fits: Part[]
  lock: RowLock
}

function partsOf(lock: RowLock): LockParts {
  const { table, id, mode, locks } = lock
  const fits = locks.flatMap((one) => (one.fits ? partOf(one.fits) : []))
  const deleted = locks.map((one) => one.deleted)
  const shape = [getTableName(table), mode, deleted, isRead(lock), ...fits.map(({ text }) => text)].join(' ')
  return { shape, id, fits, lock }
}

function isRead({ locks }: RowLock): boolean {
  return locks.some(({ take }) => take)
}

/** The arms of a union are run one after the other, so the rows are locked in this order. */
const lockStatement = callersStatement<LockParts[], { place: number; row: unknown[] | null }>({
  callersOf: () => [],
  shape: (locks) => locks.map(({ shape }) => shape).join('\n'),
  build(_callers, parameter, locks) {
    const arms = locks.map(({ lock, fits }, place) => {
      const id = parameter('uuid', (run) => run[place]?.id)
      const conditions = fits.map((part, which) =>
        sqlOf(part, (index) => parameter(null, (run) => run[place]?.fits[which]?.values[index])),
      )
      return sql`select ${literal(place)} as place, l.* from (${lockOf(lock, id, conditions)}) as l`
    })
    return sql.join(arms, sql` union all `)
  },
})

/** The statement that locks one row. `no key update` does not block the foreign keys that point to a row. */
function lockOf(lock: RowLock, id: SQL, fits: SQL[]): SQL {
  const { table, mode, locks } = lock
  const isThere = locks.map(({ deleted }) => deletionOf(table, deleted))
  const where = and(sql`id = ${id}`, ...isThere, ...fits)
  const row = isRead(lock) ? rowJson(table) : sql`null::json`
  const strength = mode === 'CHANGE' ? sql`for no key update` : sql`for share`
  return sql`select ${row} as row from ${table} where ${where} ${strength}`
}

function deletionOf(table: PgTable, deleted: boolean): SQL | undefined {
  if (!('deletedAt' in table)) return undefined
  return deleted ? sql`deleted_at is not null` : sql`deleted_at is null`
}
