/**
 * A strict reader of OpenSSH public keys: one line, one text per key, no options, no bytes after the key. The available
 * libraries refuse the sk- types and accept trailing bytes, with which one key would have many fingerprints. The
 * formats: RFC 4253 6.6 (rsa), RFC 5656 3.1 (ecdsa), RFC 8709 4 (ed25519), OpenSSH's PROTOCOL.u2f (sk-).
 */
import { createHash, createPublicKey } from 'node:crypto'

export interface PublicKey {
  type: string
  /** The key in base64, exactly as in the line. */
  blob: string
  comment: string | null
  /** The fingerprint: `SHA256:` and base64, as `ssh-keygen -lf` prints it. */
  fingerprint: string
}

/** The readers of what follows the type's name in the key. Each returns null, or a text that says what is wrong. */
const READERS: Record<string, (read: Reader) => string | null> = {
  'ssh-ed25519': readEd25519,
  'ssh-rsa': readRsa,
  'ecdsa-sha2-nistp256': (read) => readEcdsa(read, 'nistp256', 32),
  'ecdsa-sha2-nistp384': (read) => readEcdsa(read, 'nistp384', 48),
  'ecdsa-sha2-nistp521': (read) => readEcdsa(read, 'nistp521', 66),
  'sk-ssh-ed25519@openssh.com': (read) => readEd25519(read) ?? readApplication(read),
  'sk-ecdsa-sha2-nistp256@openssh.com': (read) => readEcdsa(read, 'nistp256', 32) ?? readApplication(read),
}

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 16_384
const MAX_COMMENT_LENGTH = 200

/** Reads a line of `authorized_keys` or of a `.pub` file. Returns the key, or a text that says what is wrong. */
export function readPublicKey(line: string): PublicKey | string {
  const text = line.trim()
  if (/PRIVATE KEY/.test(text)) return 'This is a private key: keep it, and give the line of the .pub file.'
  if (/[^\x20-\x7e]/.test(text)) return 'A public key is one line of ASCII.'
  const [type = '', blob = '', ...rest] = text.split(' ')
  const readRest = READERS[type]
  if (!readRest) return unknownType(text)
  const bytes = Buffer.from(blob, 'base64')
  if (bytes.length === 0 || bytes.toString('base64') !== blob)
    return 'The key is not whole: its second part must be base64.'
  const problem = readWhole(bytes, type, readRest)
  if (problem !== null) return problem
  const comment = rest.join(' ').trim()
  if (comment.length > MAX_COMMENT_LENGTH) return `A comment has at most ${MAX_COMMENT_LENGTH} characters.`
  const digest = createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')
  return { type, blob, comment: comment === '' ? null : comment, fingerprint: `SHA256:${digest}` }
}

function unknownType(text: string): string {
  const kinds = Object.keys(READERS)
  if (kinds.some((kind) => text.includes(`${kind} `))) return 'Options before a key are not taken: begin with its type.'
  return `The type of the key must be one of ${kinds.join(', ')}.`
}

function readWhole(bytes: Buffer, type: string, readRest: (read: Reader) => string | null): string | null {
  const read = createReader(bytes)
  if (read.text() !== type) return 'The key inside is of another type than the line says.'
  const problem = readRest(read)
  if (problem !== null) return problem
  return read.isAtEnd() ? null : 'The key has bytes too few or too many.'
}

function readEd25519(read: Reader): string | null {
  return read.bytes()?.length === 32 ? null : 'An ed25519 key has 32 bytes.'
}

function readEcdsa(read: Reader, curve: keyof typeof CURVES, size: number): string | null {
  if (read.text() !== curve) return 'The key is on another curve than its type says.'
  const point = read.bytes()
  if (point?.length !== 1 + 2 * size || point[0] !== 4) return `A point on ${curve} has ${1 + 2 * size} bytes.`
  return isOnCurve(point.subarray(1), curve) ? null : `The point is not on ${curve}.`
}

const CURVES = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' }

function isOnCurve(point: Buffer, curve: keyof typeof CURVES): boolean {
  const [x, y] = [point.subarray(0, point.length / 2), point.subarray(point.length / 2)].map((part) =>
    part.toString('base64url'),
  )
  try {
    createPublicKey({ key: { kty: 'EC', crv: CURVES[curve], x, y }, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

function readApplication(read: Reader): string | null {
  return read.text() ? null : 'A security key names its application.'
}

function readRsa(read: Reader): string | null {
  const exponent = read.positive()
  const modulus = read.positive()
  if (!exponent || !modulus || exponent.bits < 2 || exponent.bits > 64 || !exponent.isOdd || !modulus.isOdd) {
    return 'The numbers of the RSA key are not in their form.'
  }
  if (modulus.bits >= MIN_RSA_BITS && modulus.bits <= MAX_RSA_BITS) return null
  return `An RSA key has ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, not ${modulus.bits}.`
}

type Reader = ReturnType<typeof createReader>

/** Reads strings that follow their length, as RFC 4251 5 defines them; null past the end. */
function createReader(data: Buffer) {
  let at = 0
  function bytes(): Buffer | null {
    if (at + 4 > data.length) return fail()
    const end = at + 4 + data.readUInt32BE(at)
    if (end > data.length) return fail()
    const part = data.subarray(at + 4, end)
    at = end
    return part
  }
  function fail(): null {
    at = data.length + 1
    return null
  }
  return {
    bytes,
    text: () => bytes()?.toString('latin1') ?? null,
    /** Reads a positive mpint; null where it is not in its shortest form. */
    positive() {
      const part = bytes()
      const [first, second] = part ?? []
      const isShortest = first !== undefined && first < 0x80 && (first !== 0 || (second ?? 0) >= 0x80)
      if (!part || !isShortest) return null
      const digits = part.subarray(first === 0 ? 1 : 0)
      return { bits: digits.length * 8 - Math.clz32((digits[0] ?? 0) << 24), isOdd: (part.at(-1) ?? 0) % 2 === 1 }
    },
    isAtEnd: () => at === data.length,
  }
}
