/** Rotating the keys that tokens are signed with and secrets are sealed with: what was made before stays good. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { describe, expect, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { createId } from '../../src/db/id.ts'
import { credentials, users } from '../../src/db/tables.ts'
import { seal } from '../../src/encryption/keyring.ts'
import { openKeyring } from '../../src/encryption/open.ts'
import { boundTo } from '../../src/entities/credential/operations.ts'
import { changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { beginProgram, createStore, lookInto, type Program, runCommand, startProgram } from '../support/program.ts'
import { query } from '../support/rows.ts'
import { basic, bearer, PASSWORD } from '../support/sessions.ts'
import { readToken } from '../support/tokens.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 180_000 })

type Environment = Record<string, string>

const ROOT_API_KEY = 'key-of-root-for-rotations-0123456789'
const NEW_KEY = Buffer.alloc(32, 'a new one').toString('base64')
const SECRET = 'kept and hidden'

/** Sends a document with these headers; gives its data and the status. */
async function send({ url }: Program, headers: Record<string, string>, document: string, variables: object = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: document, variables }),
  })
  return { status: response.status, ...(await response.json()) }
}

/** Makes one change as root; gives its payload. */
async function change(program: Program, name: string, input: object, payload: string) {
  const { data } = await send(program, { 'api-key': ROOT_API_KEY }, changeDocument(name, payload), { input })
  expect(data?.[name]?.__typename, JSON.stringify(data)).toMatch(/Payload$/)
  return data[name]
}

async function signIn(program: Program): Promise<string> {
  return (await change(program, 'signIn', { username: 'root', password: PASSWORD }, 'token')).token
}

/** Whom a token, or a password, is of; the status where it is not good. */
async function whose(program: Program, headers: Record<string, string>): Promise<string | number> {
  const { status, data } = await send(program, headers, '{ viewer { user { username } } }')
  return data?.viewer?.user.username ?? status
}

/** The secret of root’s credential aws. */
async function reveal(program: Program): Promise<string> {
  const payload = 'attributes { value isSecret }'
  const { attributes } = await change(program, 'revealCredential', { name: 'aws' }, payload)
  return attributes.find(({ isSecret }: { isSecret: boolean }) => isSecret).value
}

/** A server with a password of root’s, a session and a credential. */
async function start(store: Environment): Promise<{ program: Program; token: string }> {
  const program = await startProgram({ ...store, ROOT_API_KEY })
  await change(program, 'changePassword', { newPassword: PASSWORD }, '__typename')
  const attributes = { userpass: { username: 'me', password: SECRET } }
  await change(program, 'addCredential', { name: 'aws', attributes }, '__typename')
  return { program, token: await signIn(program) }
}

/** Nobody but the server may hold an embedded database: it makes way for the command. */
async function besideServer<T>(store: Environment, program: Program, act: () => Promise<T>): Promise<[Program, T]> {
  if (isPostgres()) return [program, await act()]
  await program.stop()
  const result = await act()
  return [await startProgram({ ...store, ROOT_API_KEY }), result]
}

/** Runs a rotation that must succeed; gives what it said. */
async function rotate(what: 'signing' | 'encryption', store: Environment): Promise<string> {
  const { code, stdout, stderr } = await runCommand([`rotate-${what}-key`], store)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

function auditOf(database: Database, action: string) {
  return query<{ actor_kind: string; after: { kid: string } }>(
    { database },
    sql`select actor_kind, target_type, after from audit_events where action = ${action} order by at, id`,
  )
}

/** A first start of an embedded database takes its time; what it has of its own comes last. */
const onServer = describe.runIf(isPostgres())

onServer('rotating the signing key', () => {
  test('signs with a new one from then on; what was signed before stays good, and both are published', async () => {
    const store = await createStore()
    const started = await start(store)

    const [program, said] = await besideServer(store, started.program, () => rotate('signing', store))
    const token = await signIn(program)

    const kids = [started.token, token].map((one) => String(readToken(one).header.kid))
    expect(kids[0]).not.toBe(kids[1])
    expect(said).toContain(kids[1])
    expect([await whose(program, bearer(started.token)), await whose(program, bearer(token))]).toEqual(['root', 'root'])
    const { keys } = await (await fetch(new URL('/.well-known/jwks.json', program.url))).json()
    expect(keys.map(({ kid }: { kid: string }) => kid)).toEqual([kids[1], kids[0]])
    await program.stop()
    expect(await lookInto(store, (database) => auditOf(database, 'rotateSigningKey'))).toEqual([
      { actor_kind: 'OPERATOR', target_type: 'Server', after: { kid: kids[1] } },
    ])
  })

  test('can be repeated: each token stays good', async () => {
    const store = await createStore()
    let { program, token } = await start(store)
    const tokens = [token]

    for (let round = 0; round < 2; round++) {
      ;[program] = await besideServer(store, program, () => rotate('signing', store))
      token = await signIn(program)
      tokens.push(token)
    }

    expect(new Set(tokens.map((one) => readToken(one).header.kid)).size).toBe(3)
    for (const one of tokens) expect(await whose(program, bearer(one))).toBe('root')
  })
})

/** The store with another ENCRYPTION_KEY; in a data folder the keys are in a file. */
function withKeys(store: Environment, ...keys: string[]): Environment {
  if (isPostgres()) return { ...store, ENCRYPTION_KEY: keys.join(',') }
  if (keys.length > 0) writeFileSync(fileOf(store), `${keys.join(',')}\n`)
  return store
}

function fileOf({ DATA_DIR = '' }: Environment): string {
  return join(DATA_DIR, 'encryption.key')
}

/** The key that a fresh store seals with. */
function firstKey(store: Environment): string {
  return isPostgres() ? ENCRYPTION_KEY : readFileSync(fileOf(store), 'utf8').trim()
}

onServer('rotating the encryption key', () => {
  test('seals all anew: credentials open and tokens are signed afterwards, with the new key alone', async () => {
    const store = await createStore()
    const { program, token } = await start(store)
    const old = firstKey(store)
    await program.stop()

    const said = await rotate('encryption', withKeys(store, ...(isPostgres() ? [NEW_KEY, old] : [])))
    const present = isPostgres() ? withKeys(store, NEW_KEY) : store
    const later = await startProgram({ ...present, ROOT_API_KEY })

    expect(said).toMatch(/^2 secrets were sealed anew/)
    expect(said).not.toContain(NEW_KEY)
    expect(firstKey(store) === old).toBe(isPostgres())
    expect(await reveal(later)).toBe(SECRET)
    expect(await whose(later, bearer(token))).toBe('root')
    expect(await whose(later, bearer(await signIn(later)))).toBe('root')
    if (!isPostgres()) expect(statSync(fileOf(store)).mode & 0o777).toBe(0o600)
    const { stdout, stderr } = await later.stop()
    expect(stdout + stderr).not.toContain(SECRET)
    const rows = await lookInto(present, (database) => auditOf(database, 'rotateEncryptionKey'))
    expect(rows.map(({ actor_kind }) => actor_kind)).toEqual(['OPERATOR'])
  })

  test('that was interrupted before it sealed anything is gone on with, and servers read what either key sealed', async () => {
    const store = await createStore()
    const { program } = await start(store)
    const old = firstKey(store)
    await program.stop()
    const both = withKeys(store, NEW_KEY, old)

    const between = await startProgram({ ...both, ROOT_API_KEY })
    expect(await reveal(between)).toBe(SECRET)
    await between.stop()
    const counts = [await rotate('encryption', both), await rotate('encryption', both)]
    const later = await startProgram({ ...withKeys(store, ...(isPostgres() ? [NEW_KEY] : [])), ROOT_API_KEY })

    expect(counts[0]).toMatch(/^2 secrets/)
    // Repeated there is nothing left to do; a data folder has yet another key then.
    expect(counts[1]).toMatch(isPostgres() ? /^0 secrets/ : /^2 secrets/)
    expect(await reveal(later)).toBe(SECRET)
  })

  test('with keys none of which sealed what is kept changes nothing, and says so in one line', async () => {
    const store = await createStore()
    const { program } = await start(store)
    const old = firstKey(store)
    await program.stop()
    const sealed = () => lookInto(store, (database) => query({ database }, sql`select secrets from credentials`))
    const before = await sealed()

    const { code, stdout, stderr } = await runCommand(['rotate-encryption-key'], withKeys(store, NEW_KEY, NEW_KEY))

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: [^\n]+\n$/)
    expect(await sealed()).toEqual(before)
    const later = await startProgram({ ...withKeys(store, old), ROOT_API_KEY })
    expect(await reveal(later)).toBe(SECRET)
  })
})

/** Puts many credentials of root’s beside the one there is, sealed with the key of the store. */
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

describe('rotating the encryption key while a server runs with both', () => {
  const COUNT = 1500

  test('and killed half way leaves every credential readable, and is gone on with', async ({ skip }) => {
    if (!isPostgres()) skip('An embedded database is one process’s alone.')
    const store = await createStore()
    const { program } = await start(store)
    await program.stop()
    await addMany(store, COUNT)
    const both = withKeys(store, NEW_KEY, ENCRYPTION_KEY)
    const server = await startProgram({ ...both, ROOT_API_KEY })

    const interrupted = await lookInto(store, async (database) => {
      const { current } = openKeyring(readConfig(both))
      const sealedAnew = async () => {
        const [row] = await query<{ n: number }>(
          { database },
          sql`select count(*)::int as n from credentials where key_id = ${current.id}`,
        )
        return row?.n ?? 0
      }
      const running = beginProgram(['rotate-encryption-key'], both)
      while ((await sealedAnew()) === 0) expect(await reveal(server)).toBe(SECRET)
      await running.stop('SIGKILL')
      return sealedAnew()
    })
    const revealed = [await reveal(server), await whose(server, basic('root', PASSWORD))]
    const said = await rotate('encryption', both)
    const later = await startProgram({ ...withKeys(store, NEW_KEY), ROOT_API_KEY })

    expect(interrupted).toBeGreaterThan(0)
    expect(interrupted).toBeLessThan(COUNT)
    expect(revealed).toEqual([SECRET, 'root'])
    expect(Number(said.split(' ')[0])).toBe(COUNT + 1 - interrupted)
    expect(await reveal(later)).toBe(SECRET)
    const payload = 'attributes { value isSecret }'
    for (const index of [0, COUNT / 2, COUNT - 1]) {
      const { attributes } = await change(later, 'revealCredential', { name: `c${index}` }, payload)
      expect(attributes.at(-1)).toEqual({ value: `secret ${index}`, isSecret: true })
    }
  })
})

/** The keys in the file of a data folder, the one that seals first. */
function keysOf(store: Environment): string[] {
  return readFileSync(fileOf(store), 'utf8').trim().split(',')
}

describe('rotating the encryption key of a data folder', () => {
  test('puts the new key first and keeps the one before, however often it is done', async ({ skip }) => {
    if (isPostgres()) skip('The keys of a server on PostgreSQL are its operator’s.')
    const store = await createStore()
    let { program } = await start(store)
    const seen = keysOf(store)
    expect(seen).toHaveLength(1)

    for (let round = 0; round < 3; round++) {
      await program.stop()
      expect(await rotate('encryption', store)).toMatch(/^2 secrets were sealed anew/)
      const [fresh = '', before] = keysOf(store)
      expect(keysOf(store)).toEqual([fresh, seen.at(-1)])
      expect([seen.includes(fresh), before]).toEqual([false, seen.at(-1)])
      expect(Buffer.from(fresh, 'base64')).toHaveLength(32)
      expect(statSync(fileOf(store)).mode & 0o777).toBe(0o600)
      seen.push(fresh)
      program = await startProgram({ ...store, ROOT_API_KEY })
      expect(await reveal(program)).toBe(SECRET)
      expect(await whose(program, bearer(await signIn(program)))).toBe('root')
    }
  })

  test('leaves nothing that needs the key before: the new one alone opens it all', async ({ skip }) => {
    if (isPostgres()) skip('The keys of a server on PostgreSQL are its operator’s.')
    const store = await createStore()
    const { program } = await start(store)
    await program.stop()
    await rotate('encryption', store)
    const [fresh = ''] = keysOf(store)

    const later = await startProgram({ ...store, ENCRYPTION_KEY: fresh, ROOT_API_KEY })

    expect(await reveal(later)).toBe(SECRET)
    expect(await whose(later, bearer(await signIn(later)))).toBe('root')
  })

  test('with the older key alone the start is refused in a line that names ENCRYPTION_KEY', async () => {
    const store = await createStore()
    const { program } = await start(store)
    const old = firstKey(store)
    await program.stop()
    await rotate('encryption', isPostgres() ? withKeys(store, NEW_KEY, old) : store)

    const { code, stdout, stderr } = await runCommand(['serve'], { ...store, ENCRYPTION_KEY: old, ROOT_API_KEY })

    expect({ code, said: stdout.includes('listens at') }, stdout).toEqual({ code: 1, said: false })
    expect(stderr).toMatch(/^chatelaine: [^\n]*ENCRYPTION_KEY[^\n]*\n$/)
    expect(stderr).not.toContain(old)
  })
})
