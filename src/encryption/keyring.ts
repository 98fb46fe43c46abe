/**
 * Secrets at rest: JWE (`dir`, A256GCM) with the id of the key inside, bound to what they belong to. A text sealed for one
 * row opens for no other.
 */
import { createHash } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'

interface EncryptionKey {
  id: string
  bytes: Uint8Array
}

/** The keys that open what is kept; the first of them seals. */
export interface Keyring {
  readonly current: EncryptionKey
  readonly byId: ReadonlyMap<string, EncryptionKey>
}

/** What is kept can't be opened: with another key it was sealed, for another row, or it was altered. */
export class SealError extends Error {
  override name = 'SealError'
}

const KEY_BYTES = 32

/** Keys in base64, separated by commas, the one that seals first; null where one of them is not 32 bytes. */
export function parseKeyring(text: string): Keyring | null {
  const keys = text.split(',').map((part) => readKey(part.trim()))
  if (!keys.every((key) => key !== null)) return null
  const [current] = keys
  return current ? { current, byId: new Map(keys.map((key) => [key.id, key])) } : null
}

function readKey(text: string): EncryptionKey | null {
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== KEY_BYTES) return null
  return { id: createHash('sha256').update('chatelaine key id').update(bytes).digest('hex').slice(0, 16), bytes }
}

/** @param boundTo what it belongs to, like `credentials/<id>/<owner>`; it is needed to open it again */
export function seal({ current }: Keyring, text: string, boundTo: string): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: current.id, boundTo })
    .encrypt(current.bytes)
}

/** @throws SealError */
export async function unseal({ byId }: Keyring, sealed: string, boundTo: string): Promise<string> {
  const key = byId.get(keyIdOf(sealed) ?? '')
  if (!key) throw new SealError(`There is no key "${keyIdOf(sealed)}" to open what is kept.`)
  const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }
  const opened = await compactDecrypt(sealed, key.bytes, options).catch(() => null)
  if (opened?.protectedHeader.boundTo !== boundTo) throw new SealError('What is kept was altered, or is another’s.')
  return new TextDecoder().decode(opened.plaintext)
}

/** The id of the key that a text was sealed with; null where it is no JWE. */
export function keyIdOf(sealed: string): string | null {
  try {
    return decodeProtectedHeader(sealed).kid ?? null
  } catch {
    return null
  }
}
