import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument, failChange } from '../support/change.ts'
import { inDays, permissionsOf, rolesOf } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { withoutWriting } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, type SeededUser } from '../support/seed.ts'

const app = startApp()

const organization = 'acme'

/** acme with project1, and bob, who administers it. */
async function createAcme(): Promise<SeededUser> {
  await createOrganization(app, organization)
  await createProject(app, 'project1', organization)
  return createUser(app, 'bob', { organization, roles: [{ role: 'ORGANIZATION_ADMIN', organization }] })
}

/** A user of acme who manages users, grants and defines roles there, and holds just these words besides. */
async function createDelegate(words: string[], expiresAt?: string): Promise<SeededUser> {
  await createRole(app, 'DELEGATE', ['users.read', 'users.manage', 'roles.grant', 'roles.manage', ...words])
  const roles = [{ role: 'DELEGATE', organization, ...(expiresAt ? { expiresAt } : {}) }]
  return createUser(app, 'dan', { organization, roles })
}

/** The mutation answers MissingAuthorityError for exactly these permissions and writes nothing. */
async function lacks(client: Client, missing: string[], name: string, input: object) {
  const error = await withoutWriting(app, () => failChange(client, 'MissingAuthorityError', name, input))
  expect(missingOf(error)).toEqual(missing)
}

/** The mutation is refused for want of exactly this and writes nothing. */
async function isForbidden(client: Client, missing: string[], name: string, input: object) {
  const refused = () => client.refused('FORBIDDEN', changeDocument(name), { input })
  const { extensions } = await withoutWriting(app, refused)
  expect(missingOf(extensions)).toEqual(missing)
}

describe('granting', () => {
  test('a role is granted only by a caller who holds all its permissions', async () => {
    await createAcme()
    const dan = await createDelegate(['version.create'])
    await createUser(app, 'carol', { organization })

    const roles = [{ role: 'VERSION_MANAGER', organization }]

    await lacks(dan.client, ['version.delete', 'version.update'], 'grantRoles', { user: 'carol', roles })
  })

  test('a role held on a project is not granted in its organization or everywhere', async () => {
    await createAcme()
    await createProject(app, 'project2', organization)
    const roles = [
      { role: 'VERSION_MANAGER', project: 'project1' },
      { role: 'AUDITOR', project: 'project2' },
    ]
    await createRole(app, 'GRANTER', ['roles.grant'])
    const dan = await createUser(app, 'dan', { organization, roles: [...roles, { role: 'GRANTER', everywhere: true }] })
    await createUser(app, 'carol', { organization })
    const words = ['version.create', 'version.delete', 'version.update']
    const grant = (scope: object) => ({ user: 'carol', roles: [{ role: 'VERSION_MANAGER', ...scope }] })

    await lacks(dan.client, words, 'grantRoles', grant({ project: 'project2' }))
    await lacks(dan.client, words, 'grantRoles', grant({ organization }))
    await lacks(dan.client, words, 'grantRoles', grant({ everywhere: true }))

    await change(dan.client, 'grantRoles', grant({ project: 'project1' }))
    expect(await rolesOf(app.root, 'carol')).toEqual(['VERSION_MANAGER on project1'])
  })

  test('a role held until a day is not granted for longer, nor without an end', async () => {
    await createAcme()
    const end = inDays(10)
    const dan = await createDelegate(['version.create'], end)
    await createRole(app, 'WRITER', ['version.create'])
    await createUser(app, 'carol', { organization })
    const grant = (expiresAt?: string) => ({ user: 'carol', roles: [{ role: 'WRITER', organization, expiresAt }] })

    await lacks(dan.client, ['version.create'], 'grantRoles', grant())
    await lacks(dan.client, ['version.create'], 'grantRoles', grant(inDays(11)))

    await change(dan.client, 'grantRoles', grant(end))
    expect(await rolesOf(app.root, 'carol')).toEqual(['WRITER in acme'])
  })

  test('no role is granted where one of them cannot be granted', async () => {
    const bob = await createAcme()
    await createUser(app, 'carol', { organization })
    await createRole(app, 'FOUNDER', ['organizations.manage'])
    const roles = [
      { role: 'AUDITOR', organization },
      { role: 'FOUNDER', organization },
    ]

    await lacks(bob.client, ['organizations.manage'], 'grantRoles', { user: 'carol', roles })
  })

  test('only administrators grant ADMINISTRATOR, whatever else the caller holds everywhere', async () => {
    await createOrganization(app, organization)
    const words = ['users.manage', 'users.read', 'roles.grant', 'roles.manage', 'organizations.manage']
    await createRole(app, 'ALMOST', [...words, 'projects.manage', 'project.update', 'project.delete'])
    const dan = await createUser(app, 'dan', { roles: [{ role: 'ALMOST', everywhere: true }] })
    const roles = [{ role: 'ADMINISTRATOR', everywhere: true }]

    await lacks(dan.client, ['ADMINISTRATOR'], 'grantRoles', { user: 'dan', roles })
    await lacks(dan.client, ['ADMINISTRATOR'], 'createUser', { username: 'new', isAdmin: true })
    await lacks(dan.client, ['ADMINISTRATOR'], 'createUser', { username: 'new', roles })
    await lacks(dan.client, ['ADMINISTRATOR'], 'createServiceUser', { username: 'new', email: 'a@b.test', roles })
  })

  test('an organization admin makes another one, but grants nothing outside the organization', async () => {
    const bob = await createAcme()
    await createOrganization(app, 'globex')
    const roles = [{ role: 'ORGANIZATION_ADMIN', organization }]

    await change(bob.client, 'createUser', { username: 'carol', roles })

    expect(await rolesOf(app.root, 'carol')).toEqual(['ORGANIZATION_ADMIN in acme'])
    await isForbidden(bob.client, ['roles.grant'], 'createUser', {
      username: 'dave',
      roles: [{ role: 'AUDITOR', everywhere: true }],
    })
  })
})

describe('making users', () => {
  const given = app.world(createAcme)

  test('a user is not created with a role that the caller does not hold', async () => {
    const dan = await createDelegate([])
    const roles = [{ role: 'PROJECT_MANAGER', project: 'project1' }]
    const missing = ['project.delete', 'project.update', 'version.create', 'version.delete', 'version.update']

    await lacks(dan.client, missing, 'createUser', { username: 'new', roles })
    await lacks(dan.client, missing, 'createServiceUser', { username: 'new', email: 'new@example.test', roles })
  })

  test('a user is not created in an organization whose members hold more than the caller', async () => {
    await createOrganization(app, 'globex', ['secret.read'])
    await createRole(app, 'HIRER', ['users.manage', 'users.read'])
    const dan = await createUser(app, 'dan', { organization, roles: [{ role: 'HIRER', everywhere: true }] })
    await createUser(app, 'gone', { organization: 'globex' })
    const { deletedId: id } = await change(app.root, 'deleteUser', { user: 'gone' }, 'deletedId')

    await lacks(dan.client, ['secret.read'], 'createUser', { username: 'new', organization: 'globex' })
    await lacks(dan.client, ['secret.read'], 'restoreUser', { id })

    await change(dan.client, 'createUser', { username: 'new' })
  })

  test('an update of a service user that grants more than the caller holds is refused', async () => {
    const bob = given()
    await createRole(app, 'FOUNDER', ['organizations.manage'])
    const roles = [{ role: 'FOUNDER', organization }]
    await change(app.root, 'createServiceUser', { username: 'ci', email: 'ci@example.test', organization, roles })
    const update = { username: 'ci', email: 'bob@example.test', ifExists: 'UPDATE' }

    // Its e-mail is a way to take it over.
    await lacks(bob.client, ['organizations.manage'], 'createServiceUser', update)
  })
})

describe('editing what others hold', () => {
  app.world(createAcme)

  test('a permission is added to a role only by a caller who holds it everywhere the role is held', async () => {
    await createOrganization(app, 'globex')
    await createRole(app, 'DEFINER', ['roles.manage', 'version.create'])
    const roles = [
      { role: 'DEFINER', organization },
      { role: 'AUDITOR', everywhere: true },
    ]
    await createRole(app, 'SERVER_DEFINER', ['roles.manage'])
    const dan = await createUser(app, 'dan', { roles: [...roles, { role: 'SERVER_DEFINER', everywhere: true }] })
    await createRole(app, 'SHARED', [])
    const add = { role: 'SHARED', addPermissions: ['version.create'] }
    await createUser(app, 'carol', { organization, roles: [{ role: 'SHARED', organization }] })
    await createUser(app, 'erin', { roles: [{ role: 'SHARED', organization: 'globex' }] })

    await lacks(dan.client, ['version.create'], 'updateRole', add)

    await change(app.root, 'revokeRoles', { user: 'erin', roles: [{ role: 'SHARED', organization: 'globex' }] })
    await change(dan.client, 'updateRole', add)
  })

  test('a user cannot widen a role that they hold themselves', async () => {
    await createRole(app, 'OWN', ['roles.manage', 'version.create'], organization)
    const dan = await createUser(app, 'dan', { organization, roles: [{ role: 'OWN', organization }] })

    const [manage, remove] = ['users.manage wherever the role is held', 'version.delete wherever the role is held']
    await lacks(dan.client, [manage], 'updateRole', { role: 'OWN', addPermissions: ['users.manage'] })
    await lacks(dan.client, [remove], 'updateRole', { role: 'OWN', addPermissions: ['version.delete'] })

    await change(dan.client, 'updateRole', { role: 'OWN', removePermissions: ['version.create'] })
    expect(await permissionsOf(dan.client)).toEqual(['roles.manage in acme'])
  })

  test('a base permission is added only by a caller who holds it in the organization permanently', async () => {
    await createRole(app, 'STEWARD', ['organizations.manage', 'version.create'])
    const roles = (expiresAt?: string) => [{ role: 'STEWARD', organization, expiresAt }]
    const lasting = await createUser(app, 'dan', { organization, roles: roles() })
    const passing = await createUser(app, 'eve', { organization, roles: roles(inDays(10)) })
    const add = (word: string) => ({ organization, addBasePermissions: [word] })

    await lacks(lasting.client, ['version.delete'], 'updateOrganization', add('version.delete'))
    await lacks(passing.client, ['version.create'], 'updateOrganization', add('version.create'))

    await change(lasting.client, 'updateOrganization', add('version.create'))
  })
})

describe('taking over', () => {
  const given = app.world(createAcme)

  test('a manager of users cannot take over the account of a user who holds more', async () => {
    const dan = await createDelegate([])
    const carol = await createUser(app, 'carol', {
      organization,
      roles: [{ role: 'VERSION_MANAGER', project: 'project1' }],
    })
    const missing = ['version.create', 'version.delete', 'version.update']

    await lacks(dan.client, missing, 'createApiKey', { user: 'carol', label: 'mine' })
    await lacks(dan.client, missing, 'rotateApiKey', { apiKey: carol.keyId })
    await lacks(dan.client, missing, 'updateUser', { user: 'carol', email: 'dan@example.test' })
    await lacks(dan.client, missing, 'updateUser', { user: 'carol', email: null })
    await lacks(dan.client, missing, 'updateUser', { user: 'carol', username: 'carola' })

    await change(dan.client, 'updateUser', { user: 'carol', displayName: 'Carol' })
  })

  test('a suspended user who holds more is not enabled and gets no key', async () => {
    const dan = await createDelegate([])
    await createUser(app, 'carol', { organization, roles: [{ role: 'VERSION_MANAGER', project: 'project1' }] })
    const missing = ['version.create', 'version.delete', 'version.update']
    await change(dan.client, 'disableUser', { user: 'carol' })

    await lacks(dan.client, missing, 'enableUser', { user: 'carol' })
    await lacks(dan.client, missing, 'createApiKey', { user: 'carol', label: 'mine' })

    await change(app.root, 'revokeRoles', { user: 'carol', roles: [{ role: 'VERSION_MANAGER', project: 'project1' }] })
    await change(dan.client, 'enableUser', { user: 'carol' })
  })

  test('a mutation that only takes access away needs only its own permission', async () => {
    await createRole(app, 'FOUNDER', ['organizations.manage'])
    const dan = await createDelegate([])
    const carol = await createUser(app, 'carol', { organization, roles: [{ role: 'FOUNDER', organization }] })

    await change(dan.client, 'revokeApiKey', { apiKey: carol.keyId })
    await change(dan.client, 'revokeRoles', { user: 'carol', roles: [{ role: 'FOUNDER', organization }] })
    await change(dan.client, 'disableUser', { user: 'carol' })
    await change(dan.client, 'deleteUser', { user: 'carol' })
  })

  test('an organization admin does nothing to an administrator of the same home', async () => {
    const bob = given()
    const ada = await createUser(app, 'ada', { organization, isAdmin: true })
    const roles = [{ role: 'AUDITOR', organization }]
    await change(app.root, 'grantRoles', { user: 'ada', roles })
    const administrator = ['ADMINISTRATOR']

    await isForbidden(bob.client, administrator, 'updateUser', { user: 'ada', displayName: 'Ada' })
    await isForbidden(bob.client, administrator, 'disableUser', { user: 'ada' })
    await isForbidden(bob.client, administrator, 'enableUser', { user: 'ada' })
    await isForbidden(bob.client, administrator, 'deleteUser', { user: 'ada' })
    await isForbidden(bob.client, administrator, 'createApiKey', { user: 'ada', label: 'mine' })
    await isForbidden(bob.client, administrator, 'rotateApiKey', { apiKey: ada.keyId })
    await isForbidden(bob.client, administrator, 'revokeApiKey', { apiKey: ada.keyId })
    await isForbidden(bob.client, administrator, 'revokeRoles', { user: 'ada', roles })
    await isForbidden(bob.client, administrator, 'revokeRoles', {
      user: 'ada',
      roles: [{ role: 'ADMINISTRATOR', everywhere: true }],
    })
  })
})

test('a demotion takes effect at the next request', async () => {
  const bob = await createAcme()
  await change(bob.client, 'updateProject', { project: 'project1', title: 'first' })

  await change(app.root, 'revokeRoles', { user: 'bob', roles: [{ role: 'ORGANIZATION_ADMIN', organization }] })

  const title = { project: 'project1', title: 'second' }
  await isForbidden(bob.client, ['project.update', 'projects.manage'], 'updateProject', title)
  expect(await permissionsOf(bob.client)).toEqual([])
})
