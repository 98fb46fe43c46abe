import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { inDays, permissionsOf, rolesOf, statusOf } from '../../support/look.ts'
import { lapseGrants, query, readGrants, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createProject, createUser } from '../../support/seed.ts'

const app = startApp()

const ROLES = [
  { role: 'PROJECT_MANAGER', project: 'apollo' },
  { role: 'AUDITOR', organization: 'default' },
]

describe('deleting a user', () => {
  test('answers with the access lost and the id to restore them by', async () => {
    await createProject(app, 'apollo')
    const bob = await createUser(app, 'bob', { roles: ROLES })

    const gone = await change(
      app.root,
      'deleteUser',
      { user: 'BOB' },
      'id username accessLost { role organization project }',
    )

    expect(gone).toMatchObject({ id: bob.id, username: 'bob' })
    expect(gone.accessLost).toEqual([
      { role: 'AUDITOR', organization: 'default', project: null },
      { role: 'PROJECT_MANAGER', organization: 'default', project: 'apollo' },
    ])
  })

  test('ends their grants and keys and keeps the rows', async () => {
    await createProject(app, 'apollo')
    const bob = await createUser(app, 'bob', { roles: ROLES })
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

  test('makes them missing everywhere', async () => {
    const bob = await createUser(app, 'bob')

    await change(app.root, 'deleteUser', { user: 'bob' })

    const data = await app.root.ok(
      `query ($id: ID!) { user(username: "bob") { id } node(id: $id) { id } users { totalCount nodes { username } } }`,
      { id: bob.id },
    )
    expect(data).toEqual({ user: null, node: null, users: { totalCount: 1, nodes: [{ username: 'root' }] } })
    await withoutWriting(app, () => failChange(app.root, 'NotFound', 'deleteUser', { user: 'bob' }))
  })

  test('frees their name, and a namesake inherits nothing', async () => {
    await createProject(app, 'apollo')
    const bob = await createUser(app, 'bob', { roles: ROLES })
    await change(app.root, 'deleteUser', { user: 'bob' })

    const next = await createUser(app, 'Bob')

    expect(next.id).not.toBe(bob.id)
    expect(await rolesOf(app.root, 'bob')).toEqual([])
    expect(await permissionsOf(next.client)).toEqual([])
    const { user } = await app.root.ok('{ user(username: "bob") { username apiKeys { totalCount } } }')
    expect(user).toEqual({ username: 'Bob', apiKeys: { totalCount: 1 } })
    expect(await statusOf(bob.client)).toBe(401)
  })

  test('who administers is a conflict until they are demoted', async () => {
    await createUser(app, 'alice', { isAdmin: true })

    await withoutWriting(app, () => failChange(app.root, 'Conflict', 'deleteUser', { user: 'alice' }))
    await change(app.root, 'revokeRoles', { user: 'alice', roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })
    const { username } = await change(app.root, 'deleteUser', { user: 'alice' }, 'username')

    expect(username).toBe('alice')
  })

  test('loses them nothing that had lapsed before, and leaves it its own end', async () => {
    const bob = await createUser(app, 'bob', { roles: [{ role: 'AUDITOR', everywhere: true, expiresAt: inDays(1) }] })
    await lapseGrants(app, bob.id)

    const { accessLost } = await change(app.root, 'deleteUser', { user: 'bob' }, 'accessLost { role }')

    expect(accessLost).toEqual([])
    const [row] = await readGrants(app, bob.id)
    expect(row?.ended_at).toBe(row?.expires_at)
    expect(row?.ended_by).toBe(null)
  })

  test('ends a suspension they had, and begins the one of the deleted', async () => {
    const bob = await createUser(app, 'bob')
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
  test('brings them back disabled, without roles and with dead keys', async () => {
    await createProject(app, 'apollo')
    const bob = await createUser(app, 'bob', { roles: ROLES, email: 'b@example.test' })
    await change(app.root, 'deleteUser', { user: 'bob' })

    await change(app.root, 'restoreUser', { id: bob.id })

    const { user } = await app.root.ok(
      '{ user(username: "bob") { id active email organization { name } roles { totalCount } apiKeys { nodes { isValid } } } }',
    )
    expect(user).toEqual({
      id: bob.id,
      active: false,
      email: 'b@example.test',
      organization: { name: 'default' },
      roles: { totalCount: 0 },
      apiKeys: { nodes: [{ isValid: false }] },
    })
    await change(app.root, 'enableUser', { user: 'bob' })
    expect(await rolesOf(app.root, 'bob')).toEqual([])
    expect(await statusOf(bob.client)).toBe(401)
  })

  test('under a taken name is a conflict, under a new one works and leaves the namesake alone', async () => {
    const bob = await createUser(app, 'bob')
    await change(app.root, 'deleteUser', { user: 'bob' })
    const next = await createUser(app, 'BOB')

    await withoutWriting(app, () => failChange(app.root, 'Conflict', 'restoreUser', { id: bob.id }))
    const { user } = await change(app.root, 'restoreUser', { id: bob.id, username: 'bob2' }, 'user { id username }')

    expect(user).toEqual({ id: bob.id, username: 'bob2' })
    expect(await statusOf(next.client)).toBe(200)
  })

  test.each(['root', 'api-bob'])('a person under the reserved name %s is refused', async (username) => {
    const bob = await createUser(app, 'bob')
    await change(app.root, 'deleteUser', { user: 'bob' })

    await withoutWriting(app, () => failInput(app.root, ['username'], 'restoreUser', { id: bob.id, username }))
  })

  test('who was not deleted is not found', async () => {
    const bob = await createUser(app, 'bob')

    const error = await withoutWriting(app, () => failChange(app.root, 'NotFound', 'restoreUser', { id: bob.id }))

    expect(error.path).toBe('id')
  })

  test('whose organization is deleted is refused: nobody lives in an organization that is gone', async () => {
    await createOrganization(app, 'acme')
    const bob = await createUser(app, 'bob', { organization: 'acme' })
    await change(app.root, 'deleteUser', { user: 'bob' })
    await change(app.root, 'deleteOrganization', { organization: 'acme' })

    const { data } = await withoutWriting(app, () =>
      app.root.send(changeDocument('restoreUser', 'user { id }'), { input: { id: bob.id } }),
    )

    expect(data.restoreUser.__typename).not.toBe('RestoreUserPayload')
  })
})
