import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange } from '../../support/change.ts'
import { permissionsOf, rolesOf } from '../../support/look.ts'
import { query, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()
/** acme, with bob as its only member, and guest of `default`; neither holds a role. */
const given = app.world(async () => {
  await createOrganization(app, 'acme')
  return { bob: await createUser(app, 'bob', { organization: 'acme' }), guest: await createUser(app, 'guest') }
})

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
  test('needs only a name: sessions last an hour, and there are no base permissions', async () => {
    await change(app.root, 'createOrganization', { name: 'Globex' })

    expect(await readOrganization('gLOBEX')).toEqual({
      name: 'Globex',
      title: null,
      tokenTtl: 'PT1H',
      basePermissions: [],
    })
  })

  test('stores the title, the length of sessions and the base permissions', async () => {
    const input = {
      name: 'globex',
      title: 'Globex, Inc.',
      tokenTtl: 'PT90M',
      basePermissions: ['version.read', 'users.read'],
    }

    await change(app.root, 'createOrganization', input)

    expect(await readOrganization('globex')).toEqual({
      name: 'globex',
      title: 'Globex, Inc.',
      tokenTtl: 'PT1H30M',
      basePermissions: [
        { name: 'users.read', description: expect.stringContaining('records') },
        { name: 'version.read', description: null },
      ],
    })
  })

  test.each(['acme', 'ACME', 'default', 'Default'])('with the taken name %s is a conflict', async (name) => {
    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'createOrganization', { name }))
  })
})

describe('changing an organization', () => {
  test('keeps the fields that are omitted and clears the fields that are null', async () => {
    const input = { name: 'globex', title: 'Globex, Inc.', tokenTtl: 'PT2H', basePermissions: ['version.read'] }
    await change(app.root, 'createOrganization', input)

    await change(app.root, 'updateOrganization', { organization: 'globex', title: null })

    expect(await readOrganization('globex')).toEqual({
      name: 'globex',
      title: null,
      tokenTtl: 'PT2H',
      basePermissions: [{ name: 'version.read', description: null }],
    })
  })

  test('renames it and keeps everything in it', async () => {
    await grantRoles(app, 'bob', [{ role: 'AUDITOR', organization: 'acme' }])

    await change(app.root, 'updateOrganization', { organization: 'acme', name: 'apex' })

    expect(await rolesOf(app.root, 'bob')).toEqual(['AUDITOR in apex'])
    expect(await readOrganization('acme')).toBe(null)
  })

  test('to a taken name is a conflict', async () => {
    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'updateOrganization', {
        organization: 'acme',
        name: 'DEFAULT',
        title: 'x',
      }),
    )
  })

  test('gives base permissions to every member, and removes them, at the next request', async () => {
    const { bob } = given()

    await change(app.root, 'updateOrganization', {
      organization: 'acme',
      addBasePermissions: ['version.read', 'doc.read'],
    })
    const held = await permissionsOf(bob.client)
    await change(app.root, 'updateOrganization', { organization: 'acme', removeBasePermissions: ['doc.read'] })

    expect(held).toEqual(['doc.read in acme', 'version.read in acme'])
    expect(await permissionsOf(bob.client)).toEqual(['version.read in acme'])
  })

  test('keeps the history of base permissions', async () => {
    await change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.read'] })
    await change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.read'] })
    await change(app.root, 'updateOrganization', { organization: 'acme', removeBasePermissions: ['doc.read'] })
    await change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.read'] })

    const rows = await query(app, sql`select ended_at is null as open from base_permissions order by since`)
    expect(rows).toEqual([{ open: false }, { open: true }])
  })
})

describe('base permissions', () => {
  test('are held only by members, not by other users with a role in the organization', async () => {
    const { guest } = given()
    await change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.read'] })
    await createRole(app, 'READER', ['page.read'])
    await grantRoles(app, 'guest', [{ role: 'READER', organization: 'acme' }])

    expect(await permissionsOf(guest.client)).toEqual(['page.read in acme'])
  })
})

describe('deleting an organization', () => {
  test('is refused while it has a user, a project or a role, and the message names them', async () => {
    await createProject(app, 'apollo', 'acme')
    await createRole(app, 'EDITOR', ['doc.edit'], 'acme')
    const steps: [string, object][] = [
      ['deleteUser', { user: 'bob' }],
      ['deleteProject', { project: 'apollo' }],
      ['deleteRole', { role: 'EDITOR' }],
    ]

    const messages: string[] = []
    for (const [name, input] of steps) {
      const fail = () => failChange(app.root, 'ConflictError', 'deleteOrganization', { organization: 'acme' })
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

  test('ends the grants in it, and a new organization of the same name starts without grants', async () => {
    const { guest } = given()
    await createOrganization(app, 'globex', ['doc.read'])
    await grantRoles(app, 'guest', [{ role: 'AUDITOR', organization: 'globex' }])

    await change(app.root, 'deleteOrganization', { organization: 'globex' })
    const emptied = await rolesOf(app.root, 'guest')
    await createOrganization(app, 'Globex')

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

  test('is refused for the first organization: root belongs to it', async () => {
    await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'deleteOrganization', { organization: 'default' }),
    )
  })

  test('that does not exist is not found', async () => {
    const error = await failChange(app.root, 'NotFoundError', 'deleteOrganization', { organization: 'globex' })

    expect(error.path.join('.')).toBe('organization')
  })
})

describe('an organization', () => {
  test('counts and lists its users, projects and roles', async () => {
    await createUser(app, 'alice', { organization: 'acme' })
    await grantRoles(app, 'guest', [{ role: 'AUDITOR', organization: 'acme' }])
    await createProject(app, 'apollo', 'acme')
    await createRole(app, 'EDITOR', ['doc.edit', 'doc.read'], 'acme')

    const { organization } = await app.root.ok(`{ organization(name: "acme") {
      users { totalCount nodes { username } } projects { nodes { code } }
      roles(filter: { name: { startsWith: "EDIT" } }) { nodes { name title permissions { name description } } } } }`)

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
