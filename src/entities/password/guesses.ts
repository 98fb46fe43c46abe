/** The count of wrong guesses at the password of a user: which rows are theirs, and how they are forgotten. */
import { createHash } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { RateLimiterDrizzle, RateLimiterRes } from 'rate-limiter-flexible'
import { NOW } from '../../authority/held.ts'
import type { Database, Transaction } from '../../db/database.ts'
import { passwordGuesses, users } from '../../db/tables.ts'
import { RateLimitedError } from '../../errors.ts'

/** Limits per user and address, so that guesses from other addresses lock nobody out, and per address over all users and over all keys. */
export const GUESSES = { ofUser: 10, ofAddress: 100, ofKeys: 100 }

const WINDOW_SECONDS = 15 * 60

/** A limit on guesses that all servers count together. What has expired is removed with everything else that is old: `retention.ts`. */
export function openLimiter(db: Database['db'], keyPrefix: string, points: number): RateLimiterDrizzle {
  const where = { storeClient: db, schema: passwordGuesses, keyPrefix }
  return new RateLimiterDrizzle({ ...where, points, duration: WINDOW_SECONDS, clearExpiredByTimeout: false })
}

/** Counts a guess. @throws RateLimitedError where there were too many */
export async function countGuess(limiter: RateLimiterDrizzle, key: string) {
  try {
    await limiter.consume(key)
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) throw new RateLimitedError(Math.ceil(refusal.msBeforeNext / 1000))
    throw refusal
  }
}

/** A digest of texts. Text typed as a username may be a password, so it is not stored in clear text. */
export function digest(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

/** The key of the guesses at a user from a network. It begins with the user's, so that all of them can be found. */
export function guessKey(usernameKey: string, network: string): string {
  return `${createHash('sha256').update(usernameKey).digest('hex')}:${digest(usernameKey, network)}`
}

/** The condition for the rows of a user; the first part of a key is the prefix of the limiter. */
function isAtUser(key: unknown, usernameKey: unknown): SQL {
  return sql`split_part(${key}, ':', 2) = encode(sha256(convert_to(${usernameKey}, 'UTF8')), 'hex')`
}

/** The time until which sign-ins of the user are refused from at least one address; null where they are not. */
export function lockedUntil(usernameKey: unknown): SQL {
  return sql`(select max(g.expire) from ${passwordGuesses} as g where ${isAtUser(sql`g.key`, usernameKey)} and g.points >= ${GUESSES.ofUser} and g.expire > ${NOW})`
}

/** Forgets the wrong guesses at a user from all addresses, and returns their number. The counts of addresses stay. */
export async function forgetGuesses(tx: Transaction, userId: string): Promise<number> {
  const usernameKey = sql`(select u.username_key from ${users} as u where u.id = ${userId})`
  const forgotten = await tx
    .delete(passwordGuesses)
    .where(isAtUser(passwordGuesses.key, usernameKey))
    .returning({ points: passwordGuesses.points, isCounted: sql<boolean>`${passwordGuesses.expire} > ${NOW}` })
  return forgotten.reduce((sum, { points, isCounted }) => sum + (isCounted ? points : 0), 0)
}
