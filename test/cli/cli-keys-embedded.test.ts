// Runs on the embedded database.
// Runs with whole servers.
/** Rotating the keys of a data folder: what was made before stays valid. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { bearer } from '../support/sessions.ts'
import {
  type Environment,
  expectRefusedStart,
  fill,
  reveal,
  rotate,
  SECRET,
  serve,
  signIn,
  whose,
} from './rotations.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 180_000 })

/** A data folder with secrets, whose key is in its file; and the token of a session. */
async function createFolder(): Promise<{ store: Environment; token: string }> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  const store = { DATA_DIR: environment.DATA_DIR ?? '' }
  writeFileSync(fileOf(store), `${ENCRYPTION_KEY}\n`, { mode: 0o600 })
  return { store, token: await fill(store) }
}

function fileOf({ DATA_DIR = '' }: Environment): string {
  return join(DATA_DIR, 'encryption.key')
}

/** The keys in the file of a data folder, the current one first. */
function keysOf(store: Environment): string[] {
  return readFileSync(fileOf(store), 'utf8').trim().split(',')
}

describe('rotating the encryption key of a data folder', () => {
  test('puts the new key first and keeps the previous one, at every rotation', async () => {
    const { store, token } = await createFolder()
    const seen = keysOf(store)
    expect(seen).toHaveLength(1)

    for (let round = 0; round < 3; round++) {
      expect(await rotate('encryption', store)).toMatch(/^2 secrets were sealed again/)
      const [fresh = '', before] = keysOf(store)
      expect(keysOf(store)).toEqual([fresh, seen.at(-1)])
      expect([seen.includes(fresh), before]).toEqual([false, seen.at(-1)])
      expect(Buffer.from(fresh, 'base64')).toHaveLength(32)
      expect(statSync(fileOf(store)).mode & 0o777).toBe(0o600)
      seen.push(fresh)
      const program = await serve(store)
      expect(await reveal(program)).toBe(SECRET)
      expect(await whose(program, bearer(token))).toBe('root')
      expect(await whose(program, bearer(await signIn(program)))).toBe('root')
      await program.stop()
    }
  })

  test('makes the new key sufficient: it opens every secret without the previous one', async () => {
    const { store, token } = await createFolder()
    await rotate('encryption', store)
    const [fresh = ''] = keysOf(store)

    const later = await serve({ ...store, ENCRYPTION_KEY: fresh })

    expect(await reveal(later)).toBe(SECRET)
    expect(await whose(later, bearer(token))).toBe('root')
    expect(await whose(later, bearer(await signIn(later)))).toBe('root')
  })

  test('stops a start with only the previous key, and the message names ENCRYPTION_KEY', async () => {
    const { store } = await createFolder()
    const [old = ''] = keysOf(store)

    await rotate('encryption', store)

    await expectRefusedStart(store, old)
  })
})
