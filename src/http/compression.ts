/** Compresses answers where the client accepts it. */
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import accept from '@hapi/accept'
import type { Answer } from './request.ts'

/** The encodings that are offered; of two that a client accepts equally, the first is selected. */
const ENCODINGS = ['br', 'gzip'] as const

/** The name of an encoding, as in the header Content-Encoding. */
export type Encoding = (typeof ENCODINGS)[number]

/** Shorter answers fit into one packet anyway. */
const MIN_BYTES = 1024

/** These levels need 2 and 5 ms for 400 kB. The next higher ones need three times as long for a tenth less. */
const GZIP_LEVEL = 5
const BROTLI_QUALITY = 4

/** Selects the encoding that a client accepts and prefers (RFC 9110, 12.5.3); null where it accepts none of ours. */
export function selectEncoding(request: IncomingMessage): Encoding | null {
  try {
    const selected = accept.encoding(request.headers['accept-encoding'], [...ENCODINGS, 'identity'])
    return ENCODINGS.find((name) => name === selected) ?? null
  } catch {
    // The header is malformed. An answer that is not compressed can always be read.
    return null
  }
}

/** Encodes a text in one of Node's threads. */
export function encode(text: string, name: Encoding): Promise<Buffer> {
  if (name === 'gzip') return promisify(gzip)(text, { level: GZIP_LEVEL })
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: text.length }
  return promisify(brotliCompress)(text, { params })
}

/**
 * Compresses an answer that says that it holds no secret; every other one is left as it is. From the length of a
 * compressed text that holds a secret beside text of an attacker, the secret can be guessed (BREACH).
 */
export async function compress(request: IncomingMessage, answer: Answer): Promise<Answer<string | Buffer>> {
  const { status, headers, body, holdsNoSecret } = answer
  if (holdsNoSecret !== true || Buffer.byteLength(body) < MIN_BYTES) return answer
  const selected = selectEncoding(request)
  const varying = { ...headers, vary: 'accept-encoding' }
  if (selected === null) return { status, headers: varying, body }
  return { status, headers: { ...varying, 'content-encoding': selected }, body: await encode(body, selected) }
}
