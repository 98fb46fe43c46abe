import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange } from '../../support/change.ts'
import { inDays, permissionsOf, rolesOf } from '../../support/look.ts'
import { lapseGrants, readGrants, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createUser } from '../../support/seed.ts'

const app = startApp()

describe('creating a project', () => {
  test('puts it into the caller’s organization', async () => {
    await change(app.root, 'createProject', { code: 'Apollo', title: 'To the moon' })

    const { project } = await app.root.ok('{ project(code: "APOLLO") { code title organization { name } } }')
    expect(project).toEqual({ code: 'Apollo', title: 'To the moon', organization: { name: 'default' } })
  })

  test('puts it into the organization named', async () => {
    await createOrganization(app, 'acme')

    const input = { code: 'apollo', organization: 'acme' }
    const { project } = await change(app.root, 'createProject', input, 'project { title organization { name } }')

    expect(project).toEqual({ title: null, organization: { name: 'acme' } })
  })

  test('of a taken code is a conflict in the whole server, whatever the case', async () => {
    await createOrganization(app, 'acme')
    await createProject(app, 'apollo')

    await withoutWriting(app, () =>
      failChange(app.root, 'Conflict', 'createProject', { code: 'APOLLO', organization: 'acme' }),
    )
  })

  test('in an organization that is not there names it', async () => {
    const input = { code: 'apollo', organization: 'acme' }

    const error = await withoutWriting(app, () => failChange(app.root, 'NotFound', 'createProject', input))

    expect(error.path).toBe('organization')
  })

  test('gives nobody anything on it, not even its maker', async () => {
    const bob = await createUser(app, 'bob', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }] })

    await change(bob.client, 'createProject', { code: 'apollo' })

    expect(await rolesOf(app.root, 'bob')).toEqual(['ORGANIZATION_ADMIN in default'])
    const { project } = await app.root.ok(
      '{ project(code: "apollo") { holders(filter: { scope: PROJECT }) { totalCount } } }',
    )
    expect(project.holders.totalCount).toBe(0)
  })
})

describe('changing a project', () => {
  test('leaves what is omitted and clears what is null', async () => {
    await change(app.root, 'createProject', { code: 'apollo', title: 'To the moon' })

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
    await createProject(app, 'apollo')
    await createUser(app, 'bob', { roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })

    await change(app.root, 'updateProject', { project: 'apollo', code: 'artemis' })

    expect(await rolesOf(app.root, 'bob')).toEqual(['VERSION_MANAGER on artemis'])
  })

  test('to a taken code is a conflict', async () => {
    await createProject(app, 'apollo')
    await createProject(app, 'gemini')

    await withoutWriting(app, () =>
      failChange(app.root, 'Conflict', 'updateProject', { project: 'apollo', code: 'GEMINI', title: 'x' }),
    )
  })

  test('is for holders of PROJECT_MANAGER on it', async () => {
    await createProject(app, 'apollo')
    const bob = await createUser(app, 'bob', { roles: [{ role: 'PROJECT_MANAGER', project: 'apollo' }] })

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
  test('ends every grant on it and keeps the rows; one of its code starts with none', async () => {
    await createProject(app, 'apollo')
    await createProject(app, 'gemini')
    const roles = [
      { role: 'VERSION_MANAGER', project: 'apollo' },
      { role: 'VERSION_MANAGER', project: 'gemini' },
    ]
    const bob = await createUser(app, 'bob', { roles })
    await createUser(app, 'carol', { roles: [{ role: 'PROJECT_MANAGER', project: 'apollo' }] })

    const gone = await change(app.root, 'deleteProject', { project: 'APOLLO' }, 'project endedGrants')
    await createProject(app, 'apollo')

    expect(gone).toMatchObject({ project: 'apollo', endedGrants: 2 })
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

  test('counts no grant that had ended before, and leaves it its own end', async () => {
    await createProject(app, 'apollo')
    const bob = await createUser(app, 'bob', {
      roles: [{ role: 'VERSION_MANAGER', project: 'apollo', expiresAt: inDays(1) }],
    })
    await lapseGrants(app, bob.id)

    const { endedGrants } = await change(app.root, 'deleteProject', { project: 'apollo' }, 'endedGrants')

    expect(endedGrants).toBe(0)
    const [row] = await readGrants(app, bob.id)
    expect(row?.ended_at).toBe(row?.expires_at)
    expect(row?.ended_by).toBe(null)
  })

  test('makes it missing everywhere', async () => {
    const id = await createProject(app, 'apollo')

    await change(app.root, 'deleteProject', { project: 'apollo' })

    const data = await app.root.ok(
      'query ($id: ID!) { project(code: "apollo") { id } node(id: $id) { id } projects { totalCount } }',
      { id },
    )
    expect(data).toEqual({ project: null, node: null, projects: { totalCount: 0 } })
    const error = await failChange(app.root, 'NotFound', 'grantRoles', {
      user: 'root',
      roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }],
    })
    expect(error.path).toBe('roles.0.project')
  })
})

describe('the holders of a project', () => {
  test('are those who hold a role on it, each with role and since when', async () => {
    await createProject(app, 'apollo')
    await createUser(app, 'bob', { roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })
    await createUser(app, 'carol', { roles: [{ role: 'VERSION_MANAGER', project: 'apollo' }] })
    await createUser(app, 'dave', { roles: [{ role: 'VERSION_MANAGER', organization: 'default' }] })

    const { project } = await app.root.ok(`{ project(code: "apollo") { holders(filter: { scope: PROJECT }) { totalCount
      edges { since until role { name } grantedBy { username } node { username } } } } }`)

    expect(project.holders.totalCount).toBe(2)
    expect(project.holders.edges).toEqual(
      ['bob', 'carol'].map((username) => ({
        since: expect.any(String),
        until: null,
        role: { name: 'VERSION_MANAGER' },
        grantedBy: { username: 'root' },
        node: { username },
      })),
    )
  })
})
