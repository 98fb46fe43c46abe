import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument } from '../../support/change.ts'
import { inDays, permissionsOf, statusOf, usernameOf } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createRole, createUser, grantRoles } from '../../support/seed.ts'
import {
  basic,
  bearer,
  createPerson,
  OTHER_PASSWORD,
  PASSWORD,
  SIGN_OUT,
  SIGN_OUT_EVERYWHERE,
  signIn,
} from '../../support/sessions.ts'
import { readToken } from '../../support/tokens.ts'

const app = startApp()

const given = app.world(createWorld)

/** acme with bob, who has a key and is signed in twice, and carol, who holds nothing; alice elsewhere is signed in. */
async function createWorld() {
  await createOrganization(app, 'acme')
  await createRole(app, 'KEEPER', ['users.read', 'users.manage'])
  const { id, key } = await createPerson(app, 'bob', { organization: 'acme', withApiKey: true })
  const [session, second] = [await signIn(app, 'bob'), await signIn(app, 'bob')]
  const carol = await createUser(app, 'carol', { organization: 'acme' })
  await createPerson(app, 'alice')
  const bob = { id, session, clients: [session.client, second.client], key: app.as(key ?? '') }
  return { bob, carol, alice: await signIn(app, 'alice') }
}

const statuses = (clients: Client[]) => Promise.all(clients.map(statusOf))

/** Who ended each session of a user, oldest first; null where it lasts. */
async function endsOf(id: string) {
  const rows = await query(
    app,
    sql`select s.ended_at is not null as ended, e.username from sessions as s left join users as e on e.id = s.ended_by
      where s.user_id = ${uuidOf(id)} order by s.id`,
  )
  return rows.map(({ ended, username }) => (ended ? username : null))
}

const actions = async () => (await readAudit(app)).map(({ action }) => action)

describe('signing out', () => {
  test('ends only the current session', async () => {
    const { bob } = given()

    const { signOut } = await bob.session.client.ok(SIGN_OUT)

    expect(signOut).toEqual({ __typename: 'SignOutPayload', changed: true })
    expect(await statuses(bob.clients)).toEqual([401, 200])
    expect(await endsOf(bob.id)).toEqual(['bob', null])
  })

  test('leaves one audit row', async () => {
    const { bob } = given()
    const id = readToken(bob.session.token).payload.sid

    await bob.session.client.ok(SIGN_OUT)

    const rows = (await readAudit(app)).filter(({ action }) => action === 'signOut')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ actor_id: uuidOf(bob.id), target_type: 'Session', target_id: id, session_id: id })
  })

  test('with a key answers that nothing changed', async () => {
    const { bob } = given()

    const { signOut } = await withoutWriting(app, () => bob.key.ok(SIGN_OUT))

    expect(signOut.changed).toBe(false)
    expect(await statuses(bob.clients)).toEqual([200, 200])
  })

  test('with a password answers that nothing changed', async () => {
    const { bob } = given()

    const client = app.as(basic('bob', PASSWORD))
    await statusOf(client)
    const { signOut } = await withoutWriting(app, () => client.ok(SIGN_OUT))

    expect(signOut.changed).toBe(false)
    expect(await statuses(bob.clients)).toEqual([200, 200])
  })

  test('is refused without a credential', async () => {
    const { status } = await withoutWriting(app, () => app.nobody.send(SIGN_OUT))

    expect(status).toBe(401)
  })

  test('is refused if a key with limits comes with the session', async () => {
    const { bob } = given()
    const limited = await createApiKey(app.root, { limits: [] })

    const client = app.as({ ...bearer(bob.session.token), 'api-key': limited.key })
    const { extensions } = await withoutWriting(app, () => client.refused('FORBIDDEN', SIGN_OUT))

    expect(missingOf(extensions)).toEqual(['a key without limits'])
    expect(await statuses(bob.clients)).toEqual([200, 200])
  })
})

describe('signing out everywhere', () => {
  test.each([
    ['omitted', {}],
    ['null', { user: null }],
    ['their own', { user: 'BOB' }],
  ])('ends all sessions of the caller, but not their key, if the user is %s', async (_what, input) => {
    const { bob, alice } = given()

    const { signOutEverywhere } = await bob.session.client.ok(SIGN_OUT_EVERYWHERE, { input })

    expect(signOutEverywhere).toEqual({
      __typename: 'SignOutEverywherePayload',
      ended: 2,
      user: { username: 'bob' },
    })
    expect(await statuses([...bob.clients, bob.key, alice.client])).toEqual([401, 401, 200, 200])
    expect(await usernameOf(app.as(basic('bob', PASSWORD)))).toBe('bob')
  })

  test('counts only the sessions that had not ended', async () => {
    const { bob } = given()
    await signIn(app, 'bob')
    await bob.session.client.ok(SIGN_OUT)
    await query(
      app,
      sql`update sessions set expires_at = now() - interval '1 second'
        where id = (select max(id::text) from sessions where user_id = ${uuidOf(bob.id)})::uuid`,
    )

    const { signOutEverywhere } = await bob.key.ok(SIGN_OUT_EVERYWHERE, { input: {} })

    expect(signOutEverywhere.ended).toBe(1)
    expect((await readAudit(app)).at(-1)).toMatchObject({ action: 'signOutEverywhere', before: { sessions: 1 } })
  })

  test('changes nothing for a user without sessions', async () => {
    await createPerson(app, 'erin')

    const { signOutEverywhere } = await withoutWriting(app, () =>
      app.root.ok(SIGN_OUT_EVERYWHERE, { input: { user: 'erin' } }),
    )

    expect(signOutEverywhere.ended).toBe(0)
  })

  test('is allowed for a caller who manages the users of that organization', async () => {
    const { bob, carol } = given()
    await grantRoles(app, 'carol', [{ role: 'KEEPER', organization: 'acme' }])

    const { signOutEverywhere } = await carol.client.ok(SIGN_OUT_EVERYWHERE, { input: { user: 'bob' } })

    expect(signOutEverywhere.ended).toBe(2)
    expect(await statuses(bob.clients)).toEqual([401, 401])
    expect(await endsOf(bob.id)).toEqual(['carol', 'carol'])
    expect((await readAudit(app)).at(-1)).toMatchObject({
      action: 'signOutEverywhere',
      actor_id: uuidOf(carol.id),
      target_type: 'User',
      target_id: uuidOf(bob.id),
    })
  })

  test.each([
    ['without users.manage', [{ role: 'AUDITOR', organization: 'acme' }]],
    [
      'with users.manage elsewhere',
      [
        { role: 'AUDITOR', organization: 'acme' },
        { role: 'KEEPER', organization: 'default' },
      ],
    ],
  ])('is forbidden %s, and no session ends', async (_what, roles) => {
    const { bob, carol } = given()
    await grantRoles(app, 'carol', roles)

    const { extensions } = await withoutWriting(app, () =>
      carol.client.refused('FORBIDDEN', SIGN_OUT_EVERYWHERE, { input: { user: 'bob' } }),
    )

    expect(missingOf(extensions)).toEqual(['users.manage'])
    expect(await statuses(bob.clients)).toEqual([200, 200])
  })

  test('is forbidden for the sessions of an administrator, except to administrators', async () => {
    const { bob, carol } = given()
    await grantRoles(app, 'bob', [{ role: 'ADMINISTRATOR', everywhere: true }])
    await grantRoles(app, 'carol', [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }])
    const dave = await createUser(app, 'dave', { isAdmin: true })
    const input = { user: 'bob' }

    const { extensions } = await withoutWriting(app, () =>
      carol.client.refused('FORBIDDEN', SIGN_OUT_EVERYWHERE, { input }),
    )

    expect(missingOf(extensions)).toEqual(['ADMINISTRATOR'])
    expect(await statuses(bob.clients)).toEqual([200, 200])
    expect((await dave.client.ok(SIGN_OUT_EVERYWHERE, { input })).signOutEverywhere.ended).toBe(2)
    expect(await statuses(bob.clients)).toEqual([401, 401])
  })

  test('does not find a user that the caller can’t see', async () => {
    const { bob, carol } = given()

    const errors = await withoutWriting(app, async () => [
      await carol.client.failed('NotFoundError', SIGN_OUT_EVERYWHERE, { input: { user: 'bob' } }),
      await carol.client.failed('NotFoundError', SIGN_OUT_EVERYWHERE, { input: { user: 'bab' } }),
    ])

    expect(JSON.stringify(errors[0]).replaceAll('bob', 'bab')).toBe(JSON.stringify(errors[1]))
    expect(await statuses(bob.clients)).toEqual([200, 200])
  })

  test.each([
    ['the caller', {}],
    ['another user', { user: 'bob' }],
  ])('is forbidden to a key with limits for %s', async (_what, input) => {
    const { bob } = given()
    const limited = await createApiKey(app.root, { limits: [{ role: 'ADMINISTRATOR', everywhere: true }] })

    const { extensions } = await withoutWriting(app, () =>
      app.as(limited.key).refused('FORBIDDEN', SIGN_OUT_EVERYWHERE, { input }),
    )

    expect(missingOf(extensions)).toEqual(['a key without limits'])
    expect(await statuses(bob.clients)).toEqual([200, 200])
  })
})

describe('the next request of a session is refused if its user', () => {
  const ENDS: [string, string, object][] = [
    ['was disabled', 'disableUser', { user: 'bob' }],
    ['was disabled for a while', 'disableUser', { user: 'bob', expiresAt: inDays(1) }],
    ['was deleted', 'deleteUser', { user: 'bob' }],
    ['was given a password', 'setUserPassword', { user: 'bob', password: OTHER_PASSWORD }],
  ]

  test.each(ENDS)('%s', async (_what, name, input) => {
    const { bob } = given()

    await change(app.root, name, input)

    expect(await statuses(bob.clients)).toEqual([401, 401])
    expect(await endsOf(bob.id)).toEqual(['root', 'root'])
  })

  test.each(ENDS)('%s, but not after a dry run', async (_what, name, input) => {
    const { bob } = given()

    await withoutWriting(app, () => app.root.ok(changeDocument(name), { input, dryRun: true }))

    expect(await statuses(bob.clients)).toEqual([200, 200])
  })
})

describe('a session', () => {
  test('does not come back when its user is enabled again', async () => {
    const { bob } = given()
    await change(app.root, 'disableUser', { user: 'bob' })

    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await statuses(bob.clients)).toEqual([401, 401])
    expect(await statusOf((await signIn(app, 'bob')).client)).toBe(200)
  })

  test('does not come back when a suspension ends by itself', async () => {
    const { bob } = given()
    await change(app.root, 'disableUser', { user: 'bob', expiresAt: inDays(1) })

    await query(
      app,
      sql`update user_suspensions set since = now() - interval '2 hours', expires_at = now() - interval '1 hour'`,
    )

    expect(await statuses(bob.clients)).toEqual([401, 401])
    expect(await usernameOf(app.as(basic('bob', PASSWORD)))).toBe('bob')
  })

  test('does not come back when its user is restored', async () => {
    const { bob } = given()
    await change(app.root, 'deleteUser', { user: 'bob' })

    await change(app.root, 'restoreUser', { id: bob.id })
    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await statuses(bob.clients)).toEqual([401, 401])
  })

  test('has at each request the permissions that its user has then', async () => {
    const { bob } = given()
    const roles = [{ role: 'AUDITOR', everywhere: true }]
    await grantRoles(app, 'bob', roles)
    const { client } = bob.session
    const AUDITOR = ['access.check', 'audit.read', 'users.read'].map((word) => `${word} everywhere`)
    expect(await permissionsOf(client)).toEqual(AUDITOR)

    await change(app.root, 'revokeRoles', { user: 'bob', roles })

    expect(await permissionsOf(client)).toEqual([])
    await change(app.root, 'grantRoles', { user: 'bob', roles })
    expect(await permissionsOf(client)).toEqual(AUDITOR)
  })

  test('of an administrator has no more authority than the user after ADMINISTRATOR is revoked', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'ADMINISTRATOR', everywhere: true }])
    const { client } = bob.session
    await change(client, 'createProject', { code: 'apollo' })

    await change(app.root, 'revokeRoles', { user: 'bob', roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })

    const document = changeDocument('createProject')
    const { extensions } = await withoutWriting(app, () =>
      client.refused('FORBIDDEN', document, { input: { code: 'gemini' } }),
    )
    expect(missingOf(extensions)).toEqual(['projects.manage'])
  })

  test('stays valid if its user is renamed', async () => {
    const { bob } = given()

    await change(app.root, 'updateUser', { user: 'bob', username: 'robert' })

    expect(await usernameOf(bob.session.client)).toBe('robert')
  })

  test('of another user is not ended', async () => {
    const { alice } = given()

    await change(app.root, 'disableUser', { user: 'bob' })
    await change(app.root, 'deleteUser', { user: 'bob' })

    expect(await statusOf(alice.client)).toBe(200)
    expect((await actions()).filter((action) => action === 'signOutEverywhere')).toEqual([])
  })
})

describe('ending one session', () => {
  const END = changeDocument('endSession', 'changed session { isActive endedAt }')
  const idOf = (token: string) => `session_${readToken(token).payload.sid}`

  test('refuses its token and leaves the others, and tells when it ended', async () => {
    const { bob } = given()

    const { endSession } = await bob.key.ok(END, { input: { session: idOf(bob.session.token) } })

    expect(endSession).toMatchObject({ changed: true, session: { isActive: false, endedAt: expect.any(String) } })
    expect(await statuses(bob.clients)).toEqual([401, 200])
    expect(await endsOf(bob.id)).toEqual(['bob', null])
  })

  test('that has ended changes nothing', async () => {
    const { bob } = given()
    const input = { session: idOf(bob.session.token) }
    await bob.key.ok(END, { input })

    const { endSession } = await withoutWriting(app, () => bob.key.ok(END, { input }))

    expect(endSession.changed).toBe(false)
  })

  test('by itself is the last that it does', async () => {
    const { bob } = given()

    const { endSession } = await bob.session.client.ok(END, { input: { session: idOf(bob.session.token) } })

    expect(endSession.changed).toBe(true)
    expect(await statuses(bob.clients)).toEqual([401, 200])
  })

  test('is for those who manage its user, and hidden from everybody else', async () => {
    const { bob, carol, alice } = given()
    const input = { session: idOf(bob.session.token) }
    const hidden = await withoutWriting(app, async () => [
      await alice.client.failed('NotFoundError', END, { input }),
      await alice.client.failed('NotFoundError', END, { input: { session: `session_${NO_UUID}` } }),
    ])
    await grantRoles(app, 'carol', [{ role: 'KEEPER', organization: 'acme' }])

    const { endSession } = await carol.client.ok(END, { input })

    expect(hidden[0]).toEqual(hidden[1])
    expect(endSession.changed).toBe(true)
    expect(await endsOf(bob.id)).toEqual(['carol', null])
  })
})

const NO_UUID = '00000000-0000-7000-8000-000000000000'
