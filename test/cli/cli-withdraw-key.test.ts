/** Withdrawing a signing key that leaked: every server on the database refuses what it signed. */
import { createPrivateKey } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readSigningKey } from '../../src/entities/session/signing-keys.ts'
import { createStartedStore } from '../support/database.ts'
import { lookInto, runCommand } from '../support/program.ts'
import { query } from '../support/rows.ts'
import { bearer } from '../support/sessions.ts'
import { forge, KEYRING, readToken } from '../support/tokens.ts'
import { auditOf, type Environment, fill, rotate, type Server, serve, serveApart, signIn, whose } from './rotations.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 180_000 })

/** A database with the token of a session, and the id of the key that signed it. */
async function createFilled() {
  const { environment: store, remove } = await createStartedStore()
  onTestFinished(remove)
  const token = await fill(store)
  return { store, token, kid: kidOf(token) }
}

function kidOf(token: string): string {
  return String(readToken(token).header.kid)
}

function withdraw(store: Environment, kid: string) {
  return runCommand(['rotate-signing-key', '--withdraw', kid], store)
}

async function readPublished(program: Server): Promise<string[]> {
  const { keys } = await (await fetch(new URL('/.well-known/jwks.json', program.url))).json()
  return keys.map(({ kid }: { kid: string }) => kid)
}

const readEvents = (store: Environment) => lookInto(store, (database) => auditOf(database, 'withdrawSigningKey'))

test('withdrawing the key that signs makes every server refuse its tokens at once, and another key signs', async () => {
  const { store, token, kid } = await createFilled()
  const leaked = await lookInto(store, ({ db }) => readSigningKey(db, KEYRING))
  const servers = [await serve(store), await serveApart(store)]
  // Both servers have used the key, and may remember it.
  for (const server of servers) expect(await whose(server, bearer(token))).toBe('root')

  const { code, stdout, stderr } = await withdraw(store, kid)

  for (const server of servers) expect(await whose(server, bearer(token))).toBe(401)
  const later = await signIn(servers[0] as Server)
  for (const server of servers) {
    expect(await whose(server, bearer(later))).toBe('root')
    expect(await readPublished(server)).toEqual([kidOf(later)])
  }
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe(
    `The key ${kid} was withdrawn: tokens that it signed are refused from now on. Tokens are signed with ${kidOf(later)}.\n`,
  )
  expect(await readEvents(store)).toEqual([
    { actor_kind: 'OPERATOR', target_type: 'Server', before: { kid }, after: { kid: kidOf(later) } },
  ])
  // The new session is open, but the key that leaked cannot speak for it.
  const key = createPrivateKey({ key: leaked?.jwk as never, format: 'jwk' })
  const forged = forge(key, readToken(token).header, readToken(later).payload)
  for (const server of servers) expect(await whose(server, bearer(forged))).toBe(401)
})

test('withdrawing an earlier key leaves the key that signs, and its tokens, as they are', async () => {
  const { store, token, kid } = await createFilled()
  await rotate('signing', store)
  const server = await serve(store)
  const later = await signIn(server)
  expect([await whose(server, bearer(token)), await whose(server, bearer(later))]).toEqual(['root', 'root'])

  const { code, stdout } = await withdraw(store, kid)

  expect([await whose(server, bearer(token)), await whose(server, bearer(later))]).toEqual([401, 'root'])
  expect(await readPublished(server)).toEqual([kidOf(later)])
  expect(kidOf(await signIn(server))).toBe(kidOf(later))
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `The key ${kid} was withdrawn: tokens that it signed are refused from now on.\n`,
  })
  expect(await readEvents(store)).toEqual([
    { actor_kind: 'OPERATOR', target_type: 'Server', before: { kid }, after: null },
  ])
})

test('withdrawing a key twice changes nothing the second time, and says so', async () => {
  const { store, kid } = await createFilled()
  await withdraw(store, kid)
  const rows = () => lookInto(store, (database) => query({ database }, sql`select * from signing_keys order by id`))
  const before = await rows()

  const { code, stdout, stderr } = await withdraw(store, kid)

  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: `The key ${kid} was withdrawn before; nothing was changed.\n`,
    stderr: '',
  })
  expect(await rows()).toEqual(before)
  expect(await readEvents(store)).toHaveLength(1)
})

test.each(['nonsense', '00000000-0000-7000-8000-000000000000', ''])(
  'withdrawing the unknown key "%s" is refused in one sentence and changes nothing',
  async (kid) => {
    const { store, token } = await createFilled()

    const { code, stdout, stderr } = await withdraw(store, kid)

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe(
      'chatelaine: There is no signing key with this id: /.well-known/jwks.json lists them, and a token has its own as "kid" in its header.\n',
    )
    expect(await readEvents(store)).toEqual([])
    expect(await whose(await serve(store), bearer(token))).toBe('root')
  },
)
