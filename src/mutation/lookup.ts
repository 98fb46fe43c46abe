/** The things an input names: found as the caller sees them, then locked in one fixed order. */

import { and, type InferSelectModel, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { getTableConfig } from 'drizzle-orm/pg-core'
import type { Caller } from '../authority/caller.ts'
import { immediateScope } from '../authority/visibility.ts'
import type { Transaction } from '../db/database.ts'
import { apiKeyLimits, apiKeys, organizations, roleGrants, roles, users } from '../db/tables.ts'
import { CallerEndedError, NotFoundError } from '../errors.ts'
import type { CallerScope, Row, Visibility } from '../read/spec.ts'

/** CHANGE for what is changed or loses something, SHARE for what must only stay. */
type LockMode = 'CHANGE' | 'SHARE'

interface Lock {
  table: PgTable
  id: string
  mode: LockMode
  deleted: boolean
  /** What was handed out before the lock: brought up to date once it is held. */
  row: object
  /** What to throw where the row is gone by the time it is locked; null where that does not matter. */
  gone: (() => Error) | null
}

/** Finds things within one mutation and remembers what is to be locked. */
export interface Finder {
  tx: Transaction
  /** Who sees. */
  caller: Caller
  /** Whose own things are meant where none are named: the caller's, or those of whom they ask about. */
  self: Caller
  /** Of several who must all see it, each. */
  scopes: CallerScope[]
  locks: Lock[]
  /** Questions that can only be answered once everything is locked. */
  afterLock: (() => Promise<void>)[]
}

/** @param others who must see everything that is found, too */
export function createFinder(
  tx: Transaction,
  caller: Caller,
  { self = caller, others = [] }: { self?: Caller; others?: Caller[] } = {},
): Finder {
  const scopes = [caller, ...others].map(immediateScope)
  return { tx, caller, self, scopes, locks: [], afterLock: [] }
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
  const { tx, scopes, locks } = finder
  const [row] = await tx
    .select()
    .from(table as PgTable)
    .where(and(fits, ...scopes.map((scope) => visible?.(table as unknown as Row, scope))))
    .limit(1)
  const gone = () => new NotFoundError(wanted.path, wanted.what)
  if (!row) throw gone()
  locks.push({ table, id: String(row.id), mode: wanted.lock, deleted: wanted.deleted ?? false, row, gone })
  return row as InferSelectModel<T>
}

/** Tables in the order in which their rows are locked, so that no two mutations wait for each other. */
const LOCK_ORDER = ['organizations', 'users', 'roles', 'projects', 'controllers', 'models', 'api_keys', 'credentials']

/**
 * Locks the caller's row and everything found, makes sure that it is still there, and reads it again: what was
 * found before may have changed while the lock was waited for. `no key update` leaves room for
 * the foreign keys that point to a row. @throws NotFoundError
 */
export async function lockAll(finder: Finder) {
  const all = [...finder.locks, ...(await callerLocks(finder))]
  for (const lock of inOrder(all)) {
    const alive = 'deletedAt' in lock.table ? sql`deleted_at is ${lock.deleted ? sql`not null` : sql`null`}` : undefined
    const [fresh] = await finder.tx
      .select()
      .from(lock.table)
      .where(and(sql`id = ${lock.id}`, alive))
      .for(lock.mode === 'CHANGE' ? 'no key update' : 'share')
    if (!fresh && lock.gone) throw lock.gone()
    // One row may have been named several times.
    for (const other of all) if (lockKey(other) === lockKey(lock)) Object.assign(other.row, fresh)
  }
  for (const ask of finder.afterLock) await ask()
}

/**
 * What the caller's authority rests on: their own row, their home, the roles they hold and those their key is limited to;
 * and the key of an application beside their own credential. Whoever takes something away
 * through one of these waits for this mutation, or it waits for them and is decided without it.
 */
async function callerLocks({ tx, caller }: Finder): Promise<Lock[]> {
  const { userId, organizationId, apiKey } = caller
  if (userId === null || organizationId === null) return []
  const held = await tx.execute<{ id: string }>(sql`
    select role_id as id from ${roleGrants} where user_id = ${userId} and ended_at is null
    union select role_id from ${apiKeyLimits} where api_key_id = ${apiKey?.id ?? null}::uuid`)
  const share = (table: PgTable, id: string, gone: Lock['gone']): Lock => {
    return { table, id, mode: 'SHARE', deleted: false, row: {}, gone }
  }
  const ended = () => new CallerEndedError()
  const isAnothers = apiKey !== null && apiKey.userId !== userId
  return [
    share(organizations, organizationId, null),
    share(users, userId, ended),
    ...held.map(({ id }) => share(roles, id, null)),
    ...(isAnothers ? [share(users, apiKey.userId, ended), share(apiKeys, apiKey.id, ended)] : []),
  ]
}

function inOrder(locks: Lock[]): Lock[] {
  const strongest = new Map<string, Lock>()
  for (const lock of locks) {
    const key = lockKey(lock)
    const known = strongest.get(key)
    if (!known || (known.mode === 'SHARE' && lock.mode === 'CHANGE')) strongest.set(key, lock)
  }
  return [...strongest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, lock]) => lock)
}

function lockKey({ table, id }: Lock) {
  return `${LOCK_ORDER.indexOf(getTableConfig(table).name)} ${id}`
}
