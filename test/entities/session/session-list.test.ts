import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { query, uuidOf } from '../../support/rows.ts'
import { createOrganization, createRole, createUser, grantRoles } from '../../support/seed.ts'
import { createPerson, SIGN_OUT, signIn } from '../../support/sessions.ts'

const app = startApp()

const OF_BOB = `{ user(username: "bob") { username sessions {
  totalCount nodes { user { username } address isCurrent isActive endedAt } } } }`

const OPEN = { user: { username: 'bob' }, address: '127.0.0.1', isActive: true, endedAt: null }

/** bob of acme, signed in twice, and carol, who holds nothing. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  await createPerson(app, 'bob', { organization: 'acme' })
  const bob = { first: await signIn(app, 'bob'), second: await signIn(app, 'bob') }
  return { bob, carol: await createUser(app, 'carol') }
})

async function sessionIdOf(client: Client): Promise<string> {
  return (await client.ok('{ viewer { session { id } } }')).viewer.session.id
}

describe('sessions', () => {
  test('are seen by their user, and the current one is marked', async () => {
    const { bob } = given()

    const { user } = await bob.second.client.ok(OF_BOB)

    expect(user.sessions).toEqual({
      totalCount: 2,
      nodes: [
        { ...OPEN, isCurrent: false },
        { ...OPEN, isCurrent: true },
      ],
    })
    const { viewer } = await bob.first.client.ok('{ viewer { sessions { totalCount nodes { isCurrent } } } }')
    expect(viewer.sessions).toEqual({ totalCount: 2, nodes: [{ isCurrent: true }, { isCurrent: false }] })
  })

  test.each([
    ['an administrator', [{ role: 'ADMINISTRATOR', everywhere: true }]],
    ['a user with users.read in the organization of that user', [{ role: 'AUDITOR', organization: 'acme' }]],
    ['a user with users.read everywhere', [{ role: 'AUDITOR', everywhere: true }]],
  ])('are seen by %s', async (_who, roles) => {
    const { bob, carol } = given()
    await grantRoles(app, 'carol', roles)

    const { user } = await carol.client.ok(OF_BOB)

    expect(user.sessions).toEqual({
      totalCount: 2,
      nodes: [
        { ...OPEN, isCurrent: false },
        { ...OPEN, isCurrent: false },
      ],
    })
    const id = await sessionIdOf(bob.first.client)
    const { node } = await carol.client.ok('query ($id: ID!) { node(id: $id) { ... on Session { isActive } } }', { id })
    expect(node).toEqual({ isActive: true })
  })

  test('are refused to a caller who sees only the reference of their user', async () => {
    const { carol } = given()
    await createRole(app, 'GRANTER', ['roles.grant'])
    await grantRoles(app, 'carol', [{ role: 'GRANTER', organization: 'acme' }])

    const { data, errors } = await carol.client.send(OF_BOB)

    const missing = [
      { allOf: [expect.objectContaining({ permission: 'users.read', text: 'users.read in the user’s organization' })] },
    ]
    expect(errors.map(({ path, extensions }) => [path, extensions])).toEqual([
      [['user', 'sessions'], { code: 'FORBIDDEN', missing }],
    ])
    expect(data).toEqual({ user: { username: 'bob', sessions: null } })
  })

  test.each([
    ['who reads the users of another organization', [{ role: 'AUDITOR', organization: 'default' }]],
    ['who reads no users', [{ role: 'PROJECT_MANAGER', everywhere: true }]],
  ])('are not found by a user %s, in any query', async (_who, roles) => {
    const { bob, carol } = given()
    const id = await sessionIdOf(bob.first.client)
    const missing = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')
    await grantRoles(app, 'carol', roles)

    const NODES = 'query ($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { __typename id } }'
    const [foreign, none] = [await carol.client.send(NODES, { id }), await carol.client.send(NODES, { id: missing })]

    expect(foreign.data).toEqual({ node: null, nodes: [null] })
    expect([foreign.status, foreign.data, foreign.errors]).toEqual([none.status, none.data, none.errors])
    expect(await carol.client.ok(OF_BOB)).toEqual({ user: null })
    const { users } = await carol.client.ok('{ users { nodes { sessions { totalCount } } } }')
    expect(users.nodes.map((user: { sessions: { totalCount: number } }) => user.sessions.totalCount)).not.toContain(2)
    expect((await carol.client.ok('{ viewer { sessions { totalCount } } }')).viewer.sessions.totalCount).toBe(0)
  })

  test('of a deleted user are not found', async () => {
    const { bob } = given()
    const id = await sessionIdOf(bob.first.client)

    await change(app.root, 'deleteUser', { user: 'bob' })

    expect(await app.root.ok('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null })
  })

  test('that ended show when they ended, and are not active', async () => {
    const { bob } = given()
    await bob.first.client.ok(SIGN_OUT)
    await query(app, sql`update sessions set expires_at = now() - interval '1 minute' where ended_at is null`)
    const [row] = await query<{ at: string }>(
      app,
      sql`select to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at from sessions where ended_at is not null`,
    )

    const { user } = await app.root.ok(
      '{ user(username: "bob") { sessions { nodes { isActive isCurrent endedAt } } } }',
    )

    expect(user.sessions.nodes).toEqual([
      { isActive: false, isCurrent: false, endedAt: row?.at },
      { isActive: false, isCurrent: false, endedAt: null },
    ])
  })

  test('are paged, and sorted by newest first if the query asks for it', async () => {
    const { bob } = given()
    const ids = await query<{ id: string }>(app, sql`select id from sessions order by created_at desc, id desc`)
    const NEWEST = `query ($before: String) { viewer { sessions(last: 1, before: $before) {
      totalCount nodes { id } pageInfo { hasPreviousPage startCursor } } } }`

    const first = (await bob.first.client.ok(NEWEST)).viewer.sessions
    const second = (await bob.first.client.ok(NEWEST, { before: first.pageInfo.startCursor })).viewer.sessions

    expect([first.totalCount, first.pageInfo.hasPreviousPage, second.pageInfo.hasPreviousPage]).toEqual([
      2,
      true,
      false,
    ])
    expect([...first.nodes, ...second.nodes].map(({ id }: { id: string }) => uuidOf(id))).toEqual(
      ids.map(({ id }) => id),
    )
  })
})

describe('the viewer', () => {
  test('with a key has no session, and expires with the key', async () => {
    const expiresAt = '2100-01-01T00:00:00.000Z'
    const { secret } = await change(app.root, 'createApiKey', { user: 'bob', label: 'ci', expiresAt }, 'secret')

    const { viewer } = await app.as(secret).ok('{ viewer { session { id } apiKey { label } expiresAt } }')

    expect(viewer).toEqual({ session: null, apiKey: { label: 'ci' }, expiresAt })
  })

  test('with a session and a key has both, and expires with the first of them', async () => {
    const { token, expiresAt } = given().bob.first
    const { secret } = await change(app.root, 'createApiKey', { label: 'ci' }, 'secret')
    const { secret: short } = await change(
      app.root,
      'createApiKey',
      { label: 'short', expiresAt: new Date(Date.now() + 60_000).toISOString() },
      'secret apiKey { expiresAt }',
    )

    const VIEWER = '{ viewer { session { isCurrent } apiKey { expiresAt } expiresAt } }'
    const lasting = app.as({ authorization: `Bearer ${token}`, 'api-key': secret })
    const ending = app.as({ authorization: `Bearer ${token}`, 'api-key': short })

    expect((await lasting.ok(VIEWER)).viewer.expiresAt).toBe(expiresAt)
    const { viewer } = await ending.ok(VIEWER)
    expect(viewer.session).toEqual({ isCurrent: true })
    const [row] = await query<{ at: string }>(
      app,
      sql`select to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at from api_keys where label = 'short'`,
    )
    expect(viewer.expiresAt).toBe(row?.at)
  })
})
