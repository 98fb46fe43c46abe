/** Argon2id, and the PHC string format in which this server keeps passwords. */
import { argon2, randomBytes } from 'node:crypto'
import { argon2Library } from './native.ts'

/** OWASP's second recommended setting: 19 MiB, two passes. */
const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }
const SALT_BYTES = 16
const OWN_FORM = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$`

export interface Cost {
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

export interface Argon2Hash {
  cost: Cost
  nonce: Buffer
  tag: Buffer
}

/** Hashes a text with the cost of this server. */
export async function makeArgon2(message: string): Promise<string> {
  const nonce = randomBytes(SALT_BYTES)
  const tag = await computeArgon2({ message, nonce, ...COST })
  return `${OWN_FORM}${withoutPadding(nonce)}$${withoutPadding(tag)}`
}

/** Whether a hash is one that this server makes now. */
export function isOwnForm(text: string): boolean {
  return text.startsWith(OWN_FORM)
}

/** The native library takes two thirds of the time of Node. */
export function computeArgon2(salted: Salted): Promise<Buffer> {
  if (!argon2Library) return computeByNode(salted)
  const { message, nonce, memory, passes, parallelism, tagLength } = salted
  const cost = { memoryCost: memory, timeCost: passes, parallelism, outputLen: tagLength }
  return argon2Library.hashRaw(message, { ...cost, salt: nonce })
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

const FORM = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** Reads a hash in the PHC string format; null where it is something else. */
export function readArgon2(text: string): Argon2Hash | null {
  const [, memory, passes, parallelism, salt, key] = FORM.exec(text) ?? []
  if (!salt || !key) return null
  const tag = Buffer.from(key, 'base64')
  const cost = {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: tag.length,
  }
  return { cost, nonce: Buffer.from(salt, 'base64'), tag }
}
