/** Tokens signed with the server's own key, saying whatever a test wants. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { expect } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openKeyring } from '../../src/encryption/open.ts'
import { readSigningKey } from '../../src/entities/session/signing-keys.ts'
import type { TestApp } from './app.ts'
import { ENCRYPTION_KEY } from './encryption-key.ts'

export const KEYRING = openKeyring(readConfig({ ENCRYPTION_KEY }))

/** The part of a token, as JSON or as these very bytes. */
export function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** A token signed with this key, whatever its header says. */
export function forge(key: KeyObject, header: unknown, payload: unknown): string {
  const signed = `${part(header)}.${part(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

/** What the parts of a token say. */
export function readToken(token: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header, payload] = token.split('.', 2).map((text) => JSON.parse(Buffer.from(text, 'base64url').toString()))
  return { header, payload }
}

/** The key that the server signs with. */
export async function readPrivateKey(app: TestApp): Promise<KeyObject> {
  const signing = await readSigningKey(app.database.db, KEYRING)
  expect(signing).not.toBe(null)
  return createPrivateKey({ key: signing?.jwk as never, format: 'jwk' })
}
