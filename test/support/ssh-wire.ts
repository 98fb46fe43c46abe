/** Public keys put together by hand, in the wire format of RFC 4251 5. */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'

/** A string: its length in four bytes, then its bytes. */
export function wireString(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content as Uint8Array)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A line of a `.pub` file whose key consists of these strings after the name of its type. */
export function lineOf(type: string, parts: (string | Uint8Array)[], comment: string | null = null): string {
  const blob = Buffer.concat([wireString(type), ...parts.map(wireString)]).toString('base64')
  return [type, blob, ...(comment === null ? [] : [comment])].join(' ')
}

/** A new ed25519 key; any 32 bytes will do. */
export function ed25519Line(comment: string | null = null): string {
  return lineOf('ssh-ed25519', [randomBytes(32)], comment)
}

/** The numbers of a new RSA key, each in its one shortest form. */
export function rsaNumbers(bits: number): { exponent: Buffer; modulus: Buffer } {
  const { e = '', n = '' } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' })
  // The highest bit is the sign.
  return {
    exponent: Buffer.from(e, 'base64url'),
    modulus: Buffer.concat([Buffer.alloc(1), Buffer.from(n, 'base64url')]),
  }
}

/** A point on P-256, uncompressed: 4, x, y. */
export function pointOnP256(): Buffer {
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}

/** The second word of a line, as bytes. */
export function blobOf(line: string): Buffer {
  return Buffer.from(line.split(' ')[1] ?? '', 'base64')
}

/** The same line around other bytes. */
export function withBlob(line: string, blob: Uint8Array): string {
  const [type, , ...comment] = line.split(' ')
  return [type, Buffer.from(blob).toString('base64'), ...comment].join(' ')
}

/** SHA-256 of the key, as `ssh-keygen -lf` prints it. */
export function fingerprintOf(line: string): string {
  return `SHA256:${createHash('sha256').update(blobOf(line)).digest('base64').replaceAll('=', '')}`
}
