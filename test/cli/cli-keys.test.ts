/** Rotating the keys that sign tokens and seal secrets, on PostgreSQL: what was made before stays valid. */
import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { createId } from '../../src/db/id.ts'
import { credentials, users } from '../../src/db/tables.ts'
import { seal } from '../../src/encryption/keyring.ts'
import { openKeyring } from '../../src/encryption/open.ts'
import { boundTo } from '../../src/entities/credential/operations.ts'
import { createStartedStore } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { beginProgram, lookInto, runCommand } from '../support/program.ts'
import { query } from '../support/rows.ts'
import { basic, bearer, PASSWORD } from '../support/sessions.ts'
import { readToken } from '../support/tokens.ts'
import {
  auditOf,
  type Environment,
  expectRefusedStart,
  fill,
  reveal,
  rotate,
  SECRET,
  serve,
  serveApart,
  signIn,
  whose,
} from './rotations.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 180_000 })

const NEW_KEY = createHash('sha256').update('a new one').digest('base64')

/** A database with secrets, and the token of a session. */
async function createFilled(): Promise<{ store: Environment; token: string }> {
  const { environment: store, remove } = await createStartedStore()
  onTestFinished(remove)
  return { store, token: await fill(store) }
}

/** The store with other keys, the current one first. */
function withKeys(store: Environment, ...keys: string[]): Environment {
  return { ...store, ENCRYPTION_KEY: keys.join(',') }
}

describe('rotating the signing key', () => {
  test('signs later tokens with a new key, keeps earlier tokens valid, and publishes both keys', async () => {
    const { store, token: earlier } = await createFilled()
    const program = await serve(store)

    const said = await rotate('signing', store)
    const token = await signIn(program)

    const kids = [earlier, token].map((one) => String(readToken(one).header.kid))
    expect(kids[0]).not.toBe(kids[1])
    expect(said).toContain(kids[1])
    expect([await whose(program, bearer(earlier)), await whose(program, bearer(token))]).toEqual(['root', 'root'])
    const { keys } = await (await fetch(new URL('/.well-known/jwks.json', program.url))).json()
    expect(keys.map(({ kid }: { kid: string }) => kid)).toEqual([kids[1], kids[0]])
    await program.stop()
    expect(await lookInto(store, (database) => auditOf(database, 'rotateSigningKey'))).toEqual([
      { actor_kind: 'OPERATOR', target_type: 'Server', before: null, after: { kid: kids[1] } },
    ])
  })

  test('can be repeated, and each token stays valid', async () => {
    const { store, token } = await createFilled()
    const program = await serve(store)
    const tokens = [token]

    for (let round = 0; round < 2; round++) {
      await rotate('signing', store)
      tokens.push(await signIn(program))
    }

    expect(new Set(tokens.map((one) => readToken(one).header.kid)).size).toBe(3)
    for (const one of tokens) expect(await whose(program, bearer(one))).toBe('root')
  })
})

describe('rotating the encryption key', () => {
  test('seals every secret again: a server with only the new key reads credentials and signs tokens', async () => {
    const { store, token } = await createFilled()

    const said = await rotate('encryption', withKeys(store, NEW_KEY, ENCRYPTION_KEY))
    const present = withKeys(store, NEW_KEY)
    const later = await serveApart(present)

    expect(said).toMatch(/^2 secrets were sealed again/)
    expect(said).not.toContain(NEW_KEY)
    expect(await reveal(later)).toBe(SECRET)
    expect(await whose(later, bearer(token))).toBe('root')
    expect(await whose(later, bearer(await signIn(later)))).toBe('root')
    const { stdout, stderr } = await later.stop()
    expect(stdout + stderr).not.toContain(SECRET)
    const rows = await lookInto(present, (database) => auditOf(database, 'rotateEncryptionKey'))
    expect(rows.map(({ actor_kind }) => actor_kind)).toEqual(['OPERATOR'])
  })

  test('can be continued if it was interrupted, and until then a server with both keys reads every secret', async () => {
    const { store } = await createFilled()
    const both = withKeys(store, NEW_KEY, ENCRYPTION_KEY)

    const between = await serve(both)
    expect(await reveal(between)).toBe(SECRET)
    await between.stop()
    const counts = [await rotate('encryption', both), await rotate('encryption', both)]
    const later = await serve(withKeys(store, NEW_KEY))

    expect(counts[0]).toMatch(/^2 secrets/)
    expect(counts[1]).toMatch(/^0 secrets/)
    expect(await reveal(later)).toBe(SECRET)
  })

  test('changes nothing without the key that sealed the secrets, and says so in one line', async () => {
    const { store } = await createFilled()
    const sealed = () => lookInto(store, (database) => query({ database }, sql`select secrets from credentials`))
    const before = await sealed()

    const { code, stdout, stderr } = await runCommand(['rotate-encryption-key'], withKeys(store, NEW_KEY, NEW_KEY))

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: [^\n]+\n$/)
    expect(await sealed()).toEqual(before)
    expect(await reveal(await serve(store))).toBe(SECRET)
  })

  test('stops a start with only the previous key, and the message names ENCRYPTION_KEY', async () => {
    const { store } = await createFilled()

    await rotate('encryption', withKeys(store, NEW_KEY, ENCRYPTION_KEY))

    await expectRefusedStart(store, ENCRYPTION_KEY)
  })
})

/** Puts many credentials of root's beside the one there is, sealed with the key of the store. */
async function addMany(store: Environment, count: number) {
  const keyring = openKeyring(readConfig(store))
  await lookInto(store, async ({ db }) => {
    const [root] = await db.select({ id: users.id }).from(users).where(eq(users.username, 'root'))
    const userId = root?.id ?? ''
    const rows = await Promise.all(
      Array.from({ length: count }, async (_none, index) => {
        const id = createId()
        const secrets = await seal(keyring, JSON.stringify({ password: `secret ${index}` }), boundTo({ id, userId }))
        const kind = { type: 'userpass', attributes: { username: 'me' }, secretNames: ['password'] }
        const fixed = { ...kind, keyId: keyring.current.id }
        return { id, userId, name: `c${index}`, secrets, ...fixed }
      }),
    )
    await db.insert(credentials).values(rows)
  })
}

describe('rotating the encryption key while a server runs with both keys', () => {
  const COUNT = 1500

  test('keeps every credential readable if it is killed, and can be continued', async () => {
    const { store } = await createFilled()
    await addMany(store, COUNT)
    const both = withKeys(store, NEW_KEY, ENCRYPTION_KEY)
    const server = await serve(both)

    const interrupted = await lookInto(store, async (database) => {
      const { current } = openKeyring(readConfig(both))
      const sealedAgain = async () => {
        const [row] = await query<{ n: number }>(
          { database },
          sql`select count(*)::int as n from credentials where key_id = ${current.id}`,
        )
        return row?.n ?? 0
      }
      const running = beginProgram(['rotate-encryption-key'], both)
      while ((await sealedAgain()) === 0) expect(await reveal(server)).toBe(SECRET)
      await running.stop('SIGKILL')
      return sealedAgain()
    })
    const revealed = [await reveal(server), await whose(server, basic('root', PASSWORD))]
    const said = await rotate('encryption', both)
    const later = await serve(withKeys(store, NEW_KEY))

    expect(interrupted).toBeGreaterThan(0)
    expect(interrupted).toBeLessThan(COUNT)
    expect(revealed).toEqual([SECRET, 'root'])
    expect(Number(said.split(' ')[0])).toBe(COUNT + 1 - interrupted)
    expect(await reveal(later)).toBe(SECRET)
    for (const index of [0, COUNT / 2, COUNT - 1]) expect(await reveal(later, `c${index}`)).toBe(`secret ${index}`)
  })
})
