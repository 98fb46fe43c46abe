/** About whom `checkAccess` may be asked: oneself, users, keys. */

import { describe, expect, test } from 'vitest'
import { createToken } from '../../src/entities/api-key/token.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { CHECK, check, EVERYWHERE, have, may } from '../support/check.ts'
import { createController, createModel } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { rawAnswer } from '../support/raw.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { lapseKey, withoutWriting } from '../support/rows.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'
import { basic, createPerson, PASSWORD, signIn } from '../support/sessions.ts'
import { createGate } from '../support/verify.ts'

const app = startApp()

const [APOLLO, ZEUS] = [{ project: 'apollo' }, { project: 'zeus' }]
const QUESTIONS = [may('version.create', APOLLO), may('version.create', ZEUS), may('version.create', EVERYWHERE)]

/** The projects apollo and zeus, and bob, who keeps the versions of apollo and reads those of zeus. */
async function startBob() {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo')
  await createProject(app, 'zeus', 'acme')
  await createRole(app, 'READER', ['version.read'])
  const roles = [
    { role: 'VERSION_MANAGER', ...APOLLO },
    { role: 'READER', ...ZEUS },
  ]
  return createUser(app, 'bob', { roles })
}

const OF_BOB = ['ALLOWED', 'NOT_HELD', 'NOT_HELD']

describe('about themselves', () => {
  test('every caller is answered, with a key, a session or a password', async () => {
    const bob = await startBob()
    await createPerson(app, 'carol', { roles: [{ role: 'VERSION_MANAGER', everywhere: true }] })
    const session = await signIn(app, 'carol')

    expect(await check(bob.client, {}, QUESTIONS)).toEqual(OF_BOB)
    expect(await check(bob.client, { user: null, apiKey: null }, QUESTIONS)).toEqual(OF_BOB)
    for (const client of [session.client, app.as(basic('carol', PASSWORD))]) {
      expect(await check(client, {}, QUESTIONS)).toEqual(['ALLOWED', 'ALLOWED', 'ALLOWED'])
    }
    expect(await check(app.root, {}, QUESTIONS)).toEqual(['ALLOWED', 'ALLOWED', 'ALLOWED'])
    await app.nobody.refused('UNAUTHENTICATED', CHECK, { input: { questions: QUESTIONS } })
  })

  test('a caller is answered within the limits of the key they ask with', async () => {
    await startBob()
    await createController(app, 'gce1')
    await createRole(app, 'KEEPER', ['controllers.manage'])
    const limits = [{ role: 'VERSION_MANAGER', ...APOLLO }]
    const limited = app.as((await createApiKey(app.root, { limits })).key)
    const keeper = app.as((await createApiKey(app.root, { limits: [{ role: 'KEEPER', organization: 'default' }] })).key)
    const questions = [...QUESTIONS, may('version.read', APOLLO), have('LOGIN', 'gce1')]

    // What lies outside of the limits is not seen either.
    expect(await check(limited, {}, questions)).toEqual([
      ...['ALLOWED', 'NOT_FOUND', 'NOT_HELD', 'NOT_HELD', 'NOT_FOUND'],
    ])
    expect(await check(keeper, {}, [have('SUPERUSER', 'gce1')])).toEqual(['ALLOWED'])
    expect(await check(app.root, {}, [...questions, have('SUPERUSER', 'gce1')])).toEqual(Array(6).fill('ALLOWED'))
  })

  test('the user of a session is answered within the limits of the key beside it', async () => {
    await createPerson(app, 'bob', { roles: [{ role: 'VERSION_MANAGER', everywhere: true }] })
    await createProject(app, 'apollo')
    const { token } = await signIn(app, 'bob')
    const { key } = await createApiKey(app.root, { limits: [{ role: 'VERSION_MANAGER', ...APOLLO }] })
    const both = app.as({ authorization: `Bearer ${token}`, 'api-key': key })

    expect(await check(both, {}, [may('version.create', APOLLO), may('version.create', EVERYWHERE)])).toEqual([
      ...['ALLOWED', 'NOT_HELD'],
    ])
  })

  test('a caller may ask by name', async () => {
    const bob = await startBob()

    expect(await check(bob.client, { user: 'BOB' }, QUESTIONS)).toEqual(OF_BOB)
  })
})

describe('about a user', () => {
  const given = app.world(startBob)

  test('a caller with access.check over the user’s organization is answered, wherever the question lies', async () => {
    const everywhere = await createGate(app, 'everywhere')
    const auditor = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', organization: 'default' }] })

    expect(await check(app.root, { user: 'bob' }, QUESTIONS)).toEqual(OF_BOB)
    expect(await check(everywhere.client, { user: 'Bob' }, QUESTIONS)).toEqual(OF_BOB)
    expect(await check(auditor.client, { user: 'bob' }, [QUESTIONS[0] ?? {}])).toEqual(['ALLOWED'])
  })

  test('a caller who sees the user without access.check is refused, and access.check is named', async () => {
    const bob = given()
    await createRole(app, 'GIVER', ['roles.grant'])
    await createRole(app, 'READERS', ['users.read'])
    const giver = await createUser(app, 'giver', { roles: [{ role: 'GIVER', organization: 'acme' }] })
    const reader = await createUser(app, 'reader', { roles: [{ role: 'READERS', organization: 'default' }] })
    const elsewhere = await createUser(app, 'elsewhere', { roles: [{ role: 'AUDITOR', organization: 'acme' }] })
    const onProject = await createUser(app, 'on-project', { roles: [{ role: 'AUDITOR', ...APOLLO }] })

    for (const { client } of [giver, reader, elsewhere, onProject]) {
      expect(await client.ok('{ user(username: "bob") { id } }')).toEqual({ user: { id: bob.id } })
      const { path, extensions } = await client.refused('FORBIDDEN', CHECK, {
        input: { user: 'bob', questions: QUESTIONS },
      })
      expect([path, missingOf(extensions)]).toEqual([['checkAccess'], ['access.check']])
    }
  })

  test('a caller who does not see the user is answered as about a missing user', async () => {
    const eve = await createUser(app, 'eve')
    const gate = await createGate(app, 'gate', 'acme')
    const ask = (key: string, user: string) => rawAnswer(app, key, CHECK, { input: { user, questions: QUESTIONS } })

    for (const key of [eve.key, gate.key]) {
      const missing = await ask(key, 'nobody')
      expect(missing).toMatchObject({ status: 200, body: '{"data":{"checkAccess":null}}' })
      for (const user of ['bob', 'BOB', 'root', 'api-bob', '']) expect(await ask(key, user)).toEqual(missing)
    }
    await change(app.root, 'deleteUser', { user: 'bob' })
    expect(await ask(ROOT_KEY, 'bob')).toEqual(await ask(eve.key, 'nobody'))
  })

  test('a caller with a limited key asks within its limits', async () => {
    const auditing = await createApiKey(app.root, { limits: [{ role: 'AUDITOR', organization: 'default' }] })
    const elsewhere = await createApiKey(app.root, { limits: [{ role: 'AUDITOR', organization: 'acme' }] })
    await createUser(app, 'zoe', { organization: 'acme' })

    expect(await check(app.as(auditing.key), { user: 'bob' }, [may('version.create', APOLLO)])).toEqual(['ALLOWED'])
    expect(await check(app.as(auditing.key), { user: 'zoe' }, [may('version.create', APOLLO)])).toBe(null)
    expect(await check(app.as(elsewhere.key), { user: 'zoe' }, [may('version.create', ZEUS)])).toEqual(['NOT_HELD'])
  })

  test('the answer is INACTIVE while they are suspended, whatever they hold', async () => {
    await change(app.root, 'disableUser', { user: 'bob', expiresAt: inDays(1) })

    expect(await check(app.root, { user: 'bob' }, [...QUESTIONS, may('version.create', { project: 'none' })])).toEqual([
      ...['INACTIVE', 'INACTIVE', 'INACTIVE', 'NOT_FOUND'],
    ])
    await change(app.root, 'enableUser', { user: 'bob' })
    expect(await check(app.root, { user: 'bob' }, QUESTIONS)).toEqual(OF_BOB)
  })
})

describe('about a key', () => {
  test('the answer is what it may do: its user’s authority within its limits', async () => {
    const bob = await startBob()
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', organization: 'acme' }])
    const { key } = await createApiKey(bob.client, {
      limits: [
        { role: 'VERSION_MANAGER', ...ZEUS },
        { role: 'AUDITOR', everywhere: true },
      ],
    })
    const questions = [...QUESTIONS, may('version.create', { organization: 'acme' }), may('audit.read', EVERYWHERE)]

    expect(await check(app.root, { apiKey: bob.key }, questions)).toEqual([
      ...['ALLOWED', 'ALLOWED', 'NOT_HELD', 'ALLOWED', 'NOT_HELD'],
    ])
    expect(await check(app.root, { apiKey: key }, questions)).toEqual([
      ...['NOT_HELD', 'ALLOWED', 'NOT_HELD', 'NOT_HELD', 'NOT_HELD'],
    ])
  })

  test('its levels count where its limits manage the controller', async () => {
    const bob = await createUser(app, 'bob')
    await createOrganization(app, 'acme')
    await createRole(app, 'KEEPER', ['controllers.manage'])
    await createController(app, 'gce1')
    await createController(app, 'aws', 'acme')
    await createModel(app.root, 'gce1', 'web')
    for (const controller of ['gce1', 'aws']) {
      await change(app.root, 'grantControllerAccess', { user: 'bob', controller, access: 'ADD_MODEL' })
    }
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' })
    const { key } = await createApiKey(bob.client, { limits: [{ role: 'KEEPER', organization: 'default' }] })
    const questions = [have('ADD_MODEL', 'gce1'), have('SUPERUSER', 'gce1'), have('WRITE', 'gce1/web')]

    expect(await check(app.root, { apiKey: key }, [...questions, have('LOGIN', 'aws')])).toEqual([
      ...['ALLOWED', 'NOT_HELD', 'ALLOWED', 'NOT_HELD'],
    ])
    expect(await check(app.root, { apiKey: bob.key }, [...questions, have('LOGIN', 'aws')])).toEqual([
      ...['ALLOWED', 'NOT_HELD', 'ALLOWED', 'ALLOWED'],
    ])
  })

  test('from ROOT_API_KEY is answered like any other', async () => {
    const gate = await createGate(app, 'gate', 'default')

    expect(await check(gate.client, { apiKey: ROOT_KEY }, [may('audit.read', EVERYWHERE)])).toEqual(['ALLOWED'])
  })

  test('that does not work, or that the caller may not ask about, the answer is as about a missing key', async () => {
    const bob = await startBob()
    const gate = await createGate(app, 'gate', 'default')
    const eve = await createUser(app, 'eve')
    const zoe = await createUser(app, 'zoe', { organization: 'acme' })
    const keyOf = async (user: string) => createApiKey(app.root, { user })
    const [expired, revoked, rotated] = [await keyOf('bob'), await keyOf('bob'), await keyOf('bob')]
    await lapseKey(app, expired.id)
    await change(app.root, 'revokeApiKey', { apiKey: revoked.id })
    await change(app.root, 'rotateApiKey', { apiKey: rotated.id })
    await createUser(app, 'dave')
    const disabled = await keyOf('dave')
    await change(app.root, 'disableUser', { user: 'dave' })
    const forged = createToken(bob.keyId.slice(4))
    const ask = (key: string, apiKey: string) =>
      withoutWriting(app, () => rawAnswer(app, key, CHECK, { input: { apiKey, questions: QUESTIONS } }))
    expect((await ask(gate.key, bob.key)).body).toContain('"code":"ALLOWED"')

    const missing = await ask(gate.key, createToken('01a201b6-260a-78b5-870d-b8567cbdacdf'))

    expect(missing).toMatchObject({ status: 200, body: '{"data":{"checkAccess":null}}' })
    const bad = [expired.key, revoked.key, rotated.key, disabled.key, forged, `${bob.key}x`, '', 'nonsense', zoe.key]
    for (const key of [...bad, ROOT_KEY.slice(1)]) expect(await ask(gate.key, key)).toEqual(missing)
    for (const key of [bob.key, forged]) expect(await ask(eve.key, key)).toEqual(missing)
  })

  test('of their own, every caller is answered', async () => {
    const bob = await startBob()
    const { key } = await createApiKey(bob.client, { limits: [] })

    expect(await check(bob.client, { apiKey: key }, QUESTIONS)).toEqual(['NOT_HELD', 'NOT_HELD', 'NOT_HELD'])
  })
})
