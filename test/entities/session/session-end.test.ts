import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument } from '../../support/change.ts'
import { inDays, permissionsOf, statusOf, usernameOf } from '../../support/look.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createRole, createUser } from '../../support/seed.ts'
import {
  basic,
  bearer,
  createPerson,
  OTHER_PASSWORD,
  PASSWORD,
  SIGN_OUT,
  SIGN_OUT_EVERYWHERE,
  type SignedIn,
  signIn,
} from '../../support/sessions.ts'

const app = startApp()

/** bob, signed in so many times, the first of them `session`. */
async function createBob(times: number, input: object = {}) {
  const bob = await createPerson(app, 'bob', input)
  const sessions: SignedIn[] = []
  for (let made = 0; made < times; made++) sessions.push(await signIn(app, 'bob'))
  return { ...bob, session: sessions[0] as SignedIn, clients: sessions.map(({ client }) => client) }
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
  test('ends that session alone', async () => {
    const bob = await createBob(3)

    const { signOut } = await bob.session.client.ok(SIGN_OUT)

    expect(signOut).toEqual({ __typename: 'SignOutPayload', changed: true })
    expect(await statuses(bob.clients)).toEqual([401, 200, 200])
    expect(await endsOf(bob.id)).toEqual(['bob', null, null])
  })

  test('leaves one audit row', async () => {
    const bob = await createBob(1)
    const [{ id = '' } = {}] = await query<{ id: string }>(app, sql`select id from sessions`)

    await bob.session.client.ok(SIGN_OUT)

    const rows = (await readAudit(app)).filter(({ action }) => action === 'signOut')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ actor_id: uuidOf(bob.id), target_type: 'Session', target_id: id, session_id: id })
  })

  test('with a key changes nothing and says so', async () => {
    const bob = await createBob(1, { withApiKey: true })

    const { signOut } = await withoutWriting(app, () => app.as(bob.key ?? '').ok(SIGN_OUT))

    expect(signOut.changed).toBe(false)
    expect(await statuses(bob.clients)).toEqual([200])
  })

  test('with a password changes nothing and says so', async () => {
    const bob = await createBob(1)

    const client = app.as(basic('bob', PASSWORD))
    await statusOf(client)
    const { signOut } = await withoutWriting(app, () => client.ok(SIGN_OUT))

    expect(signOut.changed).toBe(false)
    expect(await statuses(bob.clients)).toEqual([200])
  })

  test('needs somebody to sign out', async () => {
    await createBob(1)

    const { status } = await withoutWriting(app, () => app.nobody.send(SIGN_OUT))

    expect(status).toBe(401)
  })

  test('is not for a key with limits beside the session', async () => {
    const bob = await createBob(1)
    const limited = await createApiKey(app.root, { limits: [] })

    const client = app.as({ ...bearer(bob.session.token), 'api-key': limited.key })
    const { extensions } = await withoutWriting(app, () => client.refused('FORBIDDEN', SIGN_OUT))

    expect(extensions.missing).toEqual(['a key without limits'])
    expect(await statuses(bob.clients)).toEqual([200])
  })
})

describe('signing out everywhere', () => {
  test.each([
    ['omitted', {}],
    ['null', { user: null }],
    ['their own', { user: 'BOB' }],
  ])('ends all sessions of the caller where the user is %s, and their key stays', async (_what, input) => {
    const bob = await createBob(2, { withApiKey: true })
    await createPerson(app, 'alice')
    const alice = await signIn(app, 'alice')

    const { signOutEverywhere } = await bob.session.client.ok(SIGN_OUT_EVERYWHERE, { input })

    expect(signOutEverywhere).toEqual({
      __typename: 'SignOutEverywherePayload',
      ended: 2,
      user: { username: 'bob' },
    })
    expect(await statuses([...bob.clients, app.as(bob.key ?? ''), alice.client])).toEqual([401, 401, 200, 200])
    expect(await usernameOf(app.as(basic('bob', PASSWORD)))).toBe('bob')
  })

  test('counts only the sessions that lasted', async () => {
    const bob = await createBob(3, { withApiKey: true })
    await bob.session.client.ok(SIGN_OUT)
    await query(
      app,
      sql`update sessions set expires_at = now() - interval '1 second' where id = (select max(id::text) from sessions)::uuid`,
    )

    const { signOutEverywhere } = await app.as(bob.key ?? '').ok(SIGN_OUT_EVERYWHERE, { input: {} })

    expect(signOutEverywhere.ended).toBe(1)
    expect((await readAudit(app)).at(-1)).toMatchObject({ action: 'signOutEverywhere', before: { sessions: 1 } })
  })

  test('where nobody is signed in changes nothing', async () => {
    await createBob(0)

    const { signOutEverywhere } = await withoutWriting(app, () =>
      app.root.ok(SIGN_OUT_EVERYWHERE, { input: { user: 'bob' } }),
    )

    expect(signOutEverywhere.ended).toBe(0)
  })

  test('is for who manages the users of their home', async () => {
    await createOrganization(app, 'acme')
    const bob = await createBob(2, { organization: 'acme' })
    await createRole(app, 'KEEPER', ['users.read', 'users.manage'])
    const carol = await createUser(app, 'carol', { roles: [{ role: 'KEEPER', organization: 'acme' }] })

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
  ])('is forbidden %s, and nothing ends', async (_what, roles) => {
    await createOrganization(app, 'acme')
    const bob = await createBob(1, { organization: 'acme' })
    await createRole(app, 'KEEPER', ['users.read', 'users.manage'])
    const carol = await createUser(app, 'carol', { roles })

    const { extensions } = await withoutWriting(app, () =>
      carol.client.refused('FORBIDDEN', SIGN_OUT_EVERYWHERE, { input: { user: 'bob' } }),
    )

    expect(extensions.missing).toEqual(['users.manage'])
    expect(await statuses(bob.clients)).toEqual([200])
  })

  test('is forbidden against an administrator, except to administrators', async () => {
    const bob = await createBob(1, { isAdmin: true })
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }]
    const carol = await createUser(app, 'carol', { roles })
    const dave = await createUser(app, 'dave', { isAdmin: true })
    const input = { user: 'bob' }

    const { extensions } = await withoutWriting(app, () =>
      carol.client.refused('FORBIDDEN', SIGN_OUT_EVERYWHERE, { input }),
    )

    expect(extensions.missing).toEqual(['ADMINISTRATOR'])
    expect(await statuses(bob.clients)).toEqual([200])
    expect((await dave.client.ok(SIGN_OUT_EVERYWHERE, { input })).signOutEverywhere.ended).toBe(1)
    expect(await statuses(bob.clients)).toEqual([401])
  })

  test('finds nobody whom the caller does not see', async () => {
    const bob = await createBob(1)
    const carol = await createUser(app, 'carol')

    const errors = await withoutWriting(app, async () => [
      await carol.client.failed('NotFound', SIGN_OUT_EVERYWHERE, { input: { user: 'bob' } }),
      await carol.client.failed('NotFound', SIGN_OUT_EVERYWHERE, { input: { user: 'bab' } }),
    ])

    expect(JSON.stringify(errors[0]).replaceAll('bob', 'bab')).toBe(JSON.stringify(errors[1]))
    expect(await statuses(bob.clients)).toEqual([200])
  })

  test.each([
    ['their own', {}],
    ['another’s', { user: 'bob' }],
  ])('is forbidden to a key with limits: %s', async (_what, input) => {
    const bob = await createBob(1)
    const limited = await createApiKey(app.root, { limits: [{ role: 'ADMINISTRATOR', everywhere: true }] })

    const { extensions } = await withoutWriting(app, () =>
      app.as(limited.key).refused('FORBIDDEN', SIGN_OUT_EVERYWHERE, { input }),
    )

    expect(extensions.missing).toEqual(['a key without limits'])
    expect(await statuses(bob.clients)).toEqual([200])
  })
})

describe('the next request of a session is refused where its user', () => {
  const ENDS: [string, string, object][] = [
    ['was disabled', 'disableUser', { user: 'bob' }],
    ['was disabled for a while', 'disableUser', { user: 'bob', expiresAt: inDays(1) }],
    ['was deleted', 'deleteUser', { user: 'bob' }],
    ['was given a password', 'setUserPassword', { user: 'bob', password: OTHER_PASSWORD }],
  ]

  test.each(ENDS)('%s', async (_what, name, input) => {
    const bob = await createBob(2)

    await change(app.root, name, input)

    expect(await statuses(bob.clients)).toEqual([401, 401])
    expect(await endsOf(bob.id)).toEqual(['root', 'root'])
  })

  test.each(ENDS)('%s, but not after a dry run', async (_what, name, input) => {
    const bob = await createBob(2)

    await withoutWriting(app, () => app.root.ok(changeDocument(name), { input, dryRun: true }))

    expect(await statuses(bob.clients)).toEqual([200, 200])
  })
})

describe('a session', () => {
  test('does not come back when its user is enabled again', async () => {
    const bob = await createBob(1)
    await change(app.root, 'disableUser', { user: 'bob' })

    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await statuses(bob.clients)).toEqual([401])
    expect(await statusOf((await signIn(app, 'bob')).client)).toBe(200)
  })

  test('does not come back when a suspension ends by itself', async () => {
    const bob = await createBob(1)
    await change(app.root, 'disableUser', { user: 'bob', expiresAt: inDays(1) })

    await query(
      app,
      sql`update user_suspensions set since = now() - interval '2 hours', expires_at = now() - interval '1 hour'`,
    )

    expect(await statuses(bob.clients)).toEqual([401])
    expect(await usernameOf(app.as(basic('bob', PASSWORD)))).toBe('bob')
  })

  test('does not come back when its user is restored', async () => {
    const bob = await createBob(1)
    await change(app.root, 'deleteUser', { user: 'bob' })

    await change(app.root, 'restoreUser', { id: bob.id })
    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await statuses(bob.clients)).toEqual([401])
  })

  test('holds at each request what its user holds then', async () => {
    const roles = [{ role: 'AUDITOR', everywhere: true }]
    const bob = await createBob(1, { roles })
    const { client } = bob.session
    const AUDITOR = ['access.check', 'audit.read', 'users.read'].map((word) => `${word} everywhere`)
    expect(await permissionsOf(client)).toEqual(AUDITOR)

    await change(app.root, 'revokeRoles', { user: 'bob', roles })

    expect(await permissionsOf(client)).toEqual([])
    await change(app.root, 'grantRoles', { user: 'bob', roles })
    expect(await permissionsOf(client)).toEqual(AUDITOR)
  })

  test('of an administrator administers nothing once they are demoted', async () => {
    const bob = await createBob(1, { isAdmin: true })
    const { client } = bob.session
    await change(client, 'createProject', { code: 'apollo' })

    await change(app.root, 'revokeRoles', { user: 'bob', roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })

    const document = changeDocument('createProject')
    const { extensions } = await withoutWriting(app, () =>
      client.refused('FORBIDDEN', document, { input: { code: 'gemini' } }),
    )
    expect(extensions.missing).toEqual(['projects.manage'])
  })

  test('survives the renaming of its user', async () => {
    const bob = await createBob(1)

    await change(app.root, 'updateUser', { user: 'bob', username: 'robert' })

    expect(await usernameOf(bob.session.client)).toBe('robert')
  })

  test('of somebody else goes on', async () => {
    await createBob(1)
    await createPerson(app, 'alice')
    const alice = await signIn(app, 'alice')

    await change(app.root, 'disableUser', { user: 'bob' })
    await change(app.root, 'deleteUser', { user: 'bob' })

    expect(await statusOf(alice.client)).toBe(200)
    expect((await actions()).filter((action) => action === 'signOutEverywhere')).toEqual([])
  })
})
