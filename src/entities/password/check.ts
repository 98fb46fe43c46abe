/** Checks passwords. This is the only place where passwords are compared and guesses are counted. */
import { createHmac, randomBytes } from 'node:crypto'
import { and, eq, isNull } from 'drizzle-orm'
import { LRUCache } from 'lru-cache'
import { BadCredentialError } from '../../authentication/bad-credential.ts'
import type { Caller } from '../../authority/caller.ts'
import { isActiveAt, NOW } from '../../authority/held.ts'
import type { Database } from '../../db/database.ts'
import { passwords, users } from '../../db/tables.ts'
import { logError } from '../../log.ts'
import { networkOf } from '../../network.ts'
import { recordRefusal } from '../audit/refusals.ts'
import { isOwnForm } from './argon2.ts'
import { countGuess, digest, GUESSES, guessKey, openLimiter } from './guesses.ts'
import { hashPassword, normalizePassword, verifyPassword } from './hash.ts'

/**
 * The user whose password was checked, and when it was set: it must still be the same password when the result is used.
 */
export interface CheckedPassword {
  userId: string
  setAt: string
}

/** The request that brought the password, its address and its action. A failure without an action is not recorded. */
export interface Attempt {
  requestId: string
  address: string | null
  action: string | null
  caller: Caller | null
}

export interface PasswordChecker {
  /**
   * Checks a password. Must be called outside any transaction: a rollback would forget the guess.
   * @throws BadCredentialError, the same for every cause
   * @throws RateLimitedError where the address, or this user from this address, has guessed wrong too often
   */
  check(username: string, password: string, attempt: Attempt): Promise<CheckedPassword>
}

/** HTTP Basic sends the password with every request: a right password is remembered this long, while its hash stays. */
const KNOWN_FOR_MS = 5 * 60 * 1000

export function createPasswordChecker({ db }: Database): PasswordChecker {
  const ofUser = openLimiter(db, 'user', GUESSES.ofUser)
  const ofAddress = openLimiter(db, 'address', GUESSES.ofAddress)
  const secret = randomBytes(32)
  const known = new LRUCache<string, Known>({ max: 1000, ttl: KNOWN_FOR_MS })

  async function isRight(userKey: string, address: string, password: string, found: FoundPassword | null) {
    const kept = found?.hash ?? null
    const addressKey = digest(networkOf(address))
    // The address is counted first, so that a blocked address leaves no row for each name it tries.
    await countGuess(ofAddress, addressKey)
    await countGuess(ofUser, userKey)
    const right = await verifyPassword(kept, password).catch(async (error: unknown) => {
      // The server was too busy to check the password: this does not count as a guess.
      await Promise.all([ofUser.reward(userKey), ofAddress.reward(addressKey)])
      throw error
    })
    if (right) await Promise.all([ofUser.delete(userKey), ofAddress.reward(addressKey)])
    if (right && found) await upgradeHash(db, found, password)
    return right
  }

  return {
    async check(username, password, attempt) {
      const address = attempt.address ?? 'local'
      const name = username.toLowerCase()
      const found = await findPassword(db, name)
      const kept = found?.hash ?? null
      const proof = createHmac('sha256', secret)
        .update(JSON.stringify([kept, normalizePassword(password)]))
        .digest('base64')
      const userKey = guessKey(name, networkOf(address))
      const remembered = known.get(userKey)
      // A password that many requests bring at the same time is checked, and counted, once.
      const checking = remembered?.proof === proof ? remembered.right : isRight(userKey, address, password, found)
      known.set(userKey, { proof, right: checking })
      const right = await checking.catch((error: unknown) => {
        known.delete(userKey)
        throw error
      })
      if (right && found) return { userId: found.userId, setAt: found.setAt }
      // The remembered answer is forgotten too: if a right answer were free, guesses could tell it from a wrong one.
      known.delete(userKey)
      // The password is refused even where the audit can't record the failure.
      await recordFailure(db, name, attempt).catch((error: unknown) => logError(error, attempt.requestId))
      throw new BadCredentialError()
    },
  }
}

/** The last password given for a user from an address, as a digest, and whether it was right. */
interface Known {
  proof: string
  right: Promise<boolean>
}

interface FoundPassword extends CheckedPassword {
  hash: string
}

/**
 * Replaces the hash of another system by one of ours, now that the password is known. The password stays the same, and
 * with it its sessions. Where it cannot be done, the next sign-in tries again.
 */
async function upgradeHash(db: Database['db'], { userId, hash }: FoundPassword, password: string) {
  if (isOwnForm(hash)) return
  try {
    const upgraded = await hashPassword(password)
    await db
      .update(passwords)
      .set({ hash: upgraded })
      .where(and(eq(passwords.userId, userId), eq(passwords.hash, hash)))
  } catch (error) {
    logError(error, null)
  }
}

async function findPassword(db: Database['db'], name: string): Promise<FoundPassword | null> {
  const [row] = await db
    .select({ userId: users.id, hash: passwords.hash, setAt: passwords.setAt })
    .from(users)
    .innerJoin(passwords, eq(passwords.userId, users.id))
    .where(
      and(
        eq(users.usernameKey, name),
        isNull(users.deletedAt),
        isActiveAt({ id: users.id, deletedAt: users.deletedAt }, NOW),
      ),
    )
  return row ?? null
}

/**
 * Records one row per user, address and minute. A name that belongs to no user may be a password and is not recorded.
 */
async function recordFailure(db: Database['db'], name: string, { action, ...actor }: Attempt) {
  if (action === null) return
  const named = [{ targetType: 'User' as const, reference: name }]
  await recordRefusal(db, actor, { action, code: 'UNAUTHENTICATED', target: null, named })
}
