// Runs on both databases.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import { type Listening, listen } from '../../src/http/server.ts'
import { type Client, createClient, startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { CHANGES, makeWorld, type World } from '../support/changes.ts'
import { statusOf } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { readAudit, uuidOf, withoutWriting } from '../support/rows.ts'
import { BOBS_PASSWORD } from '../support/secret-changes.ts'
import { createApiKey, createUser } from '../support/seed.ts'
import { openTestServices } from '../support/services.ts'

const app = startApp()

/** What still works, in an emergency most of all. */
const ALLOWED = ['disableUser', 'endSession', 'revokeApiKey', 'setReadOnly', 'signIn', 'signOut', 'signOutEverywhere']
const REFUSED = Object.keys(schema.getMutationType()?.getFields() ?? {}).filter((name) => !ALLOWED.includes(name))

const CREATE = 'mutation ($code: String!) { createProject(input: { code: $code }) { __typename } }'

async function setReadOnly(isReadOnly: boolean, client = app.root): Promise<{ isReadOnly: boolean; changed: boolean }> {
  const { isReadOnly: now, changed } = await change(client, 'setReadOnly', { isReadOnly }, 'isReadOnly changed')
  return { isReadOnly: now, changed }
}

/** Whether a change goes through, in one word. */
async function tryToChange(client: Client, code: string): Promise<string> {
  const { data, errors } = await client.send(CREATE, { code })
  return errors[0]?.extensions.code ?? data.createProject.__typename
}

/** A client in a session of bob's. */
async function signInBob(): Promise<Client> {
  const document = `mutation ($password: String!) { signIn(input: { username: "bob", password: $password }) {
    ... on SignInPayload { token } } }`
  const { signIn } = await app.nobody.ok(document, { password: BOBS_PASSWORD })
  return app.as({ authorization: `Bearer ${signIn.token}` })
}

/** What a mutation answers with to root: the name of its result, or its top-level code. */
async function outcomeOf(world: World, name: string, dryRun: boolean): Promise<string> {
  const sample = CHANGES.find((one) => one.name === name)
  if (!sample) throw new Error(`There is no sample of ${name}.`)
  const { data, errors } = await app.root.send(changeDocument(name), { input: sample.input(world), dryRun })
  return errors[0]?.extensions.code ?? data[name].__typename
}

describe('while the server is read-only', () => {
  const given = app.world(() => makeWorld(app))

  test('every other mutation is refused, also as a dry run, and writes nothing', async () => {
    const world = given()
    await setReadOnly(true)

    const outcomes = await withoutWriting(app, async () => {
      const found: [string, string, string][] = []
      for (const name of REFUSED) {
        found.push([name, await outcomeOf(world, name, false), await outcomeOf(world, name, true)])
      }
      return found
    })

    expect(outcomes).toEqual(REFUSED.map((name) => [name, 'READ_ONLY', 'READ_ONLY']))
    expect(REFUSED).toHaveLength(Object.keys(schema.getMutationType()?.getFields() ?? {}).length - ALLOWED.length)
  })

  test('the refusal is an error of the whole answer that says to come back later', async () => {
    await setReadOnly(true)

    const { status, data, errors } = await app.root.send(CREATE, { code: 'apollo' })

    expect([status, data]).toEqual([200, { createProject: null }])
    expect(errors.map(({ path, message, extensions }) => ({ path, message, extensions }))).toEqual([
      {
        path: ['createProject'],
        message: 'The server is read-only for now: nothing was changed. Try again later.',
        extensions: { code: 'READ_ONLY' },
      },
    ])
  })

  test('users can be disabled and keys revoked', async () => {
    const { bob, rootId } = given()
    const second = await createApiKey(bob.client)
    await setReadOnly(true)
    const before = (await readAudit(app)).length

    const revoked = await change(app.root, 'revokeApiKey', { apiKey: bob.keyId }, 'changed')
    const statuses = [await statusOf(bob.client), await statusOf(app.as(second.key))]
    const disabled = await change(app.root, 'disableUser', { user: 'bob' }, 'changed user { isActive }')

    expect([revoked.changed, disabled.changed, disabled.user.isActive]).toEqual([true, true, false])
    expect([...statuses, await statusOf(app.as(second.key))]).toEqual([401, 200, 401])
    const rows = (await readAudit(app)).slice(before)
    expect(rows.map((row) => [row.action, row.actor_id])).toEqual([
      ['revokeApiKey', uuidOf(rootId)],
      ['disableUser', uuidOf(rootId)],
    ])
  })

  test('users can sign in and sign out', async () => {
    await setReadOnly(true)

    const [first, second, third] = [await signInBob(), await signInBob(), await signInBob()]
    const before = await Promise.all([first, second, third].map(statusOf))
    const out = await first.ok('mutation { signOut { ... on SignOutPayload { changed } } }')
    const everywhere = await second.ok(
      'mutation { signOutEverywhere(input: {}) { ... on SignOutEverywherePayload { ended } } }',
    )

    expect(before).toEqual([200, 200, 200])
    // One more session is that of the world.
    expect([out.signOut.changed, everywhere.signOutEverywhere.ended]).toEqual([true, 3])
    expect(await Promise.all([first, second, third].map(statusOf))).toEqual([401, 401, 401])
  })

  test('questions are answered, with keys, sessions and passwords', async () => {
    const { bob } = given()
    await setReadOnly(true)
    const client = await signInBob()
    const basic = app.as({ authorization: `Basic ${btoa(`bob:${BOBS_PASSWORD}`)}` })

    for (const caller of [bob.client, client, basic]) {
      const data = await caller.ok(`{ viewer { user { username roles { totalCount } sshKeys { totalCount } } }
        project(code: "apollo") { code } model(controller: "gce1", name: "web") { name } }`)
      expect(data).toEqual({
        viewer: { user: { username: 'bob', roles: { totalCount: 2 }, sshKeys: { totalCount: 1 } } },
        project: { code: 'apollo' },
        model: { name: 'web' },
      })
    }
  })

  test('changes go through again once it has ended', async () => {
    await setReadOnly(true)
    const meanwhile = await tryToChange(app.root, 'zeus')

    const ended = await setReadOnly(false)

    expect([meanwhile, ended]).toEqual(['READ_ONLY', { isReadOnly: false, changed: true }])
    expect(await tryToChange(app.root, 'zeus')).toBe('CreateProjectPayload')
  })
})

describe('setting read-only mode', () => {
  test('leaves one row of the audit each time, and none where it is so already', async () => {
    const answers = [
      await withoutWritingAudit(() => setReadOnly(false)),
      await setReadOnly(true),
      await withoutWritingAudit(() => setReadOnly(true)),
      await setReadOnly(false),
    ]

    expect(answers).toEqual([
      { isReadOnly: false, changed: false },
      { isReadOnly: true, changed: true },
      { isReadOnly: true, changed: false },
      { isReadOnly: false, changed: true },
    ])
    expect((await readAudit(app)).map((row) => [row.action, row.target_type, row.before, row.after])).toEqual([
      ['setReadOnly', 'Server', { isReadOnly: false }, { isReadOnly: true }],
      ['setReadOnly', 'Server', { isReadOnly: true }, { isReadOnly: false }],
    ])
  })

  test('is for administrators', async () => {
    const roles = [
      { role: 'ORGANIZATION_ADMIN', organization: 'default' },
      { role: 'AUDITOR', everywhere: true },
    ]
    const bob = await createUser(app, 'bob', { roles })
    const alice = await createUser(app, 'alice', { isAdmin: true })

    const { extensions } = await withoutWriting(app, () =>
      bob.client.refused('FORBIDDEN', changeDocument('setReadOnly'), { input: { isReadOnly: true } }),
    )

    expect(missingOf(extensions)).toEqual(['ADMINISTRATOR'])
    expect(await setReadOnly(true, alice.client)).toEqual({ isReadOnly: true, changed: true })
    await withoutWriting(app, () =>
      bob.client.refused('FORBIDDEN', changeDocument('setReadOnly'), { input: { isReadOnly: false } }),
    )
    expect(await tryToChange(app.root, 'apollo')).toBe('READ_ONLY')
  })

  test('is for keys that may administer', async () => {
    const isReadOnly = app.as((await createApiKey(app.root, { isReadOnly: true })).key)
    const auditing = app.as((await createApiKey(app.root, { limits: [{ role: 'AUDITOR', everywhere: true }] })).key)
    const input = { isReadOnly: true }

    await withoutWriting(app, async () => {
      await isReadOnly.refused('FORBIDDEN', changeDocument('setReadOnly'), { input })
      await auditing.refused('FORBIDDEN', changeDocument('setReadOnly'), { input })
      await app.nobody.refused('UNAUTHENTICATED', changeDocument('setReadOnly'), { input })
    })

    expect(await tryToChange(app.root, 'apollo')).toBe('CreateProjectPayload')
  })

  test('as a dry run answers and leaves changes as they were', async () => {
    const dry = await withoutWriting(app, () =>
      app.root.ok(changeDocument('setReadOnly', 'isReadOnly changed'), { input: { isReadOnly: true }, dryRun: true }),
    )

    expect(dry.setReadOnly).toMatchObject({ isReadOnly: true, changed: true })
    expect(await tryToChange(app.root, 'apollo')).toBe('CreateProjectPayload')
  })

  test('to null, or to nothing, is refused', async () => {
    for (const input of [{ isReadOnly: null }, {}]) {
      await withoutWriting(app, () => app.root.refused('BAD_USER_INPUT', changeDocument('setReadOnly'), { input }))
    }
  })
})

/** Runs something after which the audit is as it was. */
async function withoutWritingAudit<T>(act: () => Promise<T>): Promise<T> {
  const before = await readAudit(app)
  const result = await act()
  expect(await readAudit(app)).toEqual(before)
  return result
}

describe('another server on the same database', () => {
  let server: Listening
  let other: Client
  beforeAll(async () => {
    server = await listen(await openTestServices(app.database))
    other = createClient(() => server.url, { 'api-key': ROOT_KEY })
  })
  afterAll(() => server.close())

  test('is read-only immediately, and writable again immediately', async () => {
    const answers = [await tryToChange(other, 'one')]
    await setReadOnly(true)
    answers.push(await tryToChange(other, 'two'))
    await setReadOnly(false)
    answers.push(await tryToChange(other, 'three'))

    expect(answers).toEqual(['CreateProjectPayload', 'READ_ONLY', 'CreateProjectPayload'])
  })

  test('ends it for all', async () => {
    await setReadOnly(true)

    await setReadOnly(false, other)

    expect(await tryToChange(app.root, 'apollo')).toBe('CreateProjectPayload')
  })
})

describe('a server that READ_ONLY sets so', () => {
  let server: Listening
  let client: Client
  beforeAll(async () => {
    server = await listen(await openTestServices(app.database, { readOnly: true }))
    client = createClient(() => server.url, { 'api-key': ROOT_KEY })
  })
  afterAll(() => server.close())

  test('refuses every change, and can’t be set otherwise while it runs', async () => {
    const outcomes = await withoutWriting(app, async () => {
      const conflicts = []
      for (const isReadOnly of [false, true]) {
        conflicts.push(await client.failed('ConflictError', changeDocument('setReadOnly'), { input: { isReadOnly } }))
      }
      return [await tryToChange(client, 'apollo'), ...conflicts.map(({ message }) => message)]
    })

    const message = expect.stringContaining('READ_ONLY')
    expect(outcomes).toEqual(['READ_ONLY', message, message])
  })

  test('still allows to disable users and revoke keys', async () => {
    const bob = await createUser(app, 'bob')

    await change(client, 'revokeApiKey', { apiKey: bob.keyId })
    const { user } = await change(client, 'disableUser', { user: 'bob' }, 'user { isActive }')

    expect(user.isActive).toBe(false)
    expect(await statusOf(bob.client)).toBe(401)
  })
})
