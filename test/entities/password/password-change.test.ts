import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { inDays, statusOf } from '../../support/look.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createUser } from '../../support/seed.ts'
import { basic, bearer, createPerson, OTHER_PASSWORD, PASSWORD, signIn, withoutChange } from '../../support/sessions.ts'

const app = startApp()

const CHANGED = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }

const statuses = (clients: Client[]) => Promise.all(clients.map(statusOf))
const letsIn = async (password: string) => (await statusOf(app.as(basic('bob', password)))) === 200

/** bob with a password and a key. */
async function createBob() {
  const { id, key } = await createPerson(app, 'bob', { withApiKey: true })
  return { id, client: app.as(key ?? ''), key: key ?? '' }
}

describe('changing one’s own password', () => {
  test('lets in with the new one and no more with the old one', async () => {
    const bob = await createBob()

    const payload = await change(bob.client, 'changePassword', CHANGED, 'endedApiKeys user { username }')

    expect(payload).toEqual({ __typename: 'ChangePasswordPayload', endedApiKeys: 0, user: { username: 'bob' } })
    expect([await letsIn(PASSWORD), await letsIn(OTHER_PASSWORD)]).toEqual([false, true])
  })

  test('ends the other sessions and keeps the one it comes from', async () => {
    await createBob()
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
    const bob = await createBob()
    const own = [await signIn(app, 'bob'), await signIn(app, 'bob')]

    await change(app.as(await headersOf(bob.key)), 'changePassword', CHANGED)

    expect(await statuses(own.map(({ client }) => client))).toEqual([401, 401])
    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  test.each([
    ['omitted', {}],
    ['null', { endApiKeys: null }],
    ['false', { endApiKeys: false }],
  ])('keeps the keys where endApiKeys is %s', async (_what, input) => {
    const bob = await createBob()

    const { endedApiKeys } = await change(
      app.as(basic('bob', PASSWORD)),
      'changePassword',
      { ...CHANGED, ...input },
      'endedApiKeys',
    )

    expect(endedApiKeys).toBe(0)
    expect(await statusOf(bob.client)).toBe(200)
  })

  test('revokes their keys where asked to, but not the one it comes with', async () => {
    const bob = await createBob()
    const [second, third] = [await createApiKey(bob.client), await createApiKey(bob.client)]
    const alice = await createUser(app, 'alice')
    await change(app.root, 'revokeApiKey', { apiKey: third.id })

    const input = { ...CHANGED, endApiKeys: true }
    const { endedApiKeys } = await change(bob.client, 'changePassword', input, 'endedApiKeys')

    expect(endedApiKeys).toBe(1)
    expect(await statuses([bob.client, app.as(second.key), alice.client, app.root])).toEqual([200, 401, 200, 200])
  })

  test('revokes all their keys where asked to from a session', async () => {
    const bob = await createBob()
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
  ])('is refused where the current one %s', async (_what, input, message) => {
    const bob = await createBob()
    const session = await signIn(app, 'bob')

    const { issues } = await withoutChange(app, () =>
      failChange(bob.client, 'InvalidInput', 'changePassword', { ...CHANGED, ...input, endApiKeys: true }),
    )

    expect(issues).toEqual([{ path: 'currentPassword', message }])
    expect(await statuses([bob.client, session.client])).toEqual([200, 200])
    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test.each([
    ['omitted', {}],
    ['null', { currentPassword: null }],
  ])('sets the first one, the current one being %s', async (_what, input) => {
    const bob = await createUser(app, 'bob')

    await change(bob.client, 'changePassword', { newPassword: PASSWORD, ...input })

    expect(await letsIn(PASSWORD)).toBe(true)
    const [row] = await query(app, sql`select user_id, set_by from passwords`)
    expect(row).toEqual({ user_id: uuidOf(bob.id), set_by: uuidOf(bob.id) })
  })

  test('sets no first one with a key that expires: it would outlive the key', async () => {
    const bob = await createUser(app, 'bob')
    const short = await createApiKey(bob.client, { expiresAt: inDays(1) })

    for (const endApiKeys of [false, true]) {
      const input = { newPassword: PASSWORD, endApiKeys }
      const { message, extensions } = await withoutWriting(app, () =>
        app.as(short.key).refused('FORBIDDEN', changeDocument('changePassword'), { input }),
      )
      expect([message, extensions.missing]).toEqual([
        '"changePassword" needs a key without an end.',
        ['a key without an end'],
      ])
    }

    expect(await letsIn(PASSWORD)).toBe(false)
    expect(await statuses([bob.client, app.as(short.key)])).toEqual([200, 200])
    expect(await query(app, sql`select from passwords`)).toEqual([])
  })

  test('sets no first one with it as a dry run either', async () => {
    const bob = await createUser(app, 'bob')
    const short = await createApiKey(bob.client, { expiresAt: inDays(1) })
    const variables = { input: { newPassword: PASSWORD }, dryRun: true }

    const { extensions } = await withoutChange(app, () =>
      app.as(short.key).refused('FORBIDDEN', changeDocument('changePassword'), variables),
    )

    expect(extensions.missing).toEqual(['a key without an end'])
  })

  test('with a key that expires still changes one that was there', async () => {
    const bob = await createBob()
    const short = await createApiKey(bob.client, { expiresAt: inDays(1) })

    await change(app.as(short.key), 'changePassword', CHANGED)

    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  test('sets no first one for who says to have one', async () => {
    const bob = await createUser(app, 'bob')

    await withoutChange(app, () => failInput(bob.client, ['currentPassword'], 'changePassword', CHANGED))
  })

  test('is for a caller', async () => {
    await createBob()

    const { status } = await withoutWriting(app, () =>
      app.nobody.send(changeDocument('changePassword'), { input: CHANGED }),
    )

    expect(status).toBe(401)
  })

  test('is not for a key with limits', async () => {
    const bob = await createBob()
    const limited = await createApiKey(bob.client, { limits: [] })

    const { extensions } = await withoutChange(app, () =>
      app.as(limited.key).refused('FORBIDDEN', changeDocument('changePassword'), { input: CHANGED }),
    )

    expect(extensions.missing).toEqual(['a key without limits'])
    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test('is not for a key that only reads', async () => {
    const bob = await createBob()
    const readOnly = await createApiKey(bob.client, { readOnly: true })

    await withoutWriting(app, () =>
      app.as(readOnly.key).refused('FORBIDDEN', changeDocument('changePassword'), { input: CHANGED }),
    )

    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test('leaves one audit row, which says that and not what', async () => {
    const bob = await createBob()
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

  test('twice at once with one current password changes it once', async () => {
    await createBob()
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

  test.each(RUNS)('of %s keeps nothing: password, sessions and keys are as they were', async (name, by, input) => {
    const bob = await createBob()
    const sessions = [await signIn(app, 'bob'), await signIn(app, 'bob')]
    const document = changeDocument(name, 'endedApiKeys user { username }')
    const client = by ?? (sessions[0]?.client as Client)

    const data = await withoutChange(app, () => client.ok(document, { input, dryRun: true }))

    expect(data[name]).toMatchObject({ endedApiKeys: 1, user: { username: 'bob' } })
    expect([await letsIn(OTHER_PASSWORD), await letsIn(PASSWORD)]).toEqual([false, true])
    expect(await statuses([bob.client, ...sessions.map((session) => session.client)])).toEqual([200, 200, 200])
  })

  test('of createUser keeps nothing and shows no secret', async () => {
    const input = { username: 'bob', password: PASSWORD, withApiKey: true }
    const document = changeDocument('createUser', 'secret user { username }')

    const { createUser: made } = await withoutWriting(app, () => app.root.ok(document, { input, dryRun: true }))

    expect(made).toMatchObject({ secret: null, user: { username: 'bob' } })
    expect(await letsIn(PASSWORD)).toBe(false)
  })

  test('of changePassword says what is wrong with the current one', async () => {
    const bob = await createBob()
    const input = { ...CHANGED, currentPassword: 'wrong' }

    const data = await withoutChange(app, () =>
      bob.client.ok(changeDocument('changePassword'), { input, dryRun: true }),
    )

    expect(data.changePassword.issues).toEqual([
      { path: 'currentPassword', message: 'This is not the current password.' },
    ])
  })
})

describe('a session that began while the password was changed', () => {
  test('is over with it: whoever knew the old one is out', async () => {
    const bob = await createBob()

    for (let round = 0; round < 10; round++) {
      const from = round % 2 ? OTHER_PASSWORD : PASSWORD
      const to = round % 2 ? PASSWORD : OTHER_PASSWORD
      const [signedIn] = await Promise.all([
        app.nobody.send(
          'mutation ($p: String!) { signIn(input: { username: "bob", password: $p }) { ... on SignInPayload { token } } }',
          { p: from },
        ),
        change(bob.client, 'changePassword', { currentPassword: from, newPassword: to }),
      ])
      const token = signedIn.data?.signIn?.token
      if (token) expect([round, await statusOf(app.as(bearer(token)))]).toEqual([round, 401])
      else expect([round, signedIn.status]).toEqual([round, 401])
    }
  })
})
