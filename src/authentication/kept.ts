/**
 * Callers whose authority was read by an earlier request. Each request proves, in the database, that nothing of it has
 * changed since: no server answers by an authority that has ended, however many servers there are.
 */
import { hash } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../authority/caller.ts'
import { callerStatement } from '../authority/caller-statement.ts'
import { type Basis, fitsStatement, isUnchanged } from '../authority/versions.ts'
import type { Connection, Database } from '../db/database.ts'
import { currentDeadline } from '../db/deadline.ts'
import type { CallerScope } from '../read/spec.ts'
import type { Credentials } from './credentials.ts'

/** A caller who is kept, with the hash of the key that was presented. */
export interface KeptCaller {
  caller: Caller & { basis: Basis }
  keyHash: Buffer | null
}

/** The kept callers of one server. */
export interface KeptCallers {
  get(credentials: Credentials): KeptCaller | undefined
  keep(credentials: Credentials, kept: KeptCaller): void
  forget(credentials: Credentials): void
  /** How many callers are kept, how often one was used, and how often one had changed. */
  counts(): Record<'entries' | 'used' | 'changed', number>
}

/** The limit is on all rows of authority and levels together, so that users who hold much count for more. */
const MOST_ROWS = 200_000
/** It is less than the time after which versions that did not change are removed. */
const KEPT_MS = 60 * 60 * 1000

export function createKeptCallers(): KeptCallers {
  const kept = new LRUCache<string, KeptCaller>({
    maxSize: MOST_ROWS,
    ttl: KEPT_MS,
    sizeCalculation: ({ caller: { authority, levels, basis } }) =>
      10 + authority.length + levels.length + basis.owners.length,
  })
  let used = 0
  let changed = 0
  return {
    get(credentials) {
      const name = nameOf(credentials)
      const found = name === null ? undefined : kept.get(name)
      if (found) used += 1
      return found
    },
    keep(credentials, known) {
      const name = nameOf(credentials)
      if (name !== null && fitsStatement(known.caller.basis)) kept.set(name, known)
    },
    forget(credentials) {
      const name = nameOf(credentials)
      if (name !== null && kept.delete(name)) changed += 1
    },
    counts: () => ({ entries: kept.size, used, changed }),
  }
}

/** The hash of the credentials, which are not kept themselves; null for a password, which is compared each time. */
function nameOf({ apiKey, user }: Credentials): string | null {
  if (user !== null && !('token' in user)) return null
  return hash('sha256', `${apiKey ?? ''}\n${user?.token ?? ''}`, 'base64')
}

/** The authority of the caller is no longer what it was when it was read. The request must be answered again. */
export class AuthorityChangedError extends Error {}

/** The proof, in one request, that the authority of a kept caller is unchanged. */
export interface Proof {
  /** The condition that a statement of a read answers beside its rows. */
  condition(scope: CallerScope): SQL
  /** Notes what a statement answered to it. @throws AuthorityChangedError */
  note(isProven: boolean): void
  /** Proves it by itself, where the statements so far have not all done it. @throws AuthorityChangedError */
  complete(): Promise<void>
  /** Proves it in a transaction, for the whole request. @throws AuthorityChangedError */
  completeWithin(tx: Connection): Promise<void>
}

/** Returns null where the caller was read by this request, so that there is nothing to prove. */
export function createProof({ db }: Database, caller: Caller | null): Proof | null {
  return caller?.basis ? proofOf(db, caller) : null
}

function proofOf(db: Connection, caller: Caller): Proof {
  let proven = 0
  let isComplete = false
  let hasFailed = false
  function note(isProven: boolean) {
    if (isProven) proven += 1
    else hasFailed = true
    if (hasFailed) throw new AuthorityChangedError()
  }
  async function completeWithin(on: Connection) {
    const [row] = await proveAlone(on, caller)
    note(row?.isProven ?? false)
    isComplete = true
  }
  return {
    condition: isUnchanged,
    note,
    async complete() {
      if (hasFailed) throw new AuthorityChangedError()
      if (isComplete || (proven > 0 && proven === currentDeadline()?.statements)) return
      await completeWithin(db)
    },
    completeWithin,
  }
}

/** The statement that only proves. */
const proveAlone = callerStatement<Caller, { isProven: boolean }>({
  callerOf: (caller) => caller,
  build: (caller) => sql`select ${isUnchanged(caller)} as "isProven"`,
})
