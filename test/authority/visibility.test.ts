import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../support/seed.ts'

const app = startApp()
const given = app.world(createWorld)

/** acme and globex, each with a project and a role of its own; bob administers acme, carol is of globex. */
async function createWorld() {
  for (const organization of ['acme', 'globex']) {
    await createOrganization(app, organization)
    await createProject(app, `${organization}-project`, organization)
    await createRole(app, `${organization}-role`, [`${organization}.word`], organization)
  }
  const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
  const bob = await createUser(app, 'bob', { organization: 'acme', roles })
  const carol = await createUser(app, 'carol', { organization: 'globex' })
  return { bob, carol }
}

const LISTS = ['apiKeys', 'roles', 'controllers', 'sessions', 'sshKeys', 'credentials']
const RECORD = ['email', 'createdAt', 'isAdmin', 'organization', ...LISTS]
const WHOLE_USER = `id username displayName kind isActive
  email createdAt isAdmin organization { name } ${LISTS.map((list) => `${list} { totalCount }`).join(' ')}`

describe('a user', () => {
  test('shows only its reference to a caller who may only grant: each record field is null and FORBIDDEN at its path', async () => {
    const { bob, carol } = given()

    const { data, errors } = await bob.client.send(`{ user(username: "CAROL") { ${WHOLE_USER} } }`)

    const reference = { id: carol.id, username: 'carol', displayName: null, kind: 'HUMAN', isActive: true }
    const nothing = Object.fromEntries(RECORD.map((field) => [field, null]))
    expect(data).toEqual({ user: { ...reference, ...nothing } })
    const missing = [
      { allOf: [expect.objectContaining({ permission: 'users.read', text: 'users.read in the user’s organization' })] },
    ]
    expect(errors.map(({ path, extensions }) => ({ path, ...extensions }))).toEqual(
      RECORD.map((field) => ({ path: ['user', field], code: 'FORBIDDEN', missing })),
    )
  })

  test('shows the whole record to themselves, to a reader of the users of their organization, and to administrators', async () => {
    const { bob, carol } = given()
    const roles = [{ role: 'AUDITOR', organization: 'globex' }]
    const auditor = await createUser(app, 'aud', { organization: 'acme', roles })
    const expected = {
      ...{ id: carol.id, username: 'carol', displayName: null, kind: 'HUMAN', isActive: true, isAdmin: false },
      ...{ email: 'carol@example.test', organization: { name: 'globex' } },
      ...Object.fromEntries(LISTS.map((list) => [list, { totalCount: list === 'apiKeys' ? 1 : 0 }])),
    }

    for (const client of [carol.client, auditor.client, app.root]) {
      const { user } = await client.ok(`{ user(username: "carol") { ${WHOLE_USER} } }`)
      const { createdAt, ...rest } = user
      expect(rest).toEqual(expected)
      expect(Date.parse(createdAt)).not.toBeNaN()
    }
    expect(await bob.client.ok('{ users { totalCount nodes { username } } }')).toEqual({
      users: { totalCount: 2, nodes: [{ username: 'aud' }, { username: 'bob' }] },
    })
  })

  test('of another organization is found by name by a caller who may grant, but appears in no list, count or filter', async () => {
    const { bob } = given()

    const seen = await bob.client.ok(`{ user(username: "carol") { username }
      users(filter: { username: { in: ["carol", "bob"] } }) { totalCount nodes { username } pageInfo { hasNextPage } }
      byStart: users(first: 1, filter: { username: { startsWith: "b" } }) { totalCount pageInfo { hasNextPage } }
      ofGlobex: users(filter: { organization: "globex" }) { totalCount nodes { username } } }`)

    expect(seen).toEqual({
      user: { username: 'carol' },
      users: { totalCount: 1, nodes: [{ username: 'bob' }], pageInfo: { hasNextPage: false } },
      byStart: { totalCount: 1, pageInfo: { hasNextPage: false } },
      ofGlobex: { totalCount: 0, nodes: [] },
    })
  })

  test('of another organization is not found by a caller who may not grant, and not when suspended or deleted', async () => {
    const { bob, carol } = given()
    const find = '{ user(username: "carol") { username } }'
    expect(await carol.client.ok('{ user(username: "bob") { username } }')).toEqual({ user: null })
    expect(await bob.client.ok(find)).toEqual({ user: { username: 'carol' } })

    await change(app.root, 'disableUser', { user: 'carol' })
    expect(await bob.client.ok(find)).toEqual({ user: null })
    expect(await app.root.ok(find)).toEqual({ user: { username: 'carol' } })

    await change(app.root, 'enableUser', { user: 'carol' })
    await change(app.root, 'deleteUser', { user: 'carol' })
    expect(await bob.client.ok(find)).toEqual({ user: null })
    expect(await app.root.ok(find)).toEqual({ user: null })
  })

  test('of another organization who holds a role here appears among its holders, with the reference only', async () => {
    const { bob } = given()
    await createUser(app, 'aud', { organization: 'acme', roles: [{ role: 'AUDITOR', organization: 'acme' }] })
    const roles = [{ role: 'VERSION_MANAGER', project: 'acme-project' }]
    await change(app.root, 'grantRoles', { user: 'carol', roles })

    const { data, errors } = await bob.client.send(
      '{ project(code: "acme-project") { holders(filter: { scope: PROJECT }) { totalCount nodes { username email } } } }',
    )

    expect(data.project.holders).toEqual({ totalCount: 1, nodes: [{ username: 'carol', email: null }] })
    expect(errors.map(({ path }) => path)).toEqual([['project', 'holders', 'nodes', 0, 'email']])
  })
})

describe('keys', () => {
  test('of other users are hidden by id and in lists from a caller who does not read the record of the owner', async () => {
    const { bob, carol } = given()
    const dave = await createUser(app, 'dave', { organization: 'acme' })
    const find = 'query ($id: ID!) { node(id: $id) { ... on ApiKey { label user { username } } } }'
    const key = (username: string) => ({ node: { label: 'first key', user: { username } } })

    expect(await bob.client.ok(find, { id: dave.keyId })).toEqual(key('dave'))
    expect(await bob.client.ok(find, { id: carol.keyId })).toEqual({ node: null })
    expect(await dave.client.ok(find, { id: bob.keyId })).toEqual({ node: null })
    expect(await dave.client.ok(find, { id: dave.keyId })).toEqual(key('dave'))
    expect(await app.root.ok(find, { id: carol.keyId })).toEqual(key('carol'))
  })

  test('show a limit’s role and scope to their owner', async () => {
    const { bob } = given()
    await createApiKey(bob.client, { limits: [{ role: 'VERSION_MANAGER', project: 'acme-project' }] })

    const { viewer } = await bob.client.ok(`{ viewer { user { apiKeys(last: 1) { nodes {
      isLimited limits { role { name } organization { name } project { code } } } } } } }`)

    expect(viewer.user.apiKeys.nodes).toEqual([
      {
        isLimited: true,
        limits: [
          { role: { name: 'VERSION_MANAGER' }, organization: { name: 'acme' }, project: { code: 'acme-project' } },
        ],
      },
    ])
  })
})

/** The names in a list of the root. */
async function namesOf(client: Client, list: string, name: string): Promise<string[]> {
  const data = await client.ok(`{ ${list}(first: 100) { totalCount nodes { ${name} } } }`)
  const names = data[list].nodes.map((node: Record<string, string>) => node[name])
  expect(data[list].totalCount).toBe(names.length)
  return names
}

describe('roles and permissions', () => {
  const BUILT_IN = ['ADMINISTRATOR', 'AUDITOR', 'ORGANIZATION_ADMIN', 'PROJECT_MANAGER', 'VERSION_MANAGER']

  test('of the server are visible to all, those of an organization to the callers who see it', async () => {
    const { bob, carol } = given()

    expect(await namesOf(bob.client, 'roles', 'name')).toEqual(['acme-role', ...BUILT_IN])
    expect(await namesOf(carol.client, 'roles', 'name')).toEqual([
      ...BUILT_IN.slice(0, 2),
      'globex-role',
      ...BUILT_IN.slice(2),
    ])
    expect(await namesOf(app.root, 'roles', 'name')).toHaveLength(7)
  })

  test('a word of an application is visible only to a caller who sees a role or an organization that names it', async () => {
    const { bob, carol } = given()
    const words = async (client: Client) =>
      (await namesOf(client, 'permissions', 'name')).filter((word) => word.endsWith('.word'))

    expect(await words(bob.client)).toEqual(['acme.word'])
    expect(await words(carol.client)).toEqual(['globex.word'])
    expect(await words(app.root)).toEqual(['acme.word', 'globex.word'])
  })

  test('the holders of a role are listed and counted only where the caller reads the users', async () => {
    const { bob, carol } = given()
    await createUser(app, 'dave', { organization: 'acme', roles: [{ role: 'VERSION_MANAGER', organization: 'acme' }] })
    const roles = [{ role: 'VERSION_MANAGER', organization: 'globex' }]
    await createUser(app, 'erin', { organization: 'globex', roles })
    await createUser(app, 'finn', { organization: 'acme', roles: [{ role: 'VERSION_MANAGER', everywhere: true }] })
    await change(app.root, 'grantRoles', { user: 'carol', roles })
    const holders = async (client: Client) => {
      const { role } = await client.ok(`{ role(name: "VERSION_MANAGER") { holders(first: 2) {
        totalCount nodes { username } pageInfo { hasNextPage } } } }`)
      const { totalCount, nodes, pageInfo } = role.holders
      return { totalCount, users: nodes.map((node: { username: string }) => node.username), more: pageInfo.hasNextPage }
    }

    expect(await holders(bob.client)).toEqual({ totalCount: 2, users: ['dave', 'finn'], more: false })
    expect(await holders(carol.client)).toEqual({ totalCount: 1, users: ['carol'], more: false })
    expect(await holders(app.root)).toEqual({ totalCount: 4, users: ['dave', 'erin'], more: true })
  })
})

describe('organizations and projects', () => {
  test('are listed for members and for users who hold a role there', async () => {
    const { bob, carol } = given()
    const seen = async (client: Client) => [
      await namesOf(client, 'organizations', 'name'),
      await namesOf(client, 'projects', 'code'),
    ]

    expect(await seen(bob.client)).toEqual([['acme'], ['acme-project']])
    expect(await seen(carol.client)).toEqual([['globex'], []])
    expect(await seen(app.root)).toEqual([
      ['acme', 'default', 'globex'],
      ['acme-project', 'globex-project'],
    ])

    const roles = [{ role: 'VERSION_MANAGER', project: 'acme-project' }]
    await change(app.root, 'grantRoles', { user: 'carol', roles })
    expect(await seen(carol.client)).toEqual([['acme', 'globex'], ['acme-project']])

    await change(app.root, 'revokeRoles', { user: 'carol', roles })
    expect(await seen(carol.client)).toEqual([['globex'], []])
  })

  test('a base permission lets every member see the organization’s projects', async () => {
    const { carol } = given()
    expect(await namesOf(carol.client, 'projects', 'code')).toEqual([])

    await change(app.root, 'updateOrganization', { organization: 'globex', addBasePermissions: ['version.read'] })

    expect(await namesOf(carol.client, 'projects', 'code')).toEqual(['globex-project'])
  })

  test('a page is full also where hidden items lie between the visible ones', async () => {
    const { carol } = given()
    const roles = []
    for (const code of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await createProject(app, code, 'acme')
      if (code < 'e' && code !== 'b') roles.push({ role: 'VERSION_MANAGER', project: code })
    }
    await change(app.root, 'grantRoles', { user: 'carol', roles })
    const page = `query ($after: String) { projects(first: 2, after: $after) {
      totalCount nodes { code } pageInfo { hasNextPage endCursor } } }`

    const { projects: first } = await carol.client.ok(page)
    const { projects: second } = await carol.client.ok(page, { after: first.pageInfo.endCursor })

    expect(first).toMatchObject({
      totalCount: 3,
      nodes: [{ code: 'a' }, { code: 'c' }],
      pageInfo: { hasNextPage: true },
    })
    expect(second).toMatchObject({ totalCount: 3, nodes: [{ code: 'd' }], pageInfo: { hasNextPage: false } })
  })

  test('a grant whose scope is hidden from its holder’s key is left out, for it would read as held everywhere', async () => {
    const roles = [{ role: 'VERSION_MANAGER', organization: 'globex' }]
    const dave = await createUser(app, 'dave', { organization: 'acme', roles })
    const { key } = await createApiKey(dave.client, {
      limits: [{ role: 'VERSION_MANAGER', project: 'globex-project' }],
    })
    const narrow = await createApiKey(dave.client, { limits: [] })
    const edges =
      '{ viewer { user { roles { edges { scope node { name } organization { name } project { code } } } } } }'
    const held = {
      scope: 'ORGANIZATION',
      node: { name: 'VERSION_MANAGER' },
      organization: { name: 'globex' },
      project: null,
    }

    for (const secret of [dave.key, key]) {
      const { viewer } = await app.as(secret).ok(edges)
      expect(viewer.user.roles.edges).toEqual([held])
    }
    const { viewer } = await app.as(narrow.key).ok(edges)
    expect(viewer.user.roles.edges).toEqual([])
  })
})
