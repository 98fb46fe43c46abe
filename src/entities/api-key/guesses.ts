/** The limit on wrong keys of other forms than ours: those of other systems may be shorter, so guesses at them are counted. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import { LRUCache } from 'lru-cache'
import pLimit, { type LimitFunction } from 'p-limit'
import type { Database } from '../../db/database.ts'
import { apiKeys } from '../../db/tables.ts'
import { RateLimitedError } from '../../errors.ts'
import { networkOf } from '../../network.ts'
import { countGuess, digest, GUESSES, openLimiter } from '../password/guesses.ts'

export interface KeyGuesses {
  /** Whether imported keys are not looked for at the moment, because too many wrong keys came from this address. */
  isBlocked(address: string | null): boolean
  /** Tries a key after those that came from this address before it: each wrong one is counted before the next is compared. */
  inTurn<T>(address: string | null, work: () => Promise<T>): Promise<T>
  /** Counts a wrong key where there are imported keys to be guessed. @throws RateLimitedError where there were too many */
  count(address: string | null): Promise<void>
}

export function createKeyGuesses({ db }: Database): KeyGuesses {
  const limiter = openLimiter(db, 'key', GUESSES.ofKeys)
  const blocked = new LRUCache<string, true>({ max: 10_000 })
  const turns = new LRUCache<string, LimitFunction>({ max: 10_000 })
  const nameOf = (address: string | null) => digest(networkOf(address ?? 'local'))
  function turnsOf(name: string): LimitFunction {
    const known = turns.get(name) ?? pLimit(1)
    turns.set(name, known)
    return known
  }
  return {
    isBlocked: (address) => blocked.size > 0 && blocked.has(nameOf(address)),
    inTurn(address, work) {
      const name = nameOf(address)
      return blocked.has(name) ? work() : turnsOf(name)(work)
    },
    async count(address) {
      if (!(await hasImportedKeys(db))) return
      const name = nameOf(address)
      try {
        await countGuess(limiter, name)
      } catch (error) {
        if (error instanceof RateLimitedError) blocked.set(name, true, { ttl: error.retryAfterSeconds * 1000 })
        throw error
      }
    },
  }
}

async function hasImportedKeys(db: Database['db']): Promise<boolean> {
  const isImported = and(eq(apiKeys.source, sql`'IMPORTED'`), isNull(apiKeys.revokedAt))
  const rows = await db.select({ id: apiKeys.id }).from(apiKeys).where(isImported).limit(1)
  return rows.length > 0
}
