import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange } from '../../support/change.ts'
import { permissionsOf, rolesOf } from '../../support/look.ts'
import { query, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()

const ORGANIZATION = 'name title tokenTtl basePermissions { name description }'

async function readOrganization(name: string) {
  const { organization } = await app.root.ok(
    `query ($name: String!) { organization(name: $name) { ${ORGANIZATION} } }`,
    {
      name,
    },
  )
  return organization
}

describe('creating an organization', () => {
  test('needs only a name: sessions of an hour, no base permissions', async () => {
    await change(app.root, 'createOrganization', { name: 'Acme' })

    expect(await readOrganization('aCME')).toEqual({ name: 'Acme', title: null, tokenTtl: 'PT1H', basePermissions: [] })
  })

  test('keeps title, length of sessions and base permissions', async () => {
    const input = {
      name: 'acme',
      title: 'Acme, Inc.',
      tokenTtl: 'PT90M',
      basePermissions: ['version.read', 'users.read'],
    }

    await change(app.root, 'createOrganization', input)

    expect(await readOrganization('acme')).toEqual({
      name: 'acme',
      title: 'Acme, Inc.',
      tokenTtl: 'PT1H30M',
      basePermissions: [
        { name: 'users.read', description: expect.stringContaining('records') },
        { name: 'version.read', description: null },
      ],
    })
  })

  test.each(['acme', 'ACME', 'default', 'Default'])('of the taken name %s is a conflict', async (name) => {
    await createOrganization(app, 'Acme')

    await withoutWriting(app, () => failChange(app.root, 'Conflict', 'createOrganization', { name }))
  })
})

describe('changing an organization', () => {
  test('leaves what is omitted and clears what is null', async () => {
    const input = { name: 'acme', title: 'Acme, Inc.', tokenTtl: 'PT2H', basePermissions: ['version.read'] }
    await change(app.root, 'createOrganization', input)

    await change(app.root, 'updateOrganization', { organization: 'acme', title: null })

    expect(await readOrganization('acme')).toEqual({
      name: 'acme',
      title: null,
      tokenTtl: 'PT2H',
      basePermissions: [{ name: 'version.read', description: null }],
    })
  })

  test('renames it with all that lives in it', async () => {
    await createOrganization(app, 'acme')
    await createUser(app, 'bob', { organization: 'acme', roles: [{ role: 'AUDITOR', organization: 'acme' }] })

    await change(app.root, 'updateOrganization', { organization: 'acme', name: 'apex' })

    expect(await rolesOf(app.root, 'bob')).toEqual(['AUDITOR in apex'])
    expect(await readOrganization('acme')).toBe(null)
  })

  test('to a taken name is a conflict', async () => {
    await createOrganization(app, 'acme')

    await withoutWriting(app, () =>
      failChange(app.root, 'Conflict', 'updateOrganization', { organization: 'acme', name: 'DEFAULT', title: 'x' }),
    )
  })

  test('gives base permissions to every member at the next request, and takes them back', async () => {
    await createOrganization(app, 'acme')
    const bob = await createUser(app, 'bob', { organization: 'acme' })

    await change(app.root, 'updateOrganization', {
      organization: 'acme',
      addBasePermissions: ['version.read', 'doc.read'],
    })
    const given = await permissionsOf(bob.client)
    await change(app.root, 'updateOrganization', { organization: 'acme', removeBasePermissions: ['doc.read'] })

    expect(given).toEqual(['doc.read in acme', 'version.read in acme'])
    expect(await permissionsOf(bob.client)).toEqual(['version.read in acme'])
  })

  test('never overwrites the history of base permissions', async () => {
    await createOrganization(app, 'acme', ['doc.read'])

    await change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.read'] })
    await change(app.root, 'updateOrganization', { organization: 'acme', removeBasePermissions: ['doc.read'] })
    await change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.read'] })

    const rows = await query(app, sql`select ended_at is null as open from base_permissions order by since`)
    expect(rows).toEqual([{ open: false }, { open: true }])
  })
})

describe('base permissions', () => {
  test('are held by members alone, not by guests with a role there', async () => {
    await createOrganization(app, 'acme', ['doc.read'])
    await createRole(app, 'READER', ['page.read'])
    const guest = await createUser(app, 'guest', { roles: [{ role: 'READER', organization: 'acme' }] })

    expect(await permissionsOf(guest.client)).toEqual(['page.read in acme'])
  })
})

describe('deleting an organization', () => {
  test('is refused while a user, a project or a role lives in it, naming what does', async () => {
    await createOrganization(app, 'acme')
    await createUser(app, 'bob', { organization: 'acme' })
    await createProject(app, 'apollo', 'acme')
    await createRole(app, 'EDITOR', ['doc.edit'], 'acme')
    const steps: [string, object][] = [
      ['deleteUser', { user: 'bob' }],
      ['deleteProject', { project: 'apollo' }],
      ['deleteRole', { role: 'EDITOR' }],
    ]

    const messages: string[] = []
    for (const [name, input] of steps) {
      const fail = () => failChange(app.root, 'Conflict', 'deleteOrganization', { organization: 'acme' })
      messages.push((await withoutWriting(app, fail)).message)
      await change(app.root, name, input)
    }
    const gone = await change(app.root, 'deleteOrganization', { organization: 'ACME' }, 'name')

    expect(messages.map((message) => message.match(/user|project|role/g))).toEqual([
      ['user', 'project', 'role'],
      ['project', 'role'],
      ['role'],
    ])
    expect(gone.name).toBe('acme')
    expect(await readOrganization('acme')).toBe(null)
  })

  test('ends the grants in it, and one of the same name starts with none', async () => {
    await createOrganization(app, 'acme', ['doc.read'])
    const guest = await createUser(app, 'guest', { roles: [{ role: 'AUDITOR', organization: 'acme' }] })

    await change(app.root, 'deleteOrganization', { organization: 'acme' })
    const emptied = await rolesOf(app.root, 'guest')
    await createOrganization(app, 'Acme')

    expect(emptied).toEqual([])
    expect(await rolesOf(app.root, 'guest')).toEqual([])
    expect(await permissionsOf(guest.client)).toEqual([])
    const rows = await query(
      app,
      sql`select (select count(*)::int from role_grants where organization_id is not null and ended_at is not null) as grants,
        (select count(*)::int from base_permissions where ended_at is not null) as words,
        (select count(*)::int from base_permissions where ended_at is null) as open`,
    )
    expect(rows).toEqual([{ grants: 1, words: 1, open: 0 }])
  })

  test('of the first one is refused: root lives there', async () => {
    await withoutWriting(app, () => failChange(app.root, 'Conflict', 'deleteOrganization', { organization: 'default' }))
  })

  test('that is not there is not found', async () => {
    const error = await failChange(app.root, 'NotFound', 'deleteOrganization', { organization: 'acme' })

    expect(error.path).toBe('organization')
  })
})

describe('an organization', () => {
  test('counts and lists its users, projects and roles', async () => {
    await createOrganization(app, 'acme')
    await createUser(app, 'bob', { organization: 'acme' })
    await createUser(app, 'alice', { organization: 'acme' })
    await createUser(app, 'guest')
    await grantRoles(app, 'guest', [{ role: 'AUDITOR', organization: 'acme' }])
    await createProject(app, 'apollo', 'acme')
    await createRole(app, 'EDITOR', ['doc.edit', 'doc.read'], 'acme')

    const { organization } = await app.root.ok(`{ organization(name: "acme") {
      users { totalCount nodes { username } } projects { nodes { code } }
      roles { nodes { name title permissions { name description } } } } }`)

    expect(organization).toEqual({
      users: { totalCount: 2, nodes: [{ username: 'alice' }, { username: 'bob' }] },
      projects: { nodes: [{ code: 'apollo' }] },
      roles: {
        nodes: [
          {
            name: 'EDITOR',
            title: null,
            permissions: [
              { name: 'doc.edit', description: null },
              { name: 'doc.read', description: null },
            ],
          },
        ],
      },
    })
  })
})
