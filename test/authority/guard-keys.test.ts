import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument, failChange } from '../support/change.ts'
import { inDays, permissionsOf, rolesOf, statusOf } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { query, uuidOf, withoutWriting } from '../support/rows.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  type SeededUser,
} from '../support/seed.ts'

const app = startApp()

const organization = 'acme'
const PROJECT_WORK = ['project.delete', 'project.update', 'version.create', 'version.delete', 'version.update']

/** acme with project1 and project2, and bob, who administers it. */
async function createAcme(): Promise<SeededUser> {
  await createOrganization(app, organization)
  await createProject(app, 'project1', organization)
  await createProject(app, 'project2', organization)
  return createUser(app, 'bob', { organization, roles: [{ role: 'ORGANIZATION_ADMIN', organization }] })
}

type Limits = NonNullable<Parameters<typeof createApiKey>[1]>['limits']

/** A client with a new key of a user's. */
async function withKey(user: SeededUser, input: { limits?: Limits; isReadOnly?: boolean; expiresAt?: string }) {
  const { id, key } = await createApiKey(user.client, input)
  return { id, client: app.as(key) }
}

/** The mutation is refused for want of exactly this and writes nothing. */
async function isForbidden(client: Client, missing: string[], name: string, input: object) {
  const refused = () => client.refused('FORBIDDEN', changeDocument(name), { input })
  const { extensions } = await withoutWriting(app, refused)
  expect(missingOf(extensions)).toEqual(missing)
}

async function isNotFound(client: Client, path: string, name: string, input: object) {
  const error = await withoutWriting(app, () => failChange(client, 'NotFoundError', name, input))
  expect(error.path.join('.')).toBe(path)
}

const UNLIMITED = ['a key without limits']

describe('a limited key', () => {
  test('does what both its owner and its limits allow, where they meet', async () => {
    const bob = await createAcme()

    const { client } = await withKey(bob, { limits: [{ role: 'PROJECT_MANAGER', project: 'project1' }] })

    expect(await permissionsOf(client)).toEqual(PROJECT_WORK.map((word) => `${word} on project1`))
    await change(client, 'updateProject', { project: 'project1', title: 'new' })
    await isNotFound(client, 'project', 'updateProject', { project: 'project2', title: 'new' })
    await isForbidden(client, ['users.manage'], 'createUser', { username: 'new' })
  })

  test('has nothing from a limit that is wider than its owner', async () => {
    await createAcme()
    const carol = await createUser(app, 'carol', {
      organization,
      roles: [{ role: 'VERSION_MANAGER', project: 'project1' }],
    })

    const { client } = await withKey(carol, {
      limits: [
        { role: 'ADMINISTRATOR', everywhere: true },
        { role: 'PROJECT_MANAGER', organization },
      ],
    })

    expect(await permissionsOf(client)).toEqual([
      'version.create on project1',
      'version.delete on project1',
      'version.update on project1',
    ])
    await isForbidden(client, ['project.update', 'projects.manage'], 'updateProject', { project: 'project1' })
  })

  test('loses what its owner loses, and gains nothing its limits do not allow', async () => {
    const bob = await createAcme()
    const { client } = await withKey(bob, { limits: [{ role: 'PROJECT_MANAGER', project: 'project1' }] })

    await change(app.root, 'revokeRoles', { user: 'bob', roles: [{ role: 'ORGANIZATION_ADMIN', organization }] })
    expect(await permissionsOf(client)).toEqual([])

    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })
    expect(await permissionsOf(client)).toEqual(PROJECT_WORK.map((word) => `${word} on project1`))
  })

  test('reads within its limits: neither the users nor the projects beyond them', async () => {
    const bob = await createAcme()
    await createUser(app, 'carol', { organization })
    const { client } = await withKey(bob, { limits: [{ role: 'PROJECT_MANAGER', project: 'project1' }] })

    const seen = await client.ok(`{ users { totalCount nodes { username } } projects { totalCount nodes { code } }
      user(username: "carol") { id } project(code: "project2") { id } organization(name: "acme") { users { totalCount } } }`)

    expect(seen).toEqual({
      users: { totalCount: 1, nodes: [{ username: 'bob' }] },
      projects: { totalCount: 1, nodes: [{ code: 'project1' }] },
      user: null,
      project: null,
      organization: { users: { totalCount: 1 } },
    })
  })

  test('grants no more than its limits hold', async () => {
    const bob = await createAcme()
    await createRole(app, 'GRANTER', ['roles.grant', 'users.read', 'version.create'], organization)
    await createUser(app, 'carol', { organization })
    const { client } = await withKey(bob, { limits: [{ role: 'GRANTER', organization }] })
    const grant = (role: string) => ({ user: 'carol', roles: [{ role, organization }] })

    const { missing } = await withoutWriting(app, () =>
      failChange(client, 'MissingAuthorityError', 'grantRoles', grant('VERSION_MANAGER')),
    )
    expect(missingOf({ missing })).toEqual(['version.delete', 'version.update'])

    await change(client, 'grantRoles', grant('GRANTER'))
  })

  test('never touches credentials, not even where its limits are all its owner holds', async () => {
    const bob = await createAcme()
    const carol = await createUser(app, 'carol', { organization })
    const { id, client } = await withKey(bob, { limits: [{ role: 'ORGANIZATION_ADMIN', organization }] })

    await isForbidden(client, UNLIMITED, 'createApiKey', { label: 'new' })
    await isForbidden(client, UNLIMITED, 'createApiKey', { label: 'new', user: 'carol' })
    await isForbidden(client, UNLIMITED, 'rotateApiKey', { apiKey: id })
    await isForbidden(client, UNLIMITED, 'rotateApiKey', { apiKey: bob.keyId })
    await isForbidden(client, UNLIMITED, 'revokeApiKey', { apiKey: carol.keyId })
    await isForbidden(client, UNLIMITED, 'revokeApiKey', { apiKey: id })
    await isForbidden(client, UNLIMITED, 'createUser', { username: 'new' })
    await isForbidden(client, UNLIMITED, 'createServiceUser', { username: 'new', email: 'new@example.test' })

    await change(client, 'createUser', { username: 'new', withApiKey: false })
  })

  test('does not take its owner over by a new e-mail or name, nor gives its owner more', async () => {
    const bob = await createAcme()
    await createRole(app, 'CLERK', ['users.manage', 'users.read', 'roles.grant'])
    const { client } = await withKey(bob, { limits: [{ role: 'CLERK', organization }] })
    const takeover = async (name: string, input: object) => {
      await withoutWriting(app, () => failChange(client, 'MissingAuthorityError', name, input))
    }

    await takeover('updateUser', { user: 'bob', email: 'mallory@example.test' })
    await takeover('updateUser', { user: 'bob', username: 'mallory' })
    await takeover('grantRoles', { user: 'bob', roles: [{ role: 'PROJECT_MANAGER', organization }] })
    expect(await rolesOf(app.root, 'bob')).toEqual(['ORGANIZATION_ADMIN in acme'])
  })

  test('with an empty list of limits does nothing', async () => {
    const bob = await createAcme()
    const { client } = await withKey(bob, { limits: [] })

    expect(await permissionsOf(client)).toEqual([])
    await isForbidden(client, ['users.manage'], 'createUser', { username: 'new' })
    await isForbidden(client, ['project.update', 'projects.manage'], 'updateProject', { project: 'project1' })
    await isForbidden(client, UNLIMITED, 'createApiKey', { label: 'new' })
  })

  test('does not give up its owner’s roles, which is more than its limits allow', async () => {
    const bob = await createAcme()
    const { client } = await withKey(bob, { limits: [] })

    const given = { user: 'bob', roles: [{ role: 'ORGANIZATION_ADMIN', organization }] }
    await withoutWriting(app, () => client.refused('FORBIDDEN', changeDocument('revokeRoles'), { input: given }))

    expect(await rolesOf(app.root, 'bob')).toEqual(['ORGANIZATION_ADMIN in acme'])
  })

  test('does not widen itself by widening the role that limits it', async () => {
    await createOrganization(app, organization)
    const ada = await createUser(app, 'ada', { isAdmin: true })
    await createRole(app, 'DEFINER', ['roles.manage'])
    const { client } = await withKey(ada, { limits: [{ role: 'DEFINER', everywhere: true }] })

    // Nobody holds DEFINER: the key alone would gain.
    const widen = { role: 'DEFINER', addPermissions: ['users.manage', 'roles.grant'] }
    const { missing } = await withoutWriting(app, () =>
      failChange(client, 'MissingAuthorityError', 'updateRole', widen),
    )

    const wherever = ['roles.grant', 'users.manage'].map((word) => `${word} wherever the role is held`)
    expect(missingOf({ missing })).toEqual(wherever)
    expect(await permissionsOf(client)).toEqual(['roles.manage everywhere'])
  })

  test('is not widened by another user who lacks what they would add to its limit', async () => {
    const bob = await createAcme()
    await createRole(app, 'DEFINER', ['roles.manage'])
    const dan = await createUser(app, 'dan', { organization, roles: [{ role: 'DEFINER', everywhere: true }] })
    await createRole(app, 'WRITER', ['version.create'])
    const { id, client } = await withKey(bob, { limits: [{ role: 'WRITER', organization }] })
    const widen = { role: 'WRITER', addPermissions: ['version.delete'] }

    await withoutWriting(app, () => failChange(dan.client, 'MissingAuthorityError', 'updateRole', widen))
    expect(await permissionsOf(client)).toEqual(['version.create in acme'])

    await change(bob.client, 'revokeApiKey', { apiKey: id })
    await change(dan.client, 'updateRole', widen)
  })

  test('is not widened when the role of its only limit is deleted, nor by a namesake', async () => {
    const bob = await createAcme()
    await createRole(app, 'WRITER', ['version.create'])
    const { client } = await withKey(bob, { limits: [{ role: 'WRITER', organization }] })
    expect(await permissionsOf(client)).toEqual(['version.create in acme'])

    await change(app.root, 'deleteRole', { role: 'WRITER' })
    expect(await permissionsOf(client)).toEqual([])

    await createRole(app, 'WRITER', ['version.create', 'version.delete'])
    expect(await permissionsOf(client)).toEqual([])
  })

  test('is not widened when the project of its only limit is deleted, nor by a namesake', async () => {
    const bob = await createAcme()
    const { client } = await withKey(bob, { limits: [{ role: 'PROJECT_MANAGER', project: 'project1' }] })

    await change(app.root, 'deleteProject', { project: 'project1' })
    await createProject(app, 'project1', organization)

    expect(await permissionsOf(client)).toEqual([])
    const needed = ['project.update', 'projects.manage']
    await isForbidden(client, needed, 'updateProject', { project: 'project1', title: 'new' })
    await isForbidden(client, needed, 'updateProject', { project: 'project2', title: 'new' })
    const { projects } = await client.ok('{ projects { totalCount } }')
    expect(projects.totalCount).toBe(0)
  })

  test('that is rotated keeps its limits', async () => {
    const bob = await createAcme()
    const { id } = await withKey(bob, { limits: [{ role: 'PROJECT_MANAGER', project: 'project1' }] })

    const { secret } = await change(bob.client, 'rotateApiKey', { apiKey: id }, 'secret')

    expect(await permissionsOf(app.as(secret))).toEqual(PROJECT_WORK.map((word) => `${word} on project1`))
  })
})

describe('a read-only key', () => {
  const given = app.world(createAcme)

  test('reads what its owner reads and may call no mutation, also not as a dry run', async () => {
    const bob = given()
    const { client } = await withKey(bob, { isReadOnly: true })
    const inputs: [string, object][] = [
      ['updateProject', { project: 'project1', title: 'new' }],
      ['createUser', { username: 'new' }],
      ['createApiKey', { label: 'new' }],
      ['rotateApiKey', { apiKey: bob.keyId }],
      ['revokeRoles', { user: 'bob', roles: [{ role: 'ORGANIZATION_ADMIN', organization }] }],
    ]

    expect(await permissionsOf(client)).toEqual(await permissionsOf(bob.client))
    for (const [name, input] of inputs) {
      await isForbidden(client, ['a key that is not read-only'], name, input)
      await client.refused('FORBIDDEN', changeDocument(name), { input, dryRun: true })
    }
  })

  test('stays read-only when its owner rotates it', async () => {
    const bob = given()
    const { id } = await withKey(bob, { isReadOnly: true })

    const { secret } = await change(bob.client, 'rotateApiKey', { apiKey: id }, 'secret')

    const title = { project: 'project1', title: 'new' }
    await isForbidden(app.as(secret), ['a key that is not read-only'], 'updateProject', title)
  })
})

describe('a key made with a key that expires', () => {
  const given = app.world(createAcme)

  async function expiryOf(id: string): Promise<string | null> {
    const [row] = await query<{ at: string | null }>(
      app,
      sql`select to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at from api_keys where id = ${uuidOf(id)}`,
    )
    return row?.at ?? null
  }

  test('ends with it by default, and never lasts longer', async () => {
    const bob = given()
    await createUser(app, 'carol', { organization })
    const end = inDays(10)
    const { client } = await withKey(bob, { expiresAt: end })

    const own = await createApiKey(client)
    const other = await createApiKey(client, { user: 'carol' })
    const { apiKey: first } = await change(client, 'createUser', { username: 'new' }, 'apiKey { id }')
    const service = { username: 'ci', email: 'ci@example.test' }
    const { apiKey: serving } = await change(client, 'createServiceUser', service, 'apiKey { id }')

    for (const { id } of [own, other, first, serving]) expect(await expiryOf(id)).toBe(end)
    await withoutWriting(app, () =>
      failChange(client, 'MissingAuthorityError', 'createApiKey', { label: 'long', expiresAt: inDays(11) }),
    )
    const shorter = await createApiKey(client, { expiresAt: inDays(5) })
    expect(await expiryOf(shorter.id)).not.toBe(end)
  })

  test('does not last longer after a rotation, also when it rotates itself', async () => {
    const bob = given()
    const end = inDays(10)
    const { id, client } = await withKey(bob, { expiresAt: end })

    const { apiKey: lasting } = await change(client, 'rotateApiKey', { apiKey: bob.keyId }, 'apiKey { id }')
    const { apiKey: itself } = await change(client, 'rotateApiKey', { apiKey: id }, 'apiKey { id }')

    expect(await expiryOf(lasting.id)).toBe(end)
    expect(await expiryOf(itself.id)).toBe(end)
  })

  test('is refused once it has ended', async () => {
    const bob = given()
    const { id, client } = await withKey(bob, { expiresAt: inDays(1) })
    expect(await statusOf(client)).toBe(200)

    await query(
      app,
      sql`update api_keys set created_at = now() - interval '2 days', expires_at = now() where id = ${uuidOf(id)}`,
    )

    expect(await statusOf(client)).toBe(401)
  })
})
