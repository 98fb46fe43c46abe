import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * The form of a token is `chl_` + the id of the key + `_` + 32 random bytes + a CRC32 of everything before it; the
 * random bytes and the CRC32 are in base 62. Source code scanners recognize this form, and a mistyped key is detected
 * without a database query.
 */
const PATTERN = /^chl_([0-9a-f]{32})_[0-9A-Za-z]{43}([0-9A-Za-z]{6})$/
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Creates a new secret for the key with this id. */
export function createToken(id: string): string {
  const body = `chl_${id.replaceAll('-', '')}_${base62(randomBytes(32), 43)}`
  return body + checksum(body)
}

/** Returns the id that a token contains, or null where its form or its checksum is wrong. */
export function readTokenId(token: string): string | null {
  const [, hex, sum] = PATTERN.exec(token) ?? []
  if (!hex || sum !== checksum(token.slice(0, -6))) return null
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Whether a text starts like a token. The text is not checked further and can be invalid. */
export function looksLikeToken(text: string): boolean {
  return text.startsWith('chl_')
}

/** Returns the hash that is stored for a key. A secret of 256 random bits needs no salt and no slow hash. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Returns the last four characters, which let users distinguish their keys. */
export function hintOf(token: string): string {
  return token.slice(-4)
}

function checksum(body: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return base62(bytes, 6)
}

function base62(bytes: Buffer, length: number): string {
  let number = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  while (text.length < length) {
    text = DIGITS[Number(number % 62n)] + text
    number /= 62n
  }
  return text
}
