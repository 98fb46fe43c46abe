/** The things an input names: found as the caller sees them, then locked in one fixed order. */
import { and, type InferSelectModel, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { getTableConfig } from 'drizzle-orm/pg-core'
import type { Transaction } from '../db/database.ts'
import { users } from '../db/tables.ts'
import { CallerEndedError, NotFoundError } from '../errors.ts'
import type { CallerScope, Row, Visibility } from '../read/spec.ts'
import { type Caller, readCallerOf } from './caller.ts'

/** CHANGE for what is changed or loses something, SHARE for what must only stay. */
type LockMode = 'CHANGE' | 'SHARE'

interface Lock {
  table: PgTable
  id: string
  mode: LockMode
  deleted: boolean
  /** What to throw where the row is gone by the time it is locked. */
  gone(): Error
}

/** Finds things within one mutation and remembers what is to be locked. */
export interface Finder {
  tx: Transaction
  caller: Caller
  scope: CallerScope
  locks: Lock[]
  /** Questions that can only be answered once everything is locked. */
  afterLock: (() => Promise<void>)[]
}

export function createFinder(tx: Transaction, caller: Caller): Finder {
  return { tx, caller, scope: immediateScope(caller), locks: [], afterLock: [] }
}

/** The caller's flags and parameters as values of this one statement. */
export function immediateScope(caller: Caller): CallerScope {
  const read = readCallerOf(caller)
  return {
    flag: (name) => read.flag(name),
    param: (name, sqlType) => sql`${sql.param(read.param(name))}::${sql.raw(sqlType)}`,
  }
}

type Named = PgTable & { id: PgColumn }

interface Wanted {
  /** Where in the input it was named. */
  path: string
  /** How to call it in the error, like `The user "bob"`. */
  what: string
  lock: LockMode
  /** Look among the deleted instead. */
  deleted?: boolean
}

/**
 * The one visible row of a table that fits. Hidden and missing are the same. @throws NotFoundError
 */
export async function findRow<T extends Named>(
  finder: Finder,
  table: T,
  visible: Visibility | undefined,
  fits: SQL,
  wanted: Wanted,
): Promise<InferSelectModel<T>> {
  const { tx, scope, locks } = finder
  const [row] = await tx
    .select()
    .from(table as PgTable)
    .where(and(fits, visible?.(table as unknown as Row, scope)))
    .limit(1)
  const gone = () => new NotFoundError(wanted.path, wanted.what)
  if (!row) throw gone()
  locks.push({ table, id: String(row.id), mode: wanted.lock, deleted: wanted.deleted ?? false, gone })
  return row as InferSelectModel<T>
}

/** Tables in the order in which their rows are locked, so that no two mutations wait for each other. */
const LOCK_ORDER = ['organizations', 'users', 'roles', 'projects', 'api_keys']

/**
 * Locks the caller's row and everything found, and makes sure that it is still there. `no key update` leaves room for
 * the foreign keys that point to a row. @throws NotFoundError
 */
export async function lockAll(finder: Finder) {
  for (const lock of inOrder([...finder.locks, ...callerLocks(finder.caller)])) {
    const alive =
      'deletedAt' in lock.table ? sql`and deleted_at is ${sql.raw(lock.deleted ? 'not null' : 'null')}` : sql``
    const mode = sql.raw(lock.mode === 'CHANGE' ? 'no key update' : 'share')
    const rows = await finder.tx.execute(sql`select id from ${lock.table} where id = ${lock.id} ${alive} for ${mode}`)
    if (rows.length === 0) throw lock.gone()
  }
  for (const ask of finder.afterLock) await ask()
}

/** The caller's own row: what they may do does not change while it is locked. */
function callerLocks({ userId }: Caller): Lock[] {
  if (userId === null) return []
  return [{ table: users, id: userId, mode: 'SHARE', deleted: false, gone: () => new CallerEndedError() }]
}

function inOrder(locks: Lock[]): Lock[] {
  const strongest = new Map<string, Lock>()
  for (const lock of locks) {
    const key = lockKey(lock)
    if (strongest.get(key)?.mode !== 'CHANGE') strongest.set(key, lock)
  }
  return [...strongest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, lock]) => lock)
}

function lockKey({ table, id }: Lock) {
  return `${LOCK_ORDER.indexOf(getTableConfig(table).name)} ${id}`
}
