import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { inDays, statusOf } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createUser } from '../../support/seed.ts'
import { basic, bearer, createPerson, OTHER_PASSWORD, PASSWORD, signIn, withoutChange } from '../../support/sessions.ts'

const app = startApp()

const CHANGED = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }

const statuses = (clients: Client[]) => Promise.all(clients.map(statusOf))
const letsIn = async (password: string, username = 'bob') => (await statusOf(app.as(basic(username, password)))) === 200

/** bob, who has PASSWORD and a key, and carol, who has a key and no password. */
const given = app.world(async () => {
  const { id, key } = await createPerson(app, 'bob', { withApiKey: true })
  return { bob: { id, client: app.as(key ?? ''), key: key ?? '' }, carol: await createUser(app, 'carol') }
})

describe('changePassword', () => {
  test('makes the new password valid and the old one invalid', async () => {
    const { bob } = given()

    const payload = await change(bob.client, 'changePassword', CHANGED, 'endedApiKeys user { username }')

    expect(payload).toEqual({ __typename: 'ChangePasswordPayload', endedApiKeys: 0, user: { username: 'bob' } })
    expect([await letsIn(PASSWORD), await letsIn(OTHER_PASSWORD)]).toEqual([false, true])
  })

  test('ends the other sessions of the user and keeps the current one', async () => {
    await createPerson(app, 'alice')
    const own = [await signIn(app, 'bob'), await signIn(app, 'bob'), await signIn(app, 'bob')]
    const alice = await signIn(app, 'alice')

    await change(own[1]?.client as Client, 'changePassword', CHANGED)

    expect(await statuses([...own, alice].map(({ client }) => client))).toEqual([401, 200, 401, 200])
  })

  test.each([
    ['a key', async (key: string) => ({ 'api-key': key })],
    ['the password itself', async () => basic('bob', PASSWORD)],
  ])('with %s ends all sessions', async (_what, headersOf) => {
    const { bob } = given()
    const own = [await signIn(app, 'bob'), await signIn(app, 'bob')]

    await change(app.as(await headersOf(bob.key)), 'changePassword', CHANGED)

    expect(await statuses(own.map(({ client }) => client))).toEqual([401, 401])
    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  test.each([
    ['omitted', {}],
    ['null', { endApiKeys: null }],
    ['false', { endApiKeys: false }],
  ])('keeps the keys if endApiKeys is %s', async (_what, input) => {
    const { bob } = given()

    const { endedApiKeys } = await change(
      app.as(basic('bob', PASSWORD)),
      'changePassword',
      { ...CHANGED, ...input },
      'endedApiKeys',
    )

    expect(endedApiKeys).toBe(0)
    expect(await statusOf(bob.client)).toBe(200)
  })

  test('revokes the other keys of the user if endApiKeys is true, but not the key of the request', async () => {
    const { bob } = given()
    const [second, third] = [await createApiKey(bob.client), await createApiKey(bob.client)]
    const alice = await createUser(app, 'alice')
    await change(app.root, 'revokeApiKey', { apiKey: third.id })

    const input = { ...CHANGED, endApiKeys: true }
    const { endedApiKeys } = await change(bob.client, 'changePassword', input, 'endedApiKeys')

    expect(endedApiKeys).toBe(1)
    expect(await statuses([bob.client, app.as(second.key), alice.client, app.root])).toEqual([200, 401, 200, 200])
  })

  test('revokes all keys of the user if a session asks with endApiKeys', async () => {
    const { bob } = given()
    const second = await createApiKey(bob.client)
    const { client } = await signIn(app, 'bob')

    const { endedApiKeys } = await change(client, 'changePassword', { ...CHANGED, endApiKeys: true }, 'endedApiKeys')

    expect(endedApiKeys).toBe(2)
    expect(await statuses([client, bob.client, app.as(second.key)])).toEqual([200, 401, 401])
  })

  test.each([
    ['is wrong', { currentPassword: `${PASSWORD}.` }, 'This is not the current password.'],
    ['is empty', { currentPassword: '' }, 'This is not the current password.'],
    ['is the new one', { currentPassword: OTHER_PASSWORD }, 'This is not the current password.'],
    ['is omitted', { currentPassword: undefined }, 'There is a password already: give it here.'],
    ['is null', { currentPassword: null }, 'There is a password already: give it here.'],
  ])('is refused if the current password %s', async (_what, input, message) => {
    const { bob } = given()
    const session = await signIn(app, 'bob')

    const { issues } = await withoutChange(app, () =>
      failChange(bob.client, 'InvalidInputError', 'changePassword', { ...CHANGED, ...input, endApiKeys: true }),
    )

    expect(issues).toEqual([{ path: ['currentPassword'], message }])
    expect(await statuses([bob.client, session.client])).toEqual([200, 200])
    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test.each([
    ['omitted', {}],
    ['null', { currentPassword: null }],
  ])('sets the first password if the current one is %s', async (_what, input) => {
    const { carol } = given()

    await change(carol.client, 'changePassword', { newPassword: PASSWORD, ...input })

    expect(await letsIn(PASSWORD, 'carol')).toBe(true)
    const rows = await query(app, sql`select set_by from passwords where user_id = ${uuidOf(carol.id)}`)
    expect(rows).toEqual([{ set_by: uuidOf(carol.id) }])
  })

  test('sets no first password with a key that expires: the password would outlive the key', async () => {
    const { carol } = given()
    const short = await createApiKey(carol.client, { expiresAt: inDays(1) })

    for (const endApiKeys of [false, true]) {
      const input = { newPassword: PASSWORD, endApiKeys }
      const { message, extensions } = await withoutWriting(app, () =>
        app.as(short.key).refused('FORBIDDEN', changeDocument('changePassword'), { input }),
      )
      expect([message, missingOf(extensions)]).toEqual([
        '"changePassword" needs a key without an end.',
        ['a key without an end'],
      ])
    }

    expect(await letsIn(PASSWORD, 'carol')).toBe(false)
    expect(await statuses([carol.client, app.as(short.key)])).toEqual([200, 200])
    expect(await query(app, sql`select from passwords where user_id = ${uuidOf(carol.id)}`)).toEqual([])
  })

  test('refuses a first password with a key that expires in a dry run too', async () => {
    const { carol } = given()
    const short = await createApiKey(carol.client, { expiresAt: inDays(1) })
    const variables = { input: { newPassword: PASSWORD }, dryRun: true }

    const { extensions } = await withoutChange(app, () =>
      app.as(short.key).refused('FORBIDDEN', changeDocument('changePassword'), variables),
    )

    expect(missingOf(extensions)).toEqual(['a key without an end'])
  })

  test('changes an existing password with a key that expires', async () => {
    const { bob } = given()
    const short = await createApiKey(bob.client, { expiresAt: inDays(1) })

    await change(app.as(short.key), 'changePassword', CHANGED)

    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  test('is refused if a user without a password gives a current one', async () => {
    const { carol } = given()

    await withoutChange(app, () => failInput(carol.client, ['currentPassword'], 'changePassword', CHANGED))
  })

  test('is refused without a credential', async () => {
    const { status } = await withoutWriting(app, () =>
      app.nobody.send(changeDocument('changePassword'), { input: CHANGED }),
    )

    expect(status).toBe(401)
  })

  test('is refused for a key with limits', async () => {
    const { bob } = given()
    const limited = await createApiKey(bob.client, { limits: [] })

    const { extensions } = await withoutChange(app, () =>
      app.as(limited.key).refused('FORBIDDEN', changeDocument('changePassword'), { input: CHANGED }),
    )

    expect(missingOf(extensions)).toEqual(['a key without limits'])
    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test('is refused for a read-only key', async () => {
    const { bob } = given()
    const isReadOnly = await createApiKey(bob.client, { isReadOnly: true })

    await withoutWriting(app, () =>
      app.as(isReadOnly.key).refused('FORBIDDEN', changeDocument('changePassword'), { input: CHANGED }),
    )

    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test('leaves one audit row, which does not contain the password', async () => {
    const { bob } = given()
    const { client, token } = await signIn(app, 'bob')

    await change(client, 'changePassword', { ...CHANGED, endApiKeys: true })

    const rows = (await readAudit(app)).filter(({ action }) => action === 'changePassword')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      actor_id: uuidOf(bob.id),
      session_id: JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid,
      target_type: 'User',
      target_id: uuidOf(bob.id),
      before: null,
      after: { password: 'set', endedApiKeys: 1 },
    })
  })

  test('changes the password once if two sessions ask at the same time', async () => {
    const sessions = [await signIn(app, 'bob'), await signIn(app, 'bob')]
    const passwords = ['the first of two', 'the second of two']

    const answers = await Promise.all(
      sessions.map(({ client }, index) =>
        client.send(changeDocument('changePassword'), { input: { ...CHANGED, newPassword: passwords[index] } }),
      ),
    )

    const done = answers.map(({ data }) => data?.changePassword?.__typename === 'ChangePasswordPayload')
    expect(done.filter(Boolean)).toHaveLength(1)
    expect([await letsIn(passwords[0] ?? ''), await letsIn(passwords[1] ?? '')]).toEqual(done)
    expect(await letsIn(PASSWORD)).toBe(false)
  })
})

describe('a dry run', () => {
  const RUNS: [string, Client | null, object][] = [
    ['changePassword', null, { ...CHANGED, endApiKeys: true }],
    ['setUserPassword', app.root, { user: 'bob', password: OTHER_PASSWORD, endApiKeys: true }],
  ]

  test.each(RUNS)('of %s changes nothing: password, sessions and keys stay as they are', async (name, by, input) => {
    const { bob } = given()
    const sessions = [await signIn(app, 'bob'), await signIn(app, 'bob')]
    const document = changeDocument(name, 'endedApiKeys user { username }')
    const client = by ?? (sessions[0]?.client as Client)

    const data = await withoutChange(app, () => client.ok(document, { input, dryRun: true }))

    expect(data[name]).toMatchObject({ endedApiKeys: 1, user: { username: 'bob' } })
    expect([await letsIn(OTHER_PASSWORD), await letsIn(PASSWORD)]).toEqual([false, true])
    expect(await statuses([bob.client, ...sessions.map((session) => session.client)])).toEqual([200, 200, 200])
  })

  test('of createUser keeps nothing and shows no secret', async () => {
    const input = { username: 'alice', password: PASSWORD, withApiKey: true }
    const document = changeDocument('createUser', 'secret user { username }')

    const { createUser: made } = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))

    expect(made).toMatchObject({ secret: null, user: { username: 'alice' } })
    expect(await letsIn(PASSWORD, 'alice')).toBe(false)
  })

  test('of changePassword names the problem with the current password', async () => {
    const { bob } = given()
    const input = { ...CHANGED, currentPassword: 'wrong' }

    const data = await withoutChange(app, () =>
      bob.client.ok(changeDocument('changePassword'), { input, dryRun: true }),
    )

    expect(data.changePassword.issues).toEqual([
      { path: ['currentPassword'], message: 'This is not the current password.' },
    ])
  })
})

describe('a session that begins while the password is changed', () => {
  test('is ended by the change', async () => {
    const { bob } = given()

    for (let round = 0; round < 10; round++) {
      const from = round % 2 ? OTHER_PASSWORD : PASSWORD
      const to = round % 2 ? PASSWORD : OTHER_PASSWORD
      const [signedIn] = await Promise.all([
        app.nobody.send(
          'mutation ($p: String!) { signIn(input: { username: "bob", password: $p }) { __typename ... on SignInPayload { token } } }',
          { p: from },
        ),
        change(bob.client, 'changePassword', { currentPassword: from, newPassword: to }),
      ])
      const { __typename, token } = signedIn.data.signIn
      // A sign-in that comes after the change is refused.
      if (token) expect([round, await statusOf(app.as(bearer(token)))]).toEqual([round, 401])
      else expect([round, __typename]).toEqual([round, 'WrongCredentialsError'])
    }
  })
})
