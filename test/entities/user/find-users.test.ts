/** Users that are found by a part of what is known of them. */
import { sql } from 'drizzle-orm'
import { describe, expect, test, vi } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { query } from '../../support/rows.ts'
import { createOrganization, createProject, createRole, createUser } from '../../support/seed.ts'
import { createPerson, signIn } from '../../support/sessions.ts'

const app = startApp()

/** bob and carol of acme, eva of globex; reader reads the users who hold something on the project of acme, as bob and eva do. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  await createProject(app, 'apollo', 'acme')
  await createRole(app, 'GUEST', ['page.read'])
  await createRole(app, 'LISTER', ['users.read'])
  const roles = [{ role: 'GUEST', project: 'apollo' }]
  await createUser(app, 'bob', {
    organization: 'acme',
    roles,
    email: 'Bob.Brown@Example.test',
    displayName: 'Bob Brown',
  })
  await createUser(app, 'carol', { organization: 'acme', email: 'carol@example.test', displayName: 'Éva Carol' })
  await createUser(app, 'eva', { organization: 'globex', roles, email: 'eva@example.test', displayName: 'Éva Stone' })
  await change(app.root, 'createServiceUser', { username: 'ci', email: 'bob.brown@example.test', organization: 'acme' })
  const list = [{ role: 'LISTER', project: 'apollo' }]
  return { reader: await createUser(app, 'reader', { organization: 'acme', roles: list }) }
})

async function find(filter: string, client: Client = app.root): Promise<string[]> {
  const { users } = await client.ok(`{ users(filter: { ${filter} }) { totalCount nodes { username } } }`)
  expect(users.totalCount).toBe(users.nodes.length)
  return users.nodes.map(({ username }: { username: string }) => username)
}

describe('users are found', () => {
  test.each([
    ['by their whole e-mail address, in any case', 'email: { equals: "bob.brown@EXAMPLE.test" }', ['api-ci', 'bob']],
    ['by its beginning', 'email: { startsWith: "BOB." }', ['api-ci', 'bob']],
    ['by one of several', 'email: { in: ["eva@example.test", "nobody@example.test"] }', ['eva']],
    ['by the beginning of the display name', 'displayName: { startsWith: "bob b" }', ['bob']],
    ['by one that is not ASCII', 'displayName: { startsWith: "Éva" }', ['carol', 'eva']],
    ['as programs', 'kind: SERVICE', ['api-ci']],
    ['as people, by more than one filter', 'kind: HUMAN, email: { startsWith: "bob" }', ['bob']],
    ['as nobody, where nothing fits', 'email: { equals: "" }', []],
  ])('%s', async (_how, filter, expected) => {
    expect(await find(filter)).toEqual(expected)
  })

  test('as the characters are, not as patterns', async () => {
    expect(await find('email: { startsWith: "bob%" }')).toEqual([])
    expect(await find('email: { startsWith: "bob_brown" }')).toEqual([])
  })

  test('by what the caller may read alone: of those whom they only meet, nothing can be guessed', async () => {
    const { reader } = given()

    const { project } = await reader.client.ok('{ project(code: "apollo") { holders { nodes { username } } } }')

    expect(project.holders.nodes.map(({ username }: { username: string }) => username)).toEqual(
      expect.arrayContaining(['bob', 'eva']),
    )
    expect(await find('email: { startsWith: "" }', reader.client)).toEqual(['reader'])
    expect(await find('displayName: { startsWith: "Bob" }', reader.client)).toEqual([])
  })
})

describe('users are found by what they hold and do', () => {
  test('active, and suspended', async () => {
    await createUser(app, 'sam', { organization: 'acme' })
    await change(app.root, 'disableUser', { user: 'sam' })

    expect(await find('isActive: false')).toEqual(['sam'])
    expect(await find('isActive: true')).not.toContain('sam')
    expect(await find('isActive: true')).toContain('bob')
  })

  test('administrators, and others', async () => {
    await createUser(app, 'ada', { roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })

    expect(await find('isAdmin: true')).toEqual(['ada', 'root'])
    expect(await find('isAdmin: false')).not.toContain('ada')
    expect(await find('isAdmin: false')).toContain('bob')
  })

  test('by a role, in any case or by id, until it is revoked', async () => {
    const { role } = await app.root.ok('{ role(name: "GUEST") { id } }')
    expect(await find('role: "guest"')).toEqual(['bob', 'eva'])
    expect(await find(`role: "${role.id}"`)).toEqual(['bob', 'eva'])

    await change(app.root, 'revokeRoles', { user: 'eva', roles: [{ role: 'GUEST', project: 'apollo' }] })

    expect(await find('role: "GUEST"')).toEqual(['bob'])
    expect(await find('role: "NO_SUCH_ROLE"')).toEqual([])
  })

  test('by a role where the caller may read the grant alone', async () => {
    await createUser(app, 'gus', { organization: 'globex', roles: [{ role: 'GUEST', project: 'apollo' }] })
    const roles = [{ role: 'LISTER', organization: 'globex' }]
    const neighbour = await createUser(app, 'neighbour', { organization: 'globex', roles })

    // He reads the records of globex, but not what is held on projects of acme.
    expect(await find('username: { equals: "gus" }', neighbour.client)).toEqual(['gus'])
    expect(await find('role: "GUEST"', neighbour.client)).toEqual([])
  })

  test('by their last request, which is noted once a day', async () => {
    const seen = await createUser(app, 'seen', { organization: 'acme' })
    await createUser(app, 'unseen', { organization: 'acme' })
    const lastSeen = async () => (await app.root.ok('{ user(username: "seen") { lastSeenAt } }')).user.lastSeenAt
    expect(await lastSeen()).toBeNull()

    await seen.client.ok('{ viewer { user { id } } }')
    await vi.waitFor(async () => expect(await lastSeen()).not.toBeNull())

    const before = 'username: { in: ["seen", "unseen"] }, notSeenSince: '
    expect(await find(`${before}"2001-01-01T00:00:00Z"`)).toEqual(['unseen'])
    expect(await find(`${before}"2101-01-01T00:00:00Z"`)).toEqual(['seen', 'unseen'])
    await query(app, sql`update users set last_seen_at = '2001-05-05' where username = 'seen'`)
    expect(await find(`${before}"2002-01-01T00:00:00Z"`)).toEqual(['seen', 'unseen'])
  })

  test('by a session too', async () => {
    await createPerson(app, 'tess')
    const { client } = await signIn(app, 'tess')

    await client.ok('{ viewer { user { id } } }')

    const unseen = 'username: { equals: "tess" }, notSeenSince: "2002-01-01T00:00:00Z"'
    await vi.waitFor(async () => expect(await find(unseen)).toEqual([]))
  })
})

test('users who were deleted are listed for those who may restore them', async () => {
  const keeper = await createUser(app, 'keeper', {
    organization: 'acme',
    roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
  })
  await change(app.root, 'deleteUser', { user: 'bob' })
  await change(app.root, 'deleteUser', { user: 'eva' })
  const document = `{ deletedUsers { totalCount nodes {
    id username kind organization { name } deletedAt } } }`
  const seen = async (client: Client) => {
    const { deletedUsers } = await client.ok(document)
    return deletedUsers.nodes.map(({ username }: { username: string }) => username)
  }

  expect(await seen(app.root)).toEqual(['bob', 'eva'])
  expect(await seen(keeper.client)).toEqual(['bob'])
  expect(await seen(given().reader.client)).toEqual([])

  const { deletedUsers } = await keeper.client.ok(document)
  await change(keeper.client, 'restoreUser', { id: deletedUsers.nodes[0].id })
  expect(await seen(keeper.client)).toEqual([])
})
