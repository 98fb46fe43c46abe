/**
 * Finds the rows that an input names, as the caller sees them, and then locks them in one fixed order. What is found can
 * be read only once it is locked: until then another transaction may still change it.
 */

import { type InferSelectModel, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Caller } from '../authority/caller.ts'
import { readRows, type Transaction } from '../db/database.ts'
import { partOf } from '../db/rendered.ts'
import { apiKeyLimits, apiKeys, organizations, roleGrants, roles, users } from '../db/tables.ts'
import { CallerEndedError, NotFoundError } from '../errors.ts'
import type { Visibility } from '../read/spec.ts'
import { createRowSearch, type RowSearch } from './find-rows.ts'
import { type Lock, type LockMode, takeLocks } from './locks.ts'

/** Something that an input names. */
export interface Found<T> {
  /** Returns it as it is under its lock. @throws Error before the locks are taken */
  locked(): T
}

/** A row that an input names. Its id never changes, so other rows can be found by it. */
export interface FoundRow<T> extends Found<T> {
  readonly id: string
}

/** What a mutation finds, by name. What does not wait for each other is found at the same time. */
export type FoundRefs<Refs> = { [Name in keyof Refs]: Found<Refs[Name]> | Promise<Found<Refs[Name]>> }

/** Something that needs no lock, because nothing changes it. */
export function unchanging<T>(value: T): Found<T> {
  return { locked: () => value }
}

/** Something that is read once everything is locked. */
export function readOnceLocked<T>(finder: Finder, read: () => Promise<T>): Found<T> {
  const results: T[] = []
  finder.afterLock.push(async () => {
    results.push(await read())
  })
  return {
    locked() {
      if (results.length === 0) throw new Error('This is read only once everything is locked.')
      return results[0] as T
    },
  }
}

/** Finds objects within one mutation and collects the rows to lock. */
export interface Finder {
  tx: Transaction
  /** The caller, whose visibility applies. */
  caller: Caller
  /** The user whose own objects are meant where the input names none: the caller, or the user that the question is about. */
  self: Caller
  search: RowSearch
  locks: Lock[]
  /** Reads that can only run once everything is locked. */
  afterLock: (() => Promise<void>)[]
  /** Makes every row readable as it was found, without a lock. */
  unlocked: (() => void)[]
}

/** @param others further callers who must also see everything that is found */
export function createFinder(
  tx: Transaction,
  caller: Caller,
  { self = caller, others = [] }: { self?: Caller; others?: Caller[] } = {},
): Finder {
  return { tx, caller, self, search: createRowSearch(tx, [caller, ...others]), locks: [], afterLock: [], unlocked: [] }
}

type Named = PgTable & { id: PgColumn }

interface Wanted {
  /** The position in the input where it was named. */
  path: string
  /** The text for it in the error, like `The user`: it does not quote the input, which may be a secret in the wrong place. */
  what: string
  lock: LockMode
  /** Searches the deleted rows instead. */
  deleted?: boolean
}

/**
 * Finds the one visible row of a table that fits. A hidden row is treated as missing. Rows that are asked for at the same
 * time are found in one statement. @throws NotFoundError
 */
export async function findRow<T extends Named>(
  finder: Finder,
  table: T,
  visible: Visibility | undefined,
  fits: SQL,
  wanted: Wanted,
): Promise<FoundRow<InferSelectModel<T>>> {
  const { search, locks, unlocked } = finder
  const gone = () => new NotFoundError(wanted.path, wanted.what)
  const row = (await search.find({ table, visible, fits: partOf(fits) })) as InferSelectModel<Named> | null
  if (!row) throw gone()
  const id = String(row.id)
  let known: object | null = null
  const take = (fresh: object) => {
    known = fresh
  }
  locks.push({ table, id, mode: wanted.lock, deleted: wanted.deleted ?? false, fits, take, gone })
  unlocked.push(() => take(row))
  return {
    id,
    locked() {
      if (known === null) throw new Error(`${wanted.what} is not locked yet.`)
      return known as InferSelectModel<T>
    },
  }
}

/**
 * Locks the caller's row and everything found, makes sure that it still exists, and reads it again: it may have changed
 * while this transaction waited for the lock. `no key update` does not block the foreign keys that point to a row.
 * @throws NotFoundError
 */
export async function lockFound<Refs>(finder: Finder, find: () => Finding<Refs>): Promise<Refs> {
  const found = await awaitAll(finder, find)
  await takeLocks(finder.tx, [...finder.locks, ...(await callerLocks(finder))])
  return readRefs(finder, found)
}

/** Returns everything as it was found, without locks: for questions, which change nothing. */
export async function readUnlocked<Refs>(finder: Finder, find: () => Finding<Refs>): Promise<Refs> {
  const found = await awaitAll(finder, find)
  for (const take of finder.unlocked) take()
  return readRefs(finder, found)
}

/** What a mutation is finding. */
export type Finding<Refs> = FoundRefs<Refs> | Promise<FoundRefs<Refs>>

/** Waits for everything. Where something is not found, nothing more is sent once this has thrown. */
async function awaitAll<Refs>(finder: Finder, find: () => Finding<Refs>): Promise<[string, Found<unknown>][]> {
  try {
    const entries = Object.entries<Found<unknown> | Promise<Found<unknown>>>(await find())
    return await Promise.all(
      entries.map(async ([name, found]): Promise<[string, Found<unknown>]> => [name, await found]),
    )
  } catch (error) {
    await finder.search.stop()
    throw error
  }
}

async function readRefs<Refs>(finder: Finder, found: [string, Found<unknown>][]): Promise<Refs> {
  for (const read of finder.afterLock) await read()
  return Object.fromEntries(found.map(([name, one]) => [name, one.locked()])) as Refs
}

/**
 * Returns the locks on what the caller's authority depends on: their own row, their home organization, the roles they
 * hold and those that their key is limited to; and the key of an application that is sent with their own credential. A
 * mutation that takes something away through one of these waits for this mutation; or this mutation waits for it, and is
 * then decided without what was taken away.
 */
async function callerLocks({ tx, caller }: Finder): Promise<Lock[]> {
  const { userId, organizationId, apiKey } = caller
  if (userId === null || organizationId === null) return []
  const held = caller.basis?.roles ?? (await readRoles(tx, userId, apiKey?.id ?? null))
  const share = (table: PgTable, id: string, gone: Lock['gone']): Lock => {
    return { table, id, mode: 'SHARE', deleted: false, gone }
  }
  const ended = () => new CallerEndedError()
  const isAnothers = apiKey !== null && apiKey.userId !== userId
  return [
    share(organizations, organizationId, null),
    share(users, userId, ended),
    ...held.map((id) => share(roles, id, null)),
    ...(isAnothers ? [share(users, apiKey.userId, ended), share(apiKeys, apiKey.id, ended)] : []),
  ]
}

/** The roles that a user holds, and those that limit the key. */
async function readRoles(tx: Transaction, userId: string, apiKeyId: string | null): Promise<string[]> {
  const rows = await readRows<{ id: string }>(
    tx,
    sql`
    select role_id as id from ${roleGrants} where user_id = ${userId} and ended_at is null
    union select role_id from ${apiKeyLimits} where api_key_id = ${apiKeyId}::uuid`,
  )
  return rows.map(({ id }) => id)
}
