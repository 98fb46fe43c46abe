/** Argon2id: slow on purpose, so only a few are computed at once and only so many wait. */
import { randomBytes } from 'node:crypto'
import argon2 from '@node-rs/argon2'
import pLimit from 'p-limit'
import { RateLimitedError } from '../../errors.ts'

/** Argon2id, as the library takes it for granted, at OWASP's second choice: 19 MiB, two passes. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const MAX_WAITING = 64

const atOnce = pLimit(4)

/** @throws RateLimitedError where too many wait already */
export function hashPassword(password: string): Promise<string> {
  return bounded(() => argon2.hash(password, OPTIONS))
}

/**
 * Does a password fit? Null is nobody's hash: a dummy is verified, so that it takes as long, and nothing fits.
 * @throws RateLimitedError where too many wait already
 */
export function verifyPassword(kept: string | null, password: string): Promise<boolean> {
  return bounded(async () => {
    const fits = await argon2.verify(kept ?? (await dummyHash()), password)
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
