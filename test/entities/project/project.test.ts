import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange } from '../../support/change.ts'
import { inDays, permissionsOf, rolesOf } from '../../support/look.ts'
import { lapseGrants, readGrants, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()
/** The organization acme, the project apollo of `default`, and bob, who holds nothing. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  const apolloId = await createProject(app, 'apollo')
  return { apolloId, bob: await createUser(app, 'bob') }
})

describe('creating a project', () => {
  test('puts it into the caller’s organization', async () => {
    await change(app.root, 'createProject', { code: 'Gemini', title: 'To the moon' })

    const { project } = await app.root.ok('{ project(code: "GEMINI") { code title organization { name } } }')
    expect(project).toEqual({ code: 'Gemini', title: 'To the moon', organization: { name: 'default' } })
  })

  test('puts it into the named organization', async () => {
    const input = { code: 'gemini', organization: 'acme' }
    const { project } = await change(app.root, 'createProject', input, 'project { title organization { name } }')

    expect(project).toEqual({ title: null, organization: { name: 'acme' } })
  })

  test('with a taken code is a conflict in the whole server, in any case of the letters', async () => {
    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'createProject', { code: 'APOLLO', organization: 'acme' }),
    )
  })

  test('in an organization that does not exist names the field', async () => {
    const input = { code: 'gemini', organization: 'globex' }

    const error = await withoutWriting(app, () => failChange(app.root, 'NotFoundError', 'createProject', input))

    expect(error.path.join('.')).toBe('organization')
  })

  test('gives no user a role on it, not even the caller', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }])

    await change(bob.client, 'createProject', { code: 'gemini' })

    expect(await rolesOf(app.root, 'bob')).toEqual(['ORGANIZATION_ADMIN in default'])
    const { project } = await app.root.ok(
      '{ project(code: "gemini") { holders(filter: { scope: PROJECT }) { totalCount } } }',
    )
    expect(project.holders.totalCount).toBe(0)
  })
})

describe('changing a project', () => {
  test('keeps the fields that are omitted and clears the fields that are null', async () => {
    await change(app.root, 'updateProject', { project: 'apollo', title: 'To the moon' })

    const renamed = await change(
      app.root,
      'updateProject',
      { project: 'apollo', code: 'Artemis' },
      'project { code title }',
    )
    const cleared = await change(
      app.root,
      'updateProject',
      { project: 'artemis', title: null },
      'project { code title }',
    )

    expect(renamed.project).toEqual({ code: 'Artemis', title: 'To the moon' })
    expect(cleared.project).toEqual({ code: 'Artemis', title: null })
  })

  test('keeps the grants on it', async () => {
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', project: 'apollo' }])

    await change(app.root, 'updateProject', { project: 'apollo', code: 'artemis' })

    expect(await rolesOf(app.root, 'bob')).toEqual(['VERSION_MANAGER on artemis'])
  })

  test('to a taken code is a conflict', async () => {
    await createProject(app, 'gemini')

    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'updateProject', { project: 'apollo', code: 'GEMINI', title: 'x' }),
    )
  })

  test('is allowed for a user with PROJECT_MANAGER on it', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'PROJECT_MANAGER', project: 'apollo' }])

    const { project } = await change(
      bob.client,
      'updateProject',
      { project: 'apollo', title: 'Mine' },
      'project { title }',
    )

    expect(project.title).toBe('Mine')
  })
})

describe('deleting a project', () => {
  test('ends every grant on it and keeps the rows; a new project of the same code starts without grants', async () => {
    const { bob } = given()
    await createProject(app, 'gemini')
    const roles = [
      { role: 'VERSION_MANAGER', project: 'apollo' },
      { role: 'VERSION_MANAGER', project: 'gemini' },
    ]
    await grantRoles(app, 'bob', roles)
    await createUser(app, 'carol', { roles: [{ role: 'PROJECT_MANAGER', project: 'apollo' }] })

    const gone = await change(app.root, 'deleteProject', { project: 'APOLLO' }, 'name endedGrants')
    await createProject(app, 'apollo')

    expect(gone).toMatchObject({ name: 'apollo', endedGrants: 2 })
    expect(await rolesOf(app.root, 'bob')).toEqual(['VERSION_MANAGER on gemini'])
    expect(await permissionsOf(bob.client)).toEqual([
      'version.create on gemini',
      'version.delete on gemini',
      'version.update on gemini',
    ])
    const rows = await readGrants(app, bob.id)
    expect(rows.map((row) => row.ended_by)).toEqual(expect.arrayContaining([null, 'root']))
    expect(rows.length).toBe(2)
    const { project } = await app.root.ok(
      '{ project(code: "apollo") { holders(filter: { scope: PROJECT }) { totalCount } } }',
    )
    expect(project.holders.totalCount).toBe(0)
  })

  test('does not count or change a grant that ended before', async () => {
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', project: 'apollo', expiresAt: inDays(1) }])
    await lapseGrants(app, bob.id)

    const { endedGrants } = await change(app.root, 'deleteProject', { project: 'apollo' }, 'endedGrants')

    expect(endedGrants).toBe(0)
    const [row] = await readGrants(app, bob.id)
    expect(row?.ended_at).toBe(row?.expires_at)
    expect(row?.ended_by).toBe(null)
  })

  test('removes it from every query', async () => {
    const { apolloId: id } = given()

    await change(app.root, 'deleteProject', { project: 'apollo' })

    const data = await app.root.ok(
      'query ($id: ID!) { project(code: "apollo") { id } node(id: $id) { id } projects { totalCount } }',
      { id },
    )
    expect(data).toEqual({ project: null, node: null, projects: { totalCount: 0 } })
    const error = await failChange(app.root, 'NotFoundError', 'grantRoles', {
      user: 'root',
      roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }],
    })
    expect(error.path.join('.')).toBe('roles.0.project')
  })
})

describe('the holders of a project', () => {
  test('are the users with a role on it, each with the role and its start', async () => {
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', project: 'apollo' }])
    await createUser(app, 'carol', { roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })
    await createUser(app, 'dave', { roles: [{ role: 'VERSION_MANAGER', organization: 'default' }] })

    const { project } = await app.root.ok(`{ project(code: "apollo") { holders(filter: { scope: PROJECT }) { totalCount
      edges { since expiresAt role { name } grantedBy { username } node { username } } } } }`)

    expect(project.holders.totalCount).toBe(2)
    expect(project.holders.edges).toEqual(
      ['bob', 'carol'].map((username) => ({
        since: expect.any(String),
        expiresAt: null,
        role: { name: 'VERSION_MANAGER' },
        grantedBy: { username: 'root' },
        node: { username },
      })),
    )
  })
})
