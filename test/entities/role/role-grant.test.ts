// Runs on both databases.
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { inDays, permissionsOf, rolesOf } from '../../support/look.ts'
import { readAudit, readGrants, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()

const ON_APOLLO = { role: 'VERSION_MANAGER', project: 'apollo' }

/** Bob, who holds nothing, and the project apollo. */
async function startBob() {
  await createProject(app, 'apollo')
  return createUser(app, 'bob')
}

function grant(roles: object[], user = 'bob') {
  return change(app.root, 'grantRoles', { user, roles }, 'changed')
}

function revoke(roles: object[], user = 'bob') {
  return change(app.root, 'revokeRoles', { user, roles }, 'changed')
}

describe('granting roles', () => {
  test('gives each on its scope, all in one call', async () => {
    const bob = await startBob()

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

  test('says since when and by whom', async () => {
    await startBob()

    await grant([ON_APOLLO])

    const { user } = await app.root.ok(
      `{ user(username: "bob") { createdAt roles { edges { since until grantedBy { username }
        node { name } project { code } organization { name } } } } }`,
    )
    expect(user.roles.edges).toEqual([
      {
        since: expect.any(String),
        until: null,
        grantedBy: { username: 'root' },
        node: { name: 'VERSION_MANAGER' },
        project: { code: 'apollo' },
        organization: { name: 'default' },
      },
    ])
    expect(Date.parse(user.roles.edges[0].since)).toBeGreaterThan(Date.parse(user.createdAt))
  })

  test('lets many hold the same role on the same project', async () => {
    await startBob()
    await createUser(app, 'carol')

    await grant([ON_APOLLO])
    const { changed } = await grant([ON_APOLLO], 'carol')

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual(['VERSION_MANAGER on apollo'])
    expect(await rolesOf(app.root, 'carol')).toEqual(['VERSION_MANAGER on apollo'])
  })

  test('twice changes nothing and writes nothing', async () => {
    await startBob()
    await grant([ON_APOLLO])

    const again = await withoutWriting(app, () => grant([{ role: 'version_manager', project: 'APOLLO' }]))

    expect(again.changed).toBe(false)
  })

  test('named twice in one call is held once', async () => {
    const bob = await startBob()

    await grant([ON_APOLLO, ON_APOLLO, { ...ON_APOLLO, expiresAt: inDays(1) }])

    expect(await readGrants(app, bob.id)).toMatchObject([{ role: 'VERSION_MANAGER', expires_at: null, ended_at: null }])
  })

  test('with one bad item grants none and names it', async () => {
    await startBob()
    await createOrganization(app, 'acme')
    await createRole(app, 'ACME_EDITOR', ['doc.edit'], 'acme')
    const missing: [string, object][] = [
      ['roles.1.role', { role: 'NO_SUCH_ROLE', project: 'apollo' }],
      ['roles.1.project', { role: 'AUDITOR', project: 'gemini' }],
      ['roles.1.organization', { role: 'AUDITOR', organization: 'apex' }],
    ]

    for (const [path, item] of missing) {
      const input = { user: 'bob', roles: [ON_APOLLO, item] }
      const error = await withoutWriting(app, () => failChange(app.root, 'NotFound', 'grantRoles', input))
      expect(error.path).toBe(path)
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

  test('of an organization’s role works in it and on its projects', async () => {
    await startBob()
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
  test('takes exactly what is named, all in one call, and keeps the rows', async () => {
    const bob = await startBob()
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
    await startBob()
    await grant([{ role: 'VERSION_MANAGER', organization: 'default' }])

    const result = await withoutWriting(app, () => revoke([ON_APOLLO]))

    expect(result.changed).toBe(false)
  })

  test('of which one is held takes that one', async () => {
    await startBob()
    await grant([ON_APOLLO])

    const { changed } = await revoke([{ role: 'AUDITOR', everywhere: true }, ON_APOLLO])

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual([])
  })

  test('with one bad item revokes none and names it', async () => {
    await startBob()
    await grant([ON_APOLLO])

    const input = { user: 'bob', roles: [ON_APOLLO, { role: 'AUDITOR', project: 'gemini' }] }
    const error = await withoutWriting(app, () => failChange(app.root, 'NotFound', 'revokeRoles', input))

    expect(error.path).toBe('roles.1.project')
  })

  test('is for everybody where the role is their own', async () => {
    const bob = await startBob()
    await grant([ON_APOLLO])

    const { changed } = await change(bob.client, 'revokeRoles', { user: 'bob', roles: [ON_APOLLO] }, 'changed')

    expect(changed).toBe(true)
    expect(await rolesOf(app.root, 'bob')).toEqual([])
  })

  test('and granting again begins another row, and every change has its row in the audit', async () => {
    const bob = await startBob()
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
