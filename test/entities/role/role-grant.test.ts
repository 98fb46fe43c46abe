// Runs on both databases.
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { inDays, permissionsOf, rolesOf } from '../../support/look.ts'
import { readAudit, readGrants, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()

const ON_APOLLO = { role: 'VERSION_MANAGER', project: 'apollo' }

/** bob, who holds nothing, and the project apollo. */
const given = app.world(async () => {
  await createProject(app, 'apollo')
  return { bob: await createUser(app, 'bob') }
})

function grant(roles: object[], user = 'bob') {
  return change(app.root, 'grantRoles', { user, roles }, 'changed')
}

function revoke(roles: object[], user = 'bob') {
  return change(app.root, 'revokeRoles', { user, roles }, 'changed')
}

describe('granting roles', () => {
  test('gives each role on its scope, all in one call', async () => {
    const { bob } = given()

    const { changed } = await grant([
      ON_APOLLO,
      { role: 'AUDITOR', organization: 'default' },
      { role: 'VERSION_MANAGER', everywhere: true },
    ])

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual([
      'AUDITOR in default',
      'VERSION_MANAGER everywhere',
      'VERSION_MANAGER on apollo',
    ])
    expect((await permissionsOf(bob.client)).filter((line) => line.startsWith('version.create'))).toEqual([
      'version.create everywhere',
      'version.create on apollo',
    ])
  })

  test('is shown with its start and the user who granted it', async () => {
    await grant([ON_APOLLO])

    const { user } = await app.root.ok(
      `{ user(username: "bob") { createdAt roles { edges { since expiresAt grantedBy { username }
        node { name } project { code } organization { name } } } } }`,
    )
    expect(user.roles.edges).toEqual([
      {
        since: expect.any(String),
        expiresAt: null,
        grantedBy: { username: 'root' },
        node: { name: 'VERSION_MANAGER' },
        project: { code: 'apollo' },
        organization: { name: 'default' },
      },
    ])
    expect(Date.parse(user.roles.edges[0].since)).toBeGreaterThan(Date.parse(user.createdAt))
  })

  test('lets several users hold the same role on the same project', async () => {
    await createUser(app, 'carol')

    await grant([ON_APOLLO])
    const { changed } = await grant([ON_APOLLO], 'carol')

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual(['VERSION_MANAGER on apollo'])
    expect(await rolesOf(app.root, 'carol')).toEqual(['VERSION_MANAGER on apollo'])
  })

  test('again changes nothing and writes nothing', async () => {
    await grant([ON_APOLLO])

    const again = await withoutWriting(app, () => grant([{ role: 'version_manager', project: 'APOLLO' }]))

    expect(again.changed).toBe(false)
  })

  test('that are named twice in one call makes one grant', async () => {
    const { bob } = given()

    await grant([ON_APOLLO, ON_APOLLO, { ...ON_APOLLO, expiresAt: inDays(1) }])

    expect(await readGrants(app, bob.id)).toMatchObject([{ role: 'VERSION_MANAGER', expires_at: null, ended_at: null }])
  })

  test('with an invalid item grants nothing and names the item', async () => {
    await createOrganization(app, 'acme')
    await createRole(app, 'ACME_EDITOR', ['doc.edit'], 'acme')
    const missing: [string, object][] = [
      ['roles.1.role', { role: 'NO_SUCH_ROLE', project: 'apollo' }],
      ['roles.1.project', { role: 'AUDITOR', project: 'gemini' }],
      ['roles.1.organization', { role: 'AUDITOR', organization: 'apex' }],
    ]

    for (const [path, item] of missing) {
      const input = { user: 'bob', roles: [ON_APOLLO, item] }
      const error = await withoutWriting(app, () => failChange(app.root, 'NotFoundError', 'grantRoles', input))
      expect(error.path.join('.')).toBe(path)
    }
    for (const item of [
      { role: 'ORGANIZATION_ADMIN', everywhere: true },
      { role: 'ADMINISTRATOR', project: 'apollo' },
      { role: 'ACME_EDITOR', project: 'apollo' },
    ]) {
      const input = { user: 'bob', roles: [ON_APOLLO, item] }
      await withoutWriting(app, () => failInput(app.root, ['roles.1'], 'grantRoles', input))
    }
  })

  test('of an organization works in the organization and on its projects', async () => {
    await createOrganization(app, 'acme')
    await createProject(app, 'rocket', 'acme')
    await createRole(app, 'ACME_EDITOR', ['doc.edit'], 'acme')

    await grant([
      { role: 'ACME_EDITOR', organization: 'acme' },
      { role: 'ACME_EDITOR', project: 'rocket' },
    ])

    expect(await rolesOf(app.root, 'bob')).toEqual(['ACME_EDITOR in acme', 'ACME_EDITOR on rocket'])
  })
})

describe('revoking roles', () => {
  test('removes exactly the named roles, all in one call, and keeps the rows', async () => {
    const { bob } = given()
    await grant([
      ON_APOLLO,
      { role: 'VERSION_MANAGER', organization: 'default' },
      { role: 'AUDITOR', everywhere: true },
    ])

    const { changed } = await revoke([ON_APOLLO, { role: 'AUDITOR', everywhere: true }])

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual(['VERSION_MANAGER in default'])
    const rows = await readGrants(app, bob.id)
    expect(rows.map((row) => [row.role, row.ended_by]).sort()).toEqual([
      ['AUDITOR', 'root'],
      ['VERSION_MANAGER', null],
      ['VERSION_MANAGER', 'root'],
    ])
  })

  test('that are not held changes nothing and writes nothing', async () => {
    await grant([{ role: 'VERSION_MANAGER', organization: 'default' }])

    const result = await withoutWriting(app, () => revoke([ON_APOLLO]))

    expect(result.changed).toBe(false)
  })

  test('removes the roles that are held and ignores the others', async () => {
    await grant([ON_APOLLO])

    const { changed } = await revoke([{ role: 'AUDITOR', everywhere: true }, ON_APOLLO])

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual([])
  })

  test('with an invalid item revokes nothing and names the item', async () => {
    await grant([ON_APOLLO])

    const input = { user: 'bob', roles: [ON_APOLLO, { role: 'AUDITOR', project: 'gemini' }] }
    const error = await withoutWriting(app, () => failChange(app.root, 'NotFoundError', 'revokeRoles', input))

    expect(error.path.join('.')).toBe('roles.1.project')
  })

  test('is allowed to every user for their own roles', async () => {
    const { bob } = given()
    await grant([ON_APOLLO])

    const { changed } = await change(bob.client, 'revokeRoles', { user: 'bob', roles: [ON_APOLLO] }, 'changed')

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual([])
  })

  test('and granting again begins another row, and every change has an audit row', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [ON_APOLLO])
    await revoke([ON_APOLLO])

    await grant([ON_APOLLO])

    expect((await readGrants(app, bob.id)).map((row) => row.ended_at === null)).toEqual([false, true])
    const rows = (await readAudit(app)).filter((row) => row.action.endsWith('Roles'))
    expect(rows.map((row) => [row.action, row.target_type, row.target_id])).toEqual([
      ['grantRoles', 'User', uuidOf(bob.id)],
      ['revokeRoles', 'User', uuidOf(bob.id)],
      ['grantRoles', 'User', uuidOf(bob.id)],
    ])
  })
})
