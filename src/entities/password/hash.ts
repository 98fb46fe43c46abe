/** Argon2id is slow on purpose, so only a few hashes are computed at once and only a limited number wait. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import pLimit from 'p-limit'
import { RateLimitedError } from '../../errors.ts'

/** OWASP's second recommended setting: 19 MiB, two passes. */
const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }
const SALT_BYTES = 16
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
  return bounded(() => hash(normalizePassword(password)))
}

/**
 * Whether a password matches a hash. Null means that there is no hash: a dummy is verified, so that it takes equally
 * long, and no password matches.
 * @throws RateLimitedError where too many are waiting already
 */
export function verifyPassword(kept: string | null, password: string): Promise<boolean> {
  return bounded(async () => {
    const { cost, nonce, tag } = readHash(kept ?? (await dummyHash()))
    const made = await compute({ message: normalizePassword(password), nonce, ...cost })
    return timingSafeEqual(made, tag) && kept !== null
  })
}

async function hash(message: string): Promise<string> {
  const nonce = randomBytes(SALT_BYTES)
  const tag = await compute({ message, nonce, ...COST })
  const { memory, passes, parallelism } = COST
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${withoutPadding(nonce)}$${withoutPadding(tag)}`
}

interface Cost {
  /** In KiB. */
  memory: number
  passes: number
  parallelism: number
  /** In bytes. */
  tagLength: number
}

interface Salted extends Cost {
  message: string
  nonce: Buffer
}

let library: ReturnType<typeof loadLibrary> | null = null

/** The native library takes two thirds of the time. An installation without optional packages lacks it. */
function loadLibrary() {
  return import('@node-rs/argon2').then(
    (loaded) => loaded.default,
    () => null,
  )
}

async function compute(salted: Salted): Promise<Buffer> {
  library ??= loadLibrary()
  const native = await library
  if (!native) return computeByNode(salted)
  const { message, nonce, memory, passes, parallelism, tagLength } = salted
  const cost = { memoryCost: memory, timeCost: passes, parallelism, outputLen: tagLength }
  return native.hashRaw(message, { ...cost, salt: nonce })
}

/** Exported so that a test can hold it against the library. */
export function computeByNode(salted: Salted): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  argon2('argon2id', salted, (error, key) => (error ? reject(error) : resolve(key)))
  return promise
}

function withoutPadding(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

interface KeptHash {
  cost: Cost
  nonce: Buffer
  tag: Buffer
}

const FORM = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** @throws Error where the database holds something else */
function readHash(text: string): KeptHash {
  const [, memory, passes, parallelism, salt, key] = FORM.exec(text) ?? []
  if (!salt || !key) throw new Error('A password in the database has a hash that is not of argon2id.')
  const tag = Buffer.from(key, 'base64')
  const cost = {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: tag.length,
  }
  return { cost, nonce: Buffer.from(salt, 'base64'), tag }
}

let dummy: Promise<string> | null = null

function dummyHash(): Promise<string> {
  dummy ??= hash(randomBytes(32).toString('base64'))
  return dummy
}

async function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (atOnce.pendingCount >= MAX_WAITING) throw new RateLimitedError(1)
  return atOnce(work)
}
