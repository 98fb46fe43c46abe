/**
 * Encrypts stored secrets as JWE (`dir`, A256GCM). A sealed text contains the id of its key, and it is bound to the row
 * that it belongs to: it cannot be opened for another row.
 */
import { createHash } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'

interface EncryptionKey {
  id: string
  bytes: Uint8Array
}

/** The keys that open sealed texts; the first of them seals new ones. */
export interface Keyring {
  readonly current: EncryptionKey
  readonly byId: ReadonlyMap<string, EncryptionKey>
}

/** A sealed text can't be opened: it was sealed with another key or for another row, or it was altered. */
export class SealError extends Error {
  override name = 'SealError'
}

const KEY_BYTES = 32

/** Parses keys in base64, separated by commas, the one that seals first; null where one of them is not 32 bytes. */
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

/** Seals a text. @param boundTo what the text belongs to, like `credentials/<id>/<owner>`; it is needed to open the text again */
export function seal({ current }: Keyring, text: string, boundTo: string): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: current.id, boundTo })
    .encrypt(current.bytes)
}

/** Opens a sealed text. @throws SealError */
export async function unseal({ byId }: Keyring, sealed: string, boundTo: string): Promise<string> {
  const key = byId.get(keyIdOf(sealed) ?? '')
  if (!key) throw new SealError(`There is no key "${keyIdOf(sealed)}" to open what is kept.`)
  const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }
  const opened = await compactDecrypt(sealed, key.bytes, options).catch(() => null)
  if (opened?.protectedHeader.boundTo !== boundTo) throw new SealError('What is kept was altered, or is another’s.')
  return new TextDecoder().decode(opened.plaintext)
}

/** Returns the id of the key that a text was sealed with; null where the text is not a JWE. */
export function keyIdOf(sealed: string): string | null {
  try {
    return decodeProtectedHeader(sealed).kid ?? null
  } catch {
    return null
  }
}
