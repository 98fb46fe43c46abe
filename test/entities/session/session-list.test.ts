import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { query, uuidOf } from '../../support/rows.ts'
import { createOrganization, createRole, createUser } from '../../support/seed.ts'
import { createPerson, SIGN_OUT, signIn } from '../../support/sessions.ts'

const app = startApp()

const OF_BOB = `{ user(username: "bob") { username sessions {
  totalCount nodes { user { username } address isCurrent isActive endedAt } } } }`

const OPEN = { user: { username: 'bob' }, address: '127.0.0.1', isActive: true, endedAt: null }

/** bob of acme, signed in twice. */
async function createBob() {
  await createOrganization(app, 'acme')
  const bob = await createPerson(app, 'bob', { organization: 'acme' })
  const first = await signIn(app, 'bob')
  const second = await signIn(app, 'bob')
  return { ...bob, first, second }
}

async function sessionIdOf(client: Client): Promise<string> {
  return (await client.ok('{ viewer { session { id } } }')).viewer.session.id
}

describe('sessions', () => {
  test('are seen by their user, who sees with which one they ask', async () => {
    const bob = await createBob()

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
    ['holders of users.read over their home', [{ role: 'AUDITOR', organization: 'acme' }]],
    ['holders of users.read everywhere', [{ role: 'AUDITOR', everywhere: true }]],
  ])('are seen by %s', async (_who, roles) => {
    const bob = await createBob()
    const carol = await createUser(app, 'carol', { roles })

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

  test('are refused to who sees of their user the reference alone', async () => {
    await createBob()
    await createRole(app, 'GRANTER', ['roles.grant'])
    const roles = [{ role: 'GRANTER', organization: 'acme' }]
    const carol = await createUser(app, 'carol', { roles })

    const { data, errors } = await carol.client.send(OF_BOB)

    const needs = [{ what: 'users.read', where: 'in the user’s organization' }]
    expect(errors.map(({ path, extensions }) => [path, extensions])).toEqual([
      [['user', 'sessions'], { code: 'FORBIDDEN', missing: ['users.read'], needs }],
    ])
    expect(data).toEqual({ user: { username: 'bob', sessions: null } })
  })

  test.each([
    ['who reads users elsewhere', [{ role: 'AUDITOR', organization: 'default' }]],
    ['who reads no users', [{ role: 'PROJECT_MANAGER', everywhere: true }]],
  ])('are as missing to one %s, by whatever way', async (_who, roles) => {
    const bob = await createBob()
    const id = await sessionIdOf(bob.first.client)
    const missing = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')
    const carol = await createUser(app, 'carol', { roles })

    const NODES = 'query ($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { __typename id } }'
    const [foreign, none] = [await carol.client.send(NODES, { id }), await carol.client.send(NODES, { id: missing })]

    expect(foreign.data).toEqual({ node: null, nodes: [null] })
    expect([foreign.status, foreign.data, foreign.errors]).toEqual([none.status, none.data, none.errors])
    expect(await carol.client.ok(OF_BOB)).toEqual({ user: null })
    const { users } = await carol.client.ok('{ users { nodes { sessions { totalCount } } } }')
    expect(users.nodes.map((user: { sessions: { totalCount: number } }) => user.sessions.totalCount)).not.toContain(2)
    expect((await carol.client.ok('{ viewer { sessions { totalCount } } }')).viewer.sessions.totalCount).toBe(0)
  })

  test('of a deleted user are seen by nobody', async () => {
    const bob = await createBob()
    const id = await sessionIdOf(bob.first.client)

    await change(app.root, 'deleteUser', { user: 'bob' })

    expect(await app.root.ok('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null })
  })

  test('that ended say when, and are not active', async () => {
    const bob = await createBob()
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

  test('are paged, newest first where asked for', async () => {
    const bob = await createBob()
    const ids = await query<{ id: string }>(app, sql`select id from sessions order by created_at desc, id desc`)
    const NEWEST = `query ($after: String) { viewer { sessions(first: 1, after: $after, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
      totalCount nodes { id } pageInfo { hasNextPage endCursor } } } }`

    const first = (await bob.first.client.ok(NEWEST)).viewer.sessions
    const second = (await bob.first.client.ok(NEWEST, { after: first.pageInfo.endCursor })).viewer.sessions

    expect([first.totalCount, first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([2, true, false])
    expect([...first.nodes, ...second.nodes].map(({ id }: { id: string }) => uuidOf(id))).toEqual(
      ids.map(({ id }) => id),
    )
  })
})

describe('the viewer', () => {
  test('with a key has no session, and as an end that of the key', async () => {
    await createPerson(app, 'bob')
    const expiresAt = '2100-01-01T00:00:00.000Z'
    const { secret } = await change(app.root, 'createApiKey', { user: 'bob', label: 'ci', expiresAt }, 'secret')

    const { viewer } = await app.as(secret).ok('{ viewer { session { id } apiKey { label } expiresAt } }')

    expect(viewer).toEqual({ session: null, apiKey: { label: 'ci' }, expiresAt })
  })

  test('with a session and a key has both, and as an end the earlier', async () => {
    await createPerson(app, 'bob')
    const { token, expiresAt } = await signIn(app, 'bob')
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
