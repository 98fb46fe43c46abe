import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange } from '../../support/change.ts'
import { inDays, permissionsOf, rolesOf } from '../../support/look.ts'
import { lapseGrants, query, readGrants, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createRole, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()
/** The organization acme, the role EDITOR of the server, and bob, who holds nothing. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  await createRole(app, 'EDITOR', ['doc.edit'])
  return { bob: await createUser(app, 'bob') }
})

const ROLE = 'name title isBuiltIn organization { name } permissions { name }'

async function readRole(name: string) {
  const { role } = await app.root.ok(`query ($name: String!) { role(name: $name) { ${ROLE} } }`, { name })
  return role && { ...role, permissions: role.permissions.map((permission: { name: string }) => permission.name) }
}

describe('creating a role', () => {
  test('of the server gives it the named permissions', async () => {
    await change(app.root, 'createRole', { name: 'Writer', permissions: ['doc.edit', 'users.read'] })

    expect(await readRole('WRITER')).toEqual({
      name: 'Writer',
      title: null,
      isBuiltIn: false,
      organization: null,
      permissions: ['doc.edit', 'users.read'],
    })
  })

  test('of an organization puts it into the organization', async () => {
    const input = { name: 'WRITER', title: 'Writer', organization: 'acme', permissions: [] }

    await change(app.root, 'createRole', input)

    expect(await readRole('WRITER')).toMatchObject({ title: 'Writer', organization: { name: 'acme' }, permissions: [] })
  })

  test('stores a permission once if it is named twice', async () => {
    await createRole(app, 'WRITER', ['doc.edit', 'doc.edit'])

    const rows = await query(
      app,
      sql`select p.permission from role_permissions as p join roles as r on r.id = p.role_id where r.name = 'WRITER'`,
    )
    expect(rows).toEqual([{ permission: 'doc.edit' }])
  })

  test.each(['editor', 'Editor', 'administrator', 'Version_Manager'])(
    'with the taken name %s is a conflict',
    async (name) => {
      const input = { name, organization: 'acme', permissions: [] }

      await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'createRole', input))
    },
  )
})

describe('changing a role', () => {
  test('keeps the fields that are omitted and clears the fields that are null', async () => {
    await change(app.root, 'updateRole', { role: 'EDITOR', title: 'Editor' })

    await change(app.root, 'updateRole', { role: 'editor', name: 'WRITER' })
    const renamed = await readRole('WRITER')
    await change(app.root, 'updateRole', { role: 'writer', title: null })

    expect(renamed).toMatchObject({ name: 'WRITER', title: 'Editor', permissions: ['doc.edit'] })
    expect(await readRole('WRITER')).toMatchObject({ title: null, permissions: ['doc.edit'] })
    expect(await readRole('EDITOR')).toBe(null)
  })

  test('has effect at the next request of every user who holds it', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'EDITOR', organization: 'default' }])
    const before = await permissionsOf(bob.client)

    await change(app.root, 'updateRole', {
      role: 'EDITOR',
      addPermissions: ['doc.publish'],
      removePermissions: ['doc.edit'],
    })

    expect(before).toEqual(['doc.edit in default'])
    expect(await permissionsOf(bob.client)).toEqual(['doc.publish in default'])
  })

  test('keeps the history of its permissions', async () => {
    await change(app.root, 'updateRole', { role: 'EDITOR', addPermissions: ['doc.edit'] })
    await change(app.root, 'updateRole', { role: 'EDITOR', removePermissions: ['doc.edit', 'doc.unknown'] })
    await change(app.root, 'updateRole', { role: 'EDITOR', addPermissions: ['doc.edit'] })

    const rows = await query(
      app,
      sql`select ended_at is null as open from role_permissions where permission = 'doc.edit' order by since`,
    )
    expect(rows).toEqual([{ open: false }, { open: true }])
  })

  test('to a taken name is a conflict and changes nothing else', async () => {
    const input = { role: 'EDITOR', name: 'auditor', addPermissions: ['doc.publish'] }

    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'updateRole', input))
  })
})

describe('deleting a role', () => {
  test('ends every grant of it and keeps the rows; a new role of the same name has no holders', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'EDITOR', organization: 'default' }])
    await createUser(app, 'carol', { roles: [{ role: 'EDITOR', everywhere: true }] })

    const gone = await change(app.root, 'deleteRole', { role: 'editor' }, 'name endedGrants')
    await createRole(app, 'Editor', ['doc.edit'])

    expect(gone).toMatchObject({ name: 'EDITOR', endedGrants: 2 })
    expect(await rolesOf(app.root, 'bob')).toEqual([])
    expect(await permissionsOf(bob.client)).toEqual([])
    expect(await readGrants(app, bob.id)).toMatchObject([{ role: 'EDITOR', ended_by: 'root' }])
    const { role } = await app.root.ok('{ role(name: "EDITOR") { holders { totalCount } } }')
    expect(role.holders.totalCount).toBe(0)
  })

  test('does not count or change a grant that ended before', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'EDITOR', everywhere: true, expiresAt: inDays(1) }])
    await lapseGrants(app, bob.id)

    const { endedGrants } = await change(app.root, 'deleteRole', { role: 'EDITOR' }, 'endedGrants')

    expect(endedGrants).toBe(0)
    const [row] = await readGrants(app, bob.id)
    expect(row?.ended_at).toBe(row?.expires_at)
    expect(row?.ended_by).toBe(null)
  })

  test('that does not exist is not found', async () => {
    const error = await failChange(app.root, 'NotFoundError', 'deleteRole', { role: 'WRITER' })

    expect(error.path.join('.')).toBe('role')
  })
})

describe('a built-in role', () => {
  const NAMES = ['ADMINISTRATOR', 'ORGANIZATION_ADMIN', 'AUDITOR', 'PROJECT_MANAGER', 'VERSION_MANAGER']

  test.each(NAMES)('%s can’t be changed or deleted', async (role) => {
    for (const [name, input] of [
      ['updateRole', { role, title: 'Mine' }],
      ['updateRole', { role, name: 'MINE' }],
      ['updateRole', { role, addPermissions: ['doc.edit'] }],
      ['updateRole', { role, removePermissions: ['version.create'] }],
      ['deleteRole', { role }],
    ] as const) {
      const error = await withoutWriting(app, () => failChange(app.root, 'ConflictError', name, input))
      expect(error.message).toContain(role)
    }
  })

  test.each([
    ['AUDITOR', ['access.check', 'audit.read', 'users.read']],
    ['PROJECT_MANAGER', ['project.delete', 'project.update', 'version.create', 'version.delete', 'version.update']],
    ['VERSION_MANAGER', ['version.create', 'version.delete', 'version.update']],
  ])('%s holds exactly its permissions', async (name, permissions) => {
    expect(await readRole(name)).toMatchObject({ isBuiltIn: true, organization: null, permissions })
  })

  test('ORGANIZATION_ADMIN holds every permission except organizations.manage', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }])

    const held = await permissionsOf(bob.client)

    expect(held).toEqual(
      [
        'access.check',
        'audit.read',
        'controllers.manage',
        'doc.edit',
        'project.delete',
        'project.update',
        'projects.manage',
        'roles.grant',
        'roles.manage',
        'users.manage',
        'users.read',
        'version.create',
        'version.delete',
        'version.update',
        'webhooks.manage',
      ].map((word) => `${word} in default`),
    )
  })

  test('ADMINISTRATOR holds every permission everywhere', async () => {
    const { permissions } = await app.root.ok('{ permissions(first: 100) { nodes { name } } }')

    const all = permissions.nodes.map((permission: { name: string }) => `${permission.name} everywhere`)
    expect(await permissionsOf(app.root)).toEqual(all.sort())
    // Those of the server, and doc.edit.
    expect(all.length).toBe(15 + 1)
  })
})
