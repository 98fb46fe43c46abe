/** A password hash is slow on purpose, so only a few are computed at once and only a limited number wait. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import pLimit from 'p-limit'
import { RateLimitedError } from '../../errors.ts'
import { computeArgon2, isOwnForm, makeArgon2, readArgon2 } from './argon2.ts'
import { readForeignHash } from './foreign.ts'

const MAX_WAITING = 64

const atOnce = pLimit(4)

/**
 * The one form of a password. Keyboards and systems write the same letters differently, like é as one character or as two,
 * and their user cannot see which.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/** Hashes a new password, in the PHC string format. @throws RateLimitedError where too many are waiting already */
export function hashPassword(password: string): Promise<string> {
  return bounded(() => makeArgon2(normalizePassword(password)))
}

/**
 * Whether a password matches a hash. Null means that there is no hash: a dummy is verified, so that it takes equally
 * long, and no password matches.
 * @throws RateLimitedError where too many are waiting already
 */
export function verifyPassword(kept: string | null, password: string): Promise<boolean> {
  return bounded(async () => {
    if (kept !== null && !isOwnForm(kept)) return verifyForeign(kept, password)
    const right = await verifyOwn(kept ?? (await dummyHash()), password)
    return right && kept !== null
  })
}

async function verifyOwn(text: string, password: string): Promise<boolean> {
  const hash = readArgon2(text)
  if (!hash) throw new Error('A password in the database has a hash of a form that is not known.')
  const { cost, nonce, tag } = hash
  const made = await computeArgon2({ message: normalizePassword(password), nonce, ...cost })
  return timingSafeEqual(made, tag)
}

/** A hash that is cheaper than ours would tell a user by the time: a wrong password also costs ours. */
async function verifyForeign(text: string, password: string): Promise<boolean> {
  const hash = readForeignHash(text)
  if (typeof hash === 'string') throw new Error(`A password in the database cannot be checked. ${hash}`)
  if (await hash.verify(password)) return true
  await verifyOwn(await dummyHash(), password)
  return false
}

let dummy: Promise<string> | null = null

function dummyHash(): Promise<string> {
  dummy ??= makeArgon2(randomBytes(32).toString('base64'))
  return dummy
}

async function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (atOnce.pendingCount >= MAX_WAITING) throw new RateLimitedError(1)
  return atOnce(work)
}
