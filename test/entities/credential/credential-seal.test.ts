import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { keyIdOf, parseKeyring, SealError, seal, unseal } from '../../../src/encryption/keyring.ts'
import { listen } from '../../../src/http/server.ts'
import { createClient, startApp } from '../../support/app.ts'
import { change, changeDocument } from '../../support/change.ts'
import { addCredential, reveal, spellingsOf } from '../../support/credentials.ts'
import { ENCRYPTION_KEY } from '../../support/encryption-key.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createUser, type SeededUser } from '../../support/seed.ts'
import { openTestServices } from '../../support/services.ts'

const SECRET = 'top-secret-0123456789'
const [FIRST, SECOND] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]

function keyring(text: string) {
  const keys = parseKeyring(text)
  if (!keys) throw new Error(text)
  return keys
}

/** The text with one bit of one byte of a part changed. */
function altered(sealed: string, part: number, at: number): string {
  const parts = sealed.split('.')
  const bytes = Buffer.from(parts[part] ?? '', 'base64url')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return parts.with(part, bytes.toString('base64url')).join('.')
}

function sizeOf(sealed: string, part: number): number {
  return Buffer.from(sealed.split('.')[part] ?? '', 'base64url').length
}

describe('what is sealed', () => {
  test('opens only for the name it is bound to', async () => {
    const sealed = await seal(keyring(FIRST), SECRET, 'credentials/1/2')

    expect(await unseal(keyring(FIRST), sealed, 'credentials/1/2')).toBe(SECRET)
    for (const other of ['credentials/1/3', 'credentials/2/2', 'credentials/1/2/', '', 'signing_keys/1']) {
      await expect(unseal(keyring(FIRST), sealed, other)).rejects.toThrow(SealError)
    }
  })

  test('opens with any key of the keyring, and is sealed with the first one', async () => {
    const old = await seal(keyring(FIRST), SECRET, 'x')

    const both = keyring(`${SECOND}, ${FIRST}`)
    const next = await seal(both, SECRET, 'x')

    expect(await unseal(both, old, 'x')).toBe(SECRET)
    expect(await unseal(keyring(SECOND), next, 'x')).toBe(SECRET)
    expect([keyIdOf(old), keyIdOf(next)]).toEqual([keyring(FIRST).current.id, keyring(SECOND).current.id])
    await expect(unseal(keyring(FIRST), next, 'x')).rejects.toThrow(SealError)
    await expect(unseal(keyring(SECOND), old, 'x')).rejects.toThrow(SealError)
  })

  test('does not open where one of its bytes was changed', async () => {
    const keys = keyring(FIRST)
    const sealed = await seal(keys, SECRET, 'credentials/1/2')
    const opened: string[] = []

    for (const part of [0, 2, 3, 4]) {
      for (let at = 0; at < sizeOf(sealed, part); at++) {
        const text = altered(sealed, part, at)
        await unseal(keys, text, 'credentials/1/2').then(
          () => opened.push(text),
          (error: unknown) => expect(error).toBeInstanceOf(SealError),
        )
      }
    }

    expect([0, 2, 3, 4].map((part) => sizeOf(sealed, part) > 11)).toEqual([true, true, true, true])
    expect(opened).toEqual([])
  })

  test('does not open where parts are missing or come from another sealed text', async () => {
    const keys = keyring(FIRST)
    const [one, two] = [await seal(keys, SECRET, 'x'), await seal(keys, 'another text of such a length', 'x')]
    const parts = one.split('.')
    const wrong = ['', '.', '....', one.slice(0, -1), `${one}x`, `${one}.`, parts.slice(0, 4).join('.')]
    const mixed = [2, 3, 4].map((part) => parts.with(part, two.split('.')[part] ?? '').join('.'))

    for (const text of [...wrong, ...mixed]) {
      await expect(unseal(keys, text, 'x'), text).rejects.toThrow(SealError)
    }
  })

  test('has a nonce of its own, even for the same text', async () => {
    const keys = keyring(FIRST)

    const sealed = await Promise.all(Array.from({ length: 2000 }, () => seal(keys, SECRET, 'x')))

    const nonces = sealed.map((text) => text.split('.')[2])
    expect(new Set(nonces).size).toBe(2000)
    expect(nonces.every((nonce) => Buffer.from(nonce ?? '', 'base64url').length === 12)).toBe(true)
    expect(new Set(sealed.map((text) => text.split('.')[3])).size).toBe(2000)
  })
})

describe('a credential whose row was changed in the database', () => {
  const app = startApp()
  const said: string[] = []
  beforeEach(() => {
    said.length = 0
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const given = app.world(async () => {
    const bob = await createUser(app, 'bob')
    const id = await addCredential(bob.client, 'aws', SECRET)
    return { bob, id }
  })

  async function sealedOf(id: string): Promise<string> {
    const rows = await query<{ secrets: string }>(app, sql`select secrets from credentials where id = ${uuidOf(id)}`)
    return rows[0]?.secrets ?? ''
  }

  async function store(id: string, secrets: string | null) {
    await query(app, sql`update credentials set secrets = ${secrets} where id = ${uuidOf(id)}`)
  }

  /** It fails like any internal error, tells no secret to the client or the log, and writes nothing. */
  async function failsToOpen(user: SeededUser, name = 'aws', client = user.client) {
    const document = changeDocument('revealCredential', 'attributes { name value }')
    const { status, data, errors, headers } = await withoutWriting(app, () =>
      client.send(document, { input: { name } }),
    )
    expect([status, data]).toEqual([200, { revealCredential: null }])
    expect(errors.map(({ message, extensions }) => ({ message, extensions }))).toEqual([
      {
        message: 'Something went wrong. Tell the operator this request’s id.',
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: headers.get('x-request-id') },
      },
    ])
    expect(said.join('')).toContain(headers.get('x-request-id'))
    const told = JSON.stringify(errors) + said.join('')
    expect(spellingsOf(SECRET).filter((spelling) => told.includes(spelling))).toEqual([])
  }

  test('does not open with the secrets of another credential of the same user', async () => {
    const { bob, id } = given()
    const other = await addCredential(bob.client, 'ec2', 'another secret')
    const [mine, others] = [await sealedOf(id), await sealedOf(other)]

    await store(id, others)
    await store(other, mine)

    await failsToOpen(bob)
    await failsToOpen(bob, 'ec2')
    await store(id, mine)
    expect((await reveal(bob.client, 'aws')).at(-1)?.value).toBe(SECRET)
  })

  test('does not open with the secrets of another user’s credential', async () => {
    const { bob, id } = given()
    const carol = await createUser(app, 'carol')
    const hers = await addCredential(carol.client, 'aws', 'another secret')

    await store(hers, await sealedOf(id))

    await failsToOpen(carol)
    expect((await reveal(bob.client, 'aws')).at(-1)?.value).toBe(SECRET)
  })

  test('does not open for another user who was made its owner', async () => {
    const { bob, id } = given()
    const carol = await createUser(app, 'carol')

    await query(app, sql`update credentials set user_id = ${uuidOf(carol.id)} where id = ${uuidOf(id)}`)

    await failsToOpen(carol)
    await query(app, sql`update credentials set user_id = ${uuidOf(bob.id)} where id = ${uuidOf(id)}`)
    expect((await reveal(bob.client, 'aws')).at(-1)?.value).toBe(SECRET)
  })

  test.each([
    ['header', 0],
    ['nonce', 2],
    ['text', 3],
    ['tag', 4],
  ])('does not open with a changed byte in its %s', async (_name, part) => {
    const { bob, id } = given()
    const sealed = await sealedOf(id)

    for (const at of [0, sizeOf(sealed, part) - 1]) {
      await store(id, altered(sealed, part, at))
      await failsToOpen(bob)
    }
  })

  test.each([
    ['nothing', null],
    ['an empty text', ''],
    ['another text', 'nonsense'],
    ['the secrets in clear', JSON.stringify({ password: 'forged' })],
  ])('does not open with %s in their place', async (_name, text) => {
    const { bob, id } = given()

    await store(id, text)

    await failsToOpen(bob)
  })

  test('does not open with the id of an unknown key', async () => {
    const { bob, id } = given()
    const [header = '', ...rest] = (await sealedOf(id)).split('.')
    const parsed = JSON.parse(Buffer.from(header, 'base64url').toString())
    const other = Buffer.from(JSON.stringify({ ...parsed, kid: '0123456789abcdef' })).toString('base64url')

    await store(id, [other, ...rest].join('.'))

    await failsToOpen(bob)
  })

  test('does not open on a server with another key, but opens where its key follows a new one', async () => {
    const { bob } = given()
    const before = (await readAudit(app)).length

    const other = await listen(await openTestServices(app.database, { encryptionKey: FIRST }))
    const both = await listen(await openTestServices(app.database, { encryptionKey: `${FIRST},${ENCRYPTION_KEY}` }))
    try {
      await failsToOpen(
        bob,
        'aws',
        createClient(() => other.url, { 'api-key': bob.key }),
      )
      const client = createClient(() => both.url, { 'api-key': bob.key })
      expect((await reveal(client, 'aws')).at(-1)?.value).toBe(SECRET)
      await change(client, 'addCredential', { name: 'new', attributes: { jsonfile: { file: SECRET } } })
    } finally {
      await Promise.all([other.close(), both.close()])
    }

    const rows = await query(app, sql`select name, key_id from credentials order by name`)
    expect(rows).toEqual([
      { name: 'aws', key_id: keyring(ENCRYPTION_KEY).current.id },
      { name: 'new', key_id: keyring(FIRST).current.id },
    ])
    expect((await readAudit(app)).slice(before).map(({ action }) => action)).toEqual([
      'revealCredential',
      'addCredential',
    ])
  })
})
