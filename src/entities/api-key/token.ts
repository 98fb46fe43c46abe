import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * `chl_` + the key's id + `_` + 32 random bytes + a CRC32 of all before it, numbers in base 62. Scanners of source code
 * recognise the form, and a mistyped key is known for one without asking the database.
 */
const PATTERN = /^chl_([0-9a-f]{32})_[0-9A-Za-z]{43}([0-9A-Za-z]{6})$/
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A new secret for the key with this id. */
export function createToken(id: string): string {
  const body = `chl_${id.replaceAll('-', '')}_${base62(randomBytes(32), 43)}`
  return body + checksum(body)
}

/** The id in a key of our form; null where the form or the checksum is wrong. */
export function readTokenId(token: string): string | null {
  const [, hex, sum] = PATTERN.exec(token) ?? []
  if (!hex || sum !== checksum(token.slice(0, -6))) return null
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Does the text claim to be a key of our form, rightly or not? */
export function looksLikeToken(text: string): boolean {
  return text.startsWith('chl_')
}

/** What is kept of a key. 256 random bits need no salt and no slow hash. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** The last four characters: enough to tell one's keys apart. */
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
