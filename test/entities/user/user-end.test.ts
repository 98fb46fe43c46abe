import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { inDays, permissionsOf, rolesOf, statusOf } from '../../support/look.ts'
import { lapseGrants, query, readGrants, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createProject, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()

const ROLES = [
  { role: 'PROJECT_MANAGER', project: 'apollo' },
  { role: 'AUDITOR', organization: 'default' },
]

/** bob, who holds ROLES, and carol, who holds nothing. */
const given = app.world(async () => {
  await createProject(app, 'apollo')
  return { bob: await createUser(app, 'bob', { roles: ROLES }), carol: await createUser(app, 'carol') }
})

describe('deleting a user', () => {
  test('answers with the lost access and the id that restoreUser needs', async () => {
    const { bob } = given()

    const gone = await change(
      app.root,
      'deleteUser',
      { user: 'BOB' },
      'deletedId name accessLost { role organization project }',
    )

    expect(gone).toMatchObject({ deletedId: bob.id, name: 'bob' })
    expect(gone.accessLost).toEqual([
      { role: 'AUDITOR', organization: 'default', project: null },
      { role: 'PROJECT_MANAGER', organization: 'default', project: 'apollo' },
    ])
  })

  test('ends the grants and keys of the user and keeps the rows', async () => {
    const { bob } = given()
    const second = await createApiKey(bob.client)

    await change(app.root, 'deleteUser', { user: 'bob' })

    const grants = await readGrants(app, bob.id)
    expect(grants.map(({ role, ended_by }) => [role, ended_by]).sort()).toEqual([
      ['AUDITOR', 'root'],
      ['PROJECT_MANAGER', 'root'],
    ])
    const keys = await query(
      app,
      sql`select revoked_at is not null as revoked from api_keys where user_id = ${uuidOf(bob.id)}`,
    )
    expect(keys).toEqual([{ revoked: true }, { revoked: true }])
    expect(await statusOf(bob.client)).toBe(401)
    expect(await statusOf(app.as(second.key))).toBe(401)
  })

  test('removes the user from every query', async () => {
    const { bob } = given()

    await change(app.root, 'deleteUser', { user: 'bob' })

    const data = await app.root.ok(
      `query ($id: ID!) { user(username: "bob") { id } node(id: $id) { id } users { totalCount nodes { username } } }`,
      { id: bob.id },
    )
    expect(data).toEqual({
      user: null,
      node: null,
      users: { totalCount: 2, nodes: [{ username: 'carol' }, { username: 'root' }] },
    })
    await withoutWriting(app, () => failChange(app.root, 'NotFoundError', 'deleteUser', { user: 'bob' }))
  })

  test('frees the name, and a new user of that name gets nothing of the old one', async () => {
    const { bob } = given()
    await change(app.root, 'deleteUser', { user: 'bob' })

    const next = await createUser(app, 'Bob')

    expect(next.id).not.toBe(bob.id)
    expect(await rolesOf(app.root, 'bob')).toEqual([])
    expect(await permissionsOf(next.client)).toEqual([])
    const { user } = await app.root.ok('{ user(username: "bob") { username apiKeys { totalCount } } }')
    expect(user).toEqual({ username: 'Bob', apiKeys: { totalCount: 1 } })
    expect(await statusOf(bob.client)).toBe(401)
  })

  test('is a conflict for an administrator until ADMINISTRATOR is revoked', async () => {
    await createUser(app, 'alice', { isAdmin: true })

    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'deleteUser', { user: 'alice' }))
    await change(app.root, 'revokeRoles', { user: 'alice', roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })
    const { name: username } = await change(app.root, 'deleteUser', { user: 'alice' }, 'name')

    expect(username).toBe('alice')
  })

  test('does not count or change a grant that ended before', async () => {
    const { carol } = given()
    await grantRoles(app, 'carol', [{ role: 'AUDITOR', everywhere: true, expiresAt: inDays(1) }])
    await lapseGrants(app, carol.id)

    const { accessLost } = await change(app.root, 'deleteUser', { user: 'carol' }, 'accessLost { role }')

    expect(accessLost).toEqual([])
    const [row] = await readGrants(app, carol.id)
    expect(row?.ended_at).toBe(row?.expires_at)
    expect(row?.ended_by).toBe(null)
  })

  test('ends an earlier suspension, and begins the suspension of a deleted user', async () => {
    const { bob } = given()
    await change(app.root, 'disableUser', { user: 'bob' })

    await change(app.root, 'deleteUser', { user: 'bob' })

    const rows = await query(
      app,
      sql`select count(*)::int as all, count(ended_at)::int as ended from user_suspensions where user_id = ${uuidOf(bob.id)}`,
    )
    expect(rows).toEqual([{ all: 2, ended: 1 }])
  })
})

describe('restoring a user', () => {
  test('brings the user back disabled, without roles and without valid keys', async () => {
    const { bob } = given()
    await change(app.root, 'deleteUser', { user: 'bob' })

    await change(app.root, 'restoreUser', { id: bob.id })

    const { user } = await app.root.ok(
      '{ user(username: "bob") { id isActive email organization { name } roles { totalCount } apiKeys { nodes { isValid } } } }',
    )
    expect(user).toEqual({
      id: bob.id,
      isActive: false,
      email: 'bob@example.test',
      organization: { name: 'default' },
      roles: { totalCount: 0 },
      apiKeys: { nodes: [{ isValid: false }] },
    })
    await change(app.root, 'enableUser', { user: 'bob' })
    expect(await rolesOf(app.root, 'bob')).toEqual([])
    expect(await statusOf(bob.client)).toBe(401)
  })

  test('is a conflict with a taken name, and succeeds with a new name', async () => {
    const { bob } = given()
    await change(app.root, 'deleteUser', { user: 'bob' })
    const next = await createUser(app, 'BOB')

    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'restoreUser', { id: bob.id }))
    const { user } = await change(app.root, 'restoreUser', { id: bob.id, username: 'bob2' }, 'user { id username }')

    expect(user).toEqual({ id: bob.id, username: 'bob2' })
    expect(await statusOf(next.client)).toBe(200)
  })

  test.each(['root', 'api-bob'])('is refused for a person with the reserved name %s', async (username) => {
    const { bob } = given()
    await change(app.root, 'deleteUser', { user: 'bob' })

    await withoutWriting(app, () => failInput(app.root, ['username'], 'restoreUser', { id: bob.id, username }))
  })

  test('does not find a user who was not deleted', async () => {
    const { bob } = given()

    const error = await withoutWriting(app, () => failChange(app.root, 'NotFoundError', 'restoreUser', { id: bob.id }))

    expect(error.path.join('.')).toBe('id')
  })

  test('is refused if the organization of the user was deleted', async () => {
    await createOrganization(app, 'acme')
    const dan = await createUser(app, 'dan', { organization: 'acme' })
    await change(app.root, 'deleteUser', { user: 'dan' })
    await change(app.root, 'deleteOrganization', { organization: 'acme' })

    const { data } = await withoutWriting(app, () =>
      app.root.send(changeDocument('restoreUser', 'user { id }'), { input: { id: dan.id } }),
    )

    expect(data.restoreUser.__typename).not.toBe('RestoreUserPayload')
  })
})
