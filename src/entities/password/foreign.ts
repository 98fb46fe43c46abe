/**
 * Password hashes of other systems: argon2id, bcrypt, PBKDF2 and scrypt, as Django or the PHC string format writes them.
 * What it costs to compute one is bounded: each wrong password costs it again.
 */
import { createHash, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { computeArgon2, readArgon2 } from './argon2.ts'
import { bcryptLibrary } from './native.ts'

/** A hash that was read. Other systems take a password as its bytes are, so it is not normalized. */
export interface ForeignHash {
  verify(password: string): Promise<boolean>
}

/** The reader of one form: null where the text has another form, a text where the hash cannot be used. */
type Reader = (text: string) => ForeignHash | string | null

const READERS: Reader[] = [readArgon2id, readBcrypt, readPbkdf2, readScrypt, readPhcScrypt]

const UNKNOWN =
  'The form of this password hash is not known: argon2id, bcrypt, PBKDF2 (pbkdf2_sha256, pbkdf2_sha1) and scrypt are, as Django writes them or in the PHC string format.'
const TOO_COSTLY = 'This password hash costs more to check than this server allows.'
const DAMAGED = 'This password hash is damaged: its salt or its key is too short or too long.'

/** Reads a password hash. It returns a text that says what is wrong where the hash cannot be used. */
export function readForeignHash(text: string): ForeignHash | string {
  for (const read of READERS) {
    const found = read(text)
    if (found !== null) return found
  }
  return UNKNOWN
}

const MOST = {
  /** In KiB; and in KiB times passes. */
  argon2Memory: 131_072,
  argon2Work: 524_288,
  argon2Parallelism: 16,
  bcryptCost: 14,
  iterations: 2_000_000,
  /** In bytes, of one hash; and the work as N × r × p. */
  scryptMemory: 128 * 1024 * 1024,
  scryptWork: 2 ** 21,
}

function isSize(bytes: Buffer, least: number): boolean {
  return bytes.length >= least && bytes.length <= 128
}

/** `argon2$argon2id$v=19$…` is how Django writes it. */
function readArgon2id(text: string): ForeignHash | string | null {
  const hash = readArgon2(text.replace(/^argon2(?=\$argon2id\$)/, ''))
  if (!hash) return null
  const { cost, nonce, tag } = hash
  const { memory, passes, parallelism } = cost
  if (!isSize(tag, 16) || !isSize(nonce, 8) || parallelism < 1 || passes < 1 || memory < 8 * parallelism) return DAMAGED
  const isCheap = memory <= MOST.argon2Memory && memory * passes <= MOST.argon2Work
  if (!isCheap || parallelism > MOST.argon2Parallelism) return TOO_COSTLY
  return { verify: async (message) => isSame(await computeArgon2({ message, nonce, ...cost }), tag) }
}

const BCRYPT = /^(?:(bcrypt|bcrypt_sha256)\$)?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$/

/** `bcrypt_sha256$$2b$…` is Django's, which hashes the hexadecimal SHA-256 of the password. */
function readBcrypt(text: string): ForeignHash | string | null {
  const [, prefix, hash, cost] = BCRYPT.exec(text) ?? []
  if (!hash) return null
  if (Number(cost) < 4) return DAMAGED
  if (Number(cost) > MOST.bcryptCost) return TOO_COSTLY
  const library = bcryptLibrary
  if (!library) return 'This server cannot check bcrypt: the optional package @node-rs/bcrypt is not installed.'
  const isDigested = prefix === 'bcrypt_sha256'
  return { verify: (password) => library.verify(isDigested ? sha256Hex(password) : password, hash) }
}

function sha256Hex(password: string): string {
  return createHash('sha256').update(password).digest('hex')
}

const derive = promisify(pbkdf2)
const PBKDF2 = /^pbkdf2_(sha1|sha256)\$(\d{1,9})\$([^$]{1,128})\$([A-Za-z0-9+/]+={0,2})$/

function readPbkdf2(text: string): ForeignHash | string | null {
  const [, digest, rounds, salt, key] = PBKDF2.exec(text) ?? []
  if (!digest || !salt || !key) return null
  const [iterations, tag] = [Number(rounds), Buffer.from(key, 'base64')]
  if (iterations < 1 || !isSize(tag, 16)) return DAMAGED
  if (iterations > MOST.iterations) return TOO_COSTLY
  return { verify: async (password) => isSame(await derive(password, salt, iterations, tag.length, digest), tag) }
}

const SCRYPT = /^scrypt\$(\d{1,9})\$([^$]{1,128})\$(\d{1,4})\$(\d{1,4})\$([A-Za-z0-9+/]+={0,2})$/

function readScrypt(text: string): ForeignHash | string | null {
  const [, N, salt, r, p, key] = SCRYPT.exec(text) ?? []
  if (!salt || !key) return null
  return scryptHash({ N: Number(N), r: Number(r), p: Number(p), salt: Buffer.from(salt) }, Buffer.from(key, 'base64'))
}

const PHC_SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

function readPhcScrypt(text: string): ForeignHash | string | null {
  const [, ln, r, p, salt, key] = PHC_SCRYPT.exec(text) ?? []
  if (!salt || !key) return null
  const nonce = Buffer.from(salt, 'base64')
  return scryptHash({ N: 2 ** Number(ln), r: Number(r), p: Number(p), salt: nonce }, Buffer.from(key, 'base64'))
}

interface ScryptSalted {
  N: number
  r: number
  p: number
  salt: Buffer
}

function scryptHash({ salt, ...cost }: ScryptSalted, tag: Buffer): ForeignHash | string {
  const { N, r, p } = cost
  if (!isSize(tag, 16) || !isSize(salt, 1) || r < 1 || p < 1 || N < 2 || !Number.isInteger(Math.log2(N))) return DAMAGED
  if (128 * N * r > MOST.scryptMemory || N * r * p > MOST.scryptWork) return TOO_COSTLY
  return { verify: async (password) => isSame(await computeScrypt(password, salt, tag.length, cost), tag) }
}

function computeScrypt(password: string, salt: Buffer, length: number, cost: { N: number; r: number; p: number }) {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  // Node refuses what takes exactly the memory that it allows.
  const options = { ...cost, maxmem: 2 * MOST.scryptMemory }
  scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)))
  return promise
}

function isSame(made: Buffer, tag: Buffer): boolean {
  return made.length === tag.length && timingSafeEqual(made, tag)
}
