/** Services show a key that somebody showed them, and are told whose it is and what it may do. */

import { beforeAll, describe, expect, test } from 'vitest'
import { createToken } from '../../src/entities/api-key/token.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { get } from '../support/http.ts'
import { inDays } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { type RawAnswer, rawAnswer } from '../support/raw.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { lapseGrants, lapseKey, uuidOf, withoutWriting } from '../support/rows.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'
import { recordStatements, type Statements } from '../support/statements.ts'
import { createGate, statementsOf, wordsOf } from '../support/verify.ts'

const app = startApp()

let statements: Statements
beforeAll(() => {
  statements = recordStatements(app.database)
})

const VERIFY = `query ($secret: String!) { verifyApiKey(secret: $secret) { username isReadOnly expiresAt
  permissions { name organization project expiresAt } user { id username } apiKey { id label } } }`

const VERSIONS = ['version.create', 'version.delete', 'version.update']

/** The project apollo of the organization acme, whose members hold doc.read, and bob, who is one and keeps its versions. */
async function startBob() {
  await createOrganization(app, 'acme', ['doc.read'])
  await createProject(app, 'apollo', 'acme')
  return createUser(app, 'bob', { organization: 'acme', roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })
}

const OF_BOB = ['doc.read in acme', ...VERSIONS.map((word) => `${word} on apollo`)]

/** What is told of a key. */
async function verify(secret: string, gate = app.root) {
  const { verifyApiKey } = await gate.ok(VERIFY, { secret })
  return verifyApiKey && { ...verifyApiKey, permissions: wordsOf(verifyApiKey.permissions) }
}

describe('a good key', () => {
  test('is answered with its user, the key, and all its permissions with their places', async () => {
    const bob = await startBob()

    expect(await verify(bob.key)).toEqual({
      ...{ username: 'bob', isReadOnly: false, expiresAt: null, permissions: OF_BOB },
      ...{ user: { id: bob.id, username: 'bob' }, apiKey: { id: bob.keyId, label: 'first key' } },
    })
  })

  test('that is read-only or expires says so', async () => {
    const bob = await startBob()
    const expiresAt = inDays(1)
    const { id, key } = await createApiKey(bob.client, { isReadOnly: true, expiresAt, label: 'ci' })

    expect(await verify(key)).toEqual({
      ...{ username: 'bob', isReadOnly: true, expiresAt, permissions: OF_BOB },
      ...{ user: { id: bob.id, username: 'bob' }, apiKey: { id, label: 'ci' } },
    })
  })

  test('that is limited may do what its user and its limits both allow', async () => {
    const bob = await startBob()
    await createRole(app, 'READER', ['doc.read', 'doc.print', 'version.create'])
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', organization: 'default' }])
    const keyWith = (limits: Parameters<typeof createApiKey>[1]) => createApiKey(bob.client, limits)
    const onApollo = await keyWith({ limits: [{ role: 'READER', project: 'apollo' }] })
    const everywhere = await keyWith({ limits: [{ role: 'READER', everywhere: true }] })
    const elsewhere = await keyWith({ limits: [{ role: 'AUDITOR', everywhere: true }] })
    const nothing = await keyWith({ limits: [] })

    expect((await verify(onApollo.key)).permissions).toEqual(['doc.read on apollo', 'version.create on apollo'])
    expect((await verify(everywhere.key)).permissions).toEqual([
      ...['doc.read in acme', 'version.create in default', 'version.create on apollo'],
    ])
    expect((await verify(elsewhere.key)).permissions).toEqual([])
    expect((await verify(nothing.key)).permissions).toEqual([])
  })

  test('of an administrator may do everything, word by word', async () => {
    await startBob()
    const chief = await createUser(app, 'chief', { isAdmin: true })
    const { permissions } = await app.root.ok('{ permissions(first: 100) { nodes { name } } }')
    const every = permissions.nodes.map(({ name }: { name: string }) => `${name} everywhere`)

    const verified = await verify(chief.key)

    expect(verified.permissions).toEqual(every.sort())
    expect(every).toContain('doc.read everywhere')
    expect(every).toContain('organizations.manage everywhere')
  })

  test('from ROOT_API_KEY is verified like any other, until it is revoked', async () => {
    const gate = await createGate(app, 'gate', 'default')
    const { viewer } = await app.root.ok('{ viewer { user { id } apiKey { id } } }')
    const chief = await createUser(app, 'chief', { isAdmin: true })

    const verified = await verify(ROOT_KEY)

    expect(verified).toEqual({
      ...{ username: 'root', isReadOnly: false, expiresAt: null, user: { id: viewer.user.id, username: 'root' } },
      ...{
        permissions: (await verify(chief.key)).permissions,
        apiKey: { id: viewer.apiKey.id, label: 'ROOT_API_KEY' },
      },
    })
    expect((await verify(ROOT_KEY, gate.client)).username).toBe('root')
    await change(chief.client, 'revokeApiKey', { apiKey: viewer.apiKey.id })
    expect(await verify(ROOT_KEY, gate.client)).toBe(null)
  })

  test('says until when each permission is held', async () => {
    const bob = await createUser(app, 'bob')
    const expiresAt = inDays(3)
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', everywhere: true, expiresAt: expiresAt }])

    const { verifyApiKey } = await app.root.ok(VERIFY, { secret: bob.key })

    expect(verifyApiKey.permissions).toEqual(
      VERSIONS.map((name) => ({ name, organization: null, project: null, expiresAt })),
    )
  })

  test('loses a permission as soon as it ends', async () => {
    const bob = await createUser(app, 'bob')
    await createRole(app, 'EDITOR', ['doc.edit', 'doc.read'])
    const editor = { role: 'EDITOR', everywhere: true }
    const words = async () => (await verify(bob.key)).permissions

    await grantRoles(app, 'bob', [editor])
    expect(await words()).toEqual(['doc.edit everywhere', 'doc.read everywhere'])
    await change(app.root, 'updateRole', { role: 'EDITOR', removePermissions: ['doc.edit'] })
    expect(await words()).toEqual(['doc.read everywhere'])
    await change(app.root, 'revokeRoles', { user: 'bob', roles: [editor] })
    expect(await words()).toEqual([])
    await grantRoles(app, 'bob', [{ ...editor, expiresAt: inDays(1) }])
    expect(await words()).toEqual(['doc.read everywhere'])
    await lapseGrants(app, bob.id)
    expect(await words()).toEqual([])
    await grantRoles(app, 'bob', [editor])
    expect(await words()).toEqual(['doc.read everywhere'])
    await change(app.root, 'deleteRole', { role: 'EDITOR' })
    expect(await words()).toEqual([])
  })
})

describe('a key that is not valid, or that the caller may not ask about, is answered with null', () => {
  const MISSING = '01a201b6-260a-78b5-870d-b8567cbdacdf'
  let missing: RawAnswer

  /** A service that may ask about default alone, and the answer it gets for a key that never was. */
  async function startGate() {
    await createOrganization(app, 'acme')
    const gate = await createGate(app, 'gate', 'default')
    missing = await rawAnswer(app, gate.key, VERIFY, { secret: createToken(MISSING) })
    expect(missing).toMatchObject({ status: 200, body: '{"data":{"verifyApiKey":null}}' })
    return gate
  }

  test.each<[string, (bob: { id: string; key: string; keyId: string }) => Promise<string> | string]>([
    ['another secret with the id of a good one', ({ keyId }) => createToken(uuidOf(keyId))],
    ['a mistyped one', ({ key }) => `${key.slice(0, -8)}${key.at(-8) === 'a' ? 'b' : 'a'}${key.slice(-7)}`],
    ['one that was cut off', ({ key }) => key.slice(0, -1)],
    ['one with a space behind it', ({ key }) => `${key} `],
    ['nothing', () => ''],
    ['nonsense', () => 'chl_nonsense'],
    ['the id of a key', ({ keyId }) => keyId],
    ['a long text', () => 'x'.repeat(10_000)],
    ['a part of root’s key from ROOT_API_KEY', () => ROOT_KEY.slice(0, -1)],
    [
      'a revoked one',
      async ({ key, keyId }) => {
        await change(app.root, 'revokeApiKey', { apiKey: keyId })
        return key
      },
    ],
    [
      'an expired one',
      async ({ key, keyId }) => {
        await lapseKey(app, keyId)
        return key
      },
    ],
    [
      'one that was rotated away',
      async ({ key, keyId }) => {
        await change(app.root, 'rotateApiKey', { apiKey: keyId })
        return key
      },
    ],
    [
      'one of a disabled user',
      async ({ key }) => {
        await change(app.root, 'disableUser', { user: 'bob' })
        return key
      },
    ],
    [
      'one of a deleted user',
      async ({ key }) => {
        await change(app.root, 'deleteUser', { user: 'bob' })
        return key
      },
    ],
    ['one of a user of another organization', async () => (await createUser(app, 'zoe', { organization: 'acme' })).key],
  ])('%s', async (_name, presented) => {
    const gate = await startGate()
    const bob = await createUser(app, 'bob')
    expect((await verify(bob.key, gate.client)).username).toBe('bob')
    const secret = await presented(bob)

    const answer = await withoutWriting(app, () => rawAnswer(app, gate.key, VERIFY, { secret }))

    expect(answer).toEqual(missing)
  })

  test('a rotated one still works until its overlap ends', async () => {
    const gate = await startGate()
    const bob = await createUser(app, 'bob')
    const input = { apiKey: bob.keyId, overlapUntil: inDays(1) }
    const { secret } = await change(app.root, 'rotateApiKey', input, 'secret')

    expect((await verify(bob.key, gate.client)).username).toBe('bob')
    expect((await verify(secret, gate.client)).username).toBe('bob')
    await lapseKey(app, bob.keyId)
    expect(await verify(bob.key, gate.client)).toBe(null)
    expect((await verify(secret, gate.client)).username).toBe('bob')
  })
})

describe('the caller', () => {
  test('needs access.check somewhere: users.read and all else is not enough', async () => {
    const bob = await startBob()
    await createRole(app, 'MANAGER', ['users.read', 'users.manage', 'audit.read', 'roles.grant'])
    const eve = await createUser(app, 'eve', { roles: [{ role: 'MANAGER', everywhere: true }] })

    for (const client of [eve.client, bob.client]) {
      const { path, extensions } = await client.refused('FORBIDDEN', VERIFY, { secret: bob.key })
      expect([path, missingOf(extensions)]).toEqual([['verifyApiKey'], ['access.check']])
    }
  })

  test('has no access to an organization where they hold it only on a project', async () => {
    const bob = await startBob()
    const aud = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', project: 'apollo' }] })

    expect(await verify(bob.key, aud.client)).toBe(null)
  })

  test('is within the limits of the key they ask with', async () => {
    const bob = await startBob()
    const gate = await createGate(app, 'gate')
    const narrow = await createApiKey(gate.client, { limits: [{ role: 'CHECKER', organization: 'default' }] })
    const none = await createApiKey(gate.client, { limits: [{ role: 'VERSION_MANAGER', everywhere: true }] })

    expect((await verify(bob.key, gate.client)).username).toBe('bob')
    expect(await verify(bob.key, app.as(narrow.key))).toBe(null)
    await app.as(none.key).refused('FORBIDDEN', VERIFY, { secret: bob.key })
  })

  test('gets the name and the permissions, and of user and key only what they may read', async () => {
    const bob = await startBob()
    const gate = await createGate(app, 'gate', 'acme')
    const auditor = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', organization: 'acme' }] })
    await createRole(app, 'EDITOR', ['doc.edit'], 'acme')
    await grantRoles(app, 'bob', [{ role: 'EDITOR', organization: 'acme' }])
    const permissions = ['doc.edit in acme', ...OF_BOB]
    const told = { username: 'bob', isReadOnly: false, expiresAt: null, permissions }
    const everywhere = await createGate(app, 'everywhere')

    expect(await verify(bob.key, everywhere.client)).toEqual({ ...told, user: null, apiKey: null })
    expect(await verify(bob.key, gate.client)).toEqual({ ...told, user: null, apiKey: null })
    expect(await verify(bob.key, auditor.client)).toEqual({
      ...{ ...told, user: { id: bob.id, username: 'bob' }, apiKey: { id: bob.keyId, label: 'first key' } },
    })
  })

  test('tells a user from a later user of the same name by the id, which a caller who may not see the user gets too', async () => {
    const ofName = 'query ($secret: String!) { verifyApiKey(secret: $secret) { userId username user { id } } }'
    const gate = await createGate(app, 'gate', 'default')
    const [first, second] = [await createUser(app, 'bob'), await deleteAndCreate('bob')]

    const { verifyApiKey } = await gate.client.ok(ofName, { secret: second.key })

    expect(verifyApiKey).toEqual({ userId: second.id, username: 'bob', user: null })
    expect(second.id).not.toBe(first.id)
  })

  async function deleteAndCreate(username: string) {
    await change(app.root, 'deleteUser', { user: username })
    return createUser(app, username)
  }

  test('gets nothing that is held on scopes that are hidden from them: without its name it would read as everywhere', async () => {
    await createOrganization(app, 'secret-org')
    await createProject(app, 'secret-project', 'secret-org')
    await createRole(app, 'EDITOR', ['doc.edit'])
    const bob = await createUser(app, 'bob', {
      roles: [
        { role: 'EDITOR', organization: 'default' },
        { role: 'EDITOR', organization: 'secret-org' },
        { role: 'EDITOR', project: 'secret-project' },
      ],
    })
    const gate = await createGate(app, 'gate', 'default')
    expect(await gate.client.ok('{ organization(name: "secret-org") { name } }')).toEqual({ organization: null })

    const { body } = await rawAnswer(app, gate.key, VERIFY, { secret: bob.key })

    const { permissions } = JSON.parse(body).data.verifyApiKey
    const ofEditor = permissions.filter(({ name }: { name: string }) => name === 'doc.edit')
    expect(ofEditor).toEqual([{ name: 'doc.edit', organization: 'default', project: null, expiresAt: null }])
    expect(body).not.toContain('secret')
  })
})

describe('the secret comes in a variable, by POST', () => {
  test.each([
    ['the document', (key: string) => `{ verifyApiKey(secret: "${key}") { username } }`],
    [
      'one of two fields of it',
      (key: string) => `query ($secret: String!) { verifyApiKey(secret: $secret) { username }
        other: verifyApiKey(secret: "${key}") { username } }`,
    ],
    ['a block text', (key: string) => `{ verifyApiKey(secret: """${key}""") { username } }`],
  ])('and is refused in %s', async (_name, documentOf) => {
    const bob = await createUser(app, 'bob')

    const error = await app.root.refused('BAD_USER_INPUT', documentOf(bob.key), { secret: bob.key })

    expect(error.message).toContain('"secret"')
    expect(JSON.stringify(error)).not.toContain(bob.key)
  })

  test('is refused in a URL', async () => {
    const bob = await createUser(app, 'bob')

    const response = await get(app, { query: VERIFY, variables: JSON.stringify({ secret: bob.key }) })

    const { data, errors } = await response.json()
    expect(data).toEqual({ verifyApiKey: null })
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT')
    expect(errors[0].message).toContain('"secret"')
    expect(JSON.stringify(errors)).not.toContain(bob.key)
  })
})

test('verifyApiKey runs one statement, which also proves its caller, for every answer', async () => {
  const bob = await startBob()
  const gate = await createGate(app, 'gate', 'acme')
  const auditor = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', everywhere: true }] })
  const limited = await createApiKey(bob.client, { limits: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })

  for (const client of [app.root, gate.client, auditor.client]) {
    for (const secret of [bob.key, limited.key, createToken(uuidOf(bob.keyId)), 'nonsense']) {
      expect(await statementsOf(statements, client, VERIFY, { secret })).toHaveLength(1)
    }
  }
})
