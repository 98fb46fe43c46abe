/** Argon2id is slow on purpose, so only a few hashes are computed at once and only a limited number wait. */
import { randomBytes } from 'node:crypto'
import argon2 from '@node-rs/argon2'
import pLimit from 'p-limit'
import { RateLimitedError } from '../../errors.ts'

/** Argon2id, the default of the library, with OWASP's second recommended setting: 19 MiB, two passes. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const MAX_WAITING = 64

const atOnce = pLimit(4)

/**
 * The one form of a password. Keyboards and systems write the same letters differently, like é as one character or as two,
 * and their user cannot see which.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/** Hashes a new password. @throws RateLimitedError where too many are waiting already */
export function hashPassword(password: string): Promise<string> {
  return bounded(() => argon2.hash(normalizePassword(password), OPTIONS))
}

/**
 * Whether a password matches a hash. Null means that there is no hash: a dummy is verified, so that it takes equally
 * long, and no password matches.
 * @throws RateLimitedError where too many are waiting already
 */
export function verifyPassword(kept: string | null, password: string): Promise<boolean> {
  return bounded(async () => {
    const fits = await argon2.verify(kept ?? (await dummyHash()), normalizePassword(password))
    return fits && kept !== null
  })
}

let dummy: Promise<string> | null = null

function dummyHash(): Promise<string> {
  dummy ??= argon2.hash(randomBytes(32), OPTIONS)
  return dummy
}

async function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (atOnce.pendingCount >= MAX_WAITING) throw new RateLimitedError(1)
  return atOnce(work)
}
