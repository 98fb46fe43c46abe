import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { inDays } from '../support/look.ts'
import { missingAt } from '../support/missing.ts'
import { createBob, createDelegate, createPlaces, isForbidden, type Told } from '../support/refusals.ts'
import { createApiKey, createRole, createUser } from '../support/seed.ts'

const app = startApp()

describe('FORBIDDEN names what is missing', () => {
  app.world(() => createPlaces(app))

  test('everywhere', async () => {
    const bob = await createBob(app, { role: 'ORGANIZATION_ADMIN', organization: 'acme' })

    const input = { name: 'EDITOR', permissions: ['doc.edit'] }

    await isForbidden(app, bob.client, [['roles.manage', 'everywhere']], 'createRole', input)
  })

  test('in the organization', async () => {
    const bob = await createBob(app, { role: 'ORGANIZATION_ADMIN', organization: 'globex' })

    const input = { code: 'new', organization: 'acme' }

    await isForbidden(app, bob.client, [['projects.manage', 'in the organization acme']], 'createProject', input)
  })

  test('on the project, and every other permission that would do', async () => {
    const bob = await createBob(app, { role: 'PROJECT_MANAGER', project: 'apollo' })
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'VERSION_MANAGER', project: 'gemini' }] })

    const told: Told = [
      ['project.update', 'on the project gemini'],
      ['projects.manage', 'in the organization acme'],
    ]

    await isForbidden(app, bob.client, told, 'updateProject', { project: 'GEMINI', title: 'x' })
  })

  test('with the place where it can be granted, and never another identity', async () => {
    const bob = await createDelegate(app, ['users.read'])
    await createUser(app, 'dave', { organization: 'acme' })
    const limits = [{ role: 'DELEGATE', organization: 'acme' }]
    const limited = await createApiKey(bob.client, { limits })

    const told = (what: string): Told => [[what, 'in the organization acme']]

    await isForbidden(app, bob.client, told('users.manage'), 'createApiKey', { user: 'dave', label: 'new' })
    await isForbidden(app, app.as(limited.key), told('roles.grant'), 'revokeRoles', { user: 'bob', roles: limits })
  })

  test('on the controller, and on the model', async () => {
    const { client } = await createBob(app)
    const [place, access] = [{ controller: 'GCE1', model: 'Web' }, 'READ']
    await change(app.root, 'grantModelAccess', { user: 'bob', ...place, access })

    const onController = (what: string): Told => [[what, 'on the controller gce1']]
    const onModel: Told = [['ADMIN', 'on the model gce1/web']]

    await isForbidden(app, client, onController('ADD_MODEL'), 'createModel', { controller: 'gce1', name: 'new' })
    await isForbidden(app, client, onController('SUPERUSER'), 'deleteModel', place)
    await isForbidden(app, client, onModel, 'updateModel', { ...place, name: 'new' })
    await isForbidden(app, client, onModel, 'grantModelAccess', { ...place, user: 'bob', access })
  })

  test('as somewhere where the caller holds it nowhere: the thing is not looked for', async () => {
    const { client } = await createBob(app)

    const told: Told = [
      ['project.update', 'somewhere'],
      ['projects.manage', 'somewhere'],
    ]

    await isForbidden(app, client, told, 'updateProject', { project: 'apollo', title: 'x' })
    await isForbidden(app, client, told, 'updateProject', { project: 'nowhere', title: 'x' })
  })

  test('on exactly those scopes of the input where it is missing', async () => {
    const bob = await createDelegate(app, ['roles.grant'], { project: 'apollo' })
    await createRole(app, 'EMPTY', [])
    const given = (...places: object[]) => ({
      user: 'bob',
      roles: places.map((place) => ({ role: 'EMPTY', ...place })),
    })
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'VERSION_MANAGER', project: 'gemini' }] })

    const [apollo, gemini, acme] = [{ project: 'apollo' }, { project: 'gemini' }, { organization: 'acme' }]
    const onGemini: Told = [['roles.grant', 'on the project gemini']]

    await isForbidden(app, bob.client, onGemini, 'grantRoles', given(apollo, gemini))
    await isForbidden(app, bob.client, onGemini, 'grantRoles', given(gemini, apollo, gemini))
    await isForbidden(app, bob.client, [['roles.grant', 'in the organization acme']], 'grantRoles', given(acme, apollo))
  })

  test('only as ADMINISTRATOR everywhere against an administrator', async () => {
    const bob = await createDelegate(app, ['users.manage'], { organization: 'globex' })
    await createRole(app, 'READER', ['users.read'])
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'READER', organization: 'acme' }] })
    await createUser(app, 'ada', { organization: 'acme', isAdmin: true })

    const told: Told = [['ADMINISTRATOR', 'everywhere']]

    await isForbidden(app, bob.client, told, 'disableUser', { user: 'ada' })
    await isForbidden(app, bob.client, told, 'updateUser', { user: 'ada', displayName: 'Ada' })
  })

  test('without a place where it is not a permission', async () => {
    const bob = await createBob(app, { role: 'ORGANIZATION_ADMIN', organization: 'acme' })
    const limits = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
    const clientWith = async (input: object) => app.as((await createApiKey(bob.client, input)).key)
    const limited = await clientWith({ limits })
    const isReadOnly = await clientWith({ isReadOnly: true })
    const ending = await clientWith({ expiresAt: inDays(1) })

    const key = { label: 'new' }
    const password = { newPassword: 'correct horse battery' }

    await isForbidden(app, limited, [['a key without limits', null]], 'createApiKey', key)
    await isForbidden(app, isReadOnly, [['a key that is not read-only', null]], 'createApiKey', key)
    await isForbidden(app, ending, [['a key without an end', null]], 'changePassword', password)
  })

  test('for checkAccess about another user', async () => {
    const bob = await createDelegate(app, ['roles.grant'])
    await createUser(app, 'dave', { organization: 'acme' })
    const document = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { code } }'
    const input = { user: 'dave', questions: [{ permission: { permission: 'doc.edit', everywhere: true } }] }

    const error = await bob.client.refused('FORBIDDEN', document, { input })

    const needs = [{ what: 'access.check', where: 'in the organization acme' }]
    expect(error.message).toBe('"checkAccess" needs access.check in the organization acme.')
    expect(missingAt(error.extensions)).toEqual(needs)
  })

  test('for a field of a record, and for a model', async () => {
    const bob = await createDelegate(app, ['roles.grant'])
    await createUser(app, 'dave', { organization: 'acme' })
    const place = { controller: 'gce1', model: 'web', access: 'READ' }
    await change(app.root, 'grantModelAccess', { user: 'bob', ...place })

    const { errors } = await bob.client.send(`{ user(username: "dave") { email }
      model(controller: "gce1", name: "web") { authorizedKeys } }`)

    // Two root fields are read at the same time: either may be refused first.
    const told = errors.map(({ path, message, extensions }) => ({
      path,
      message,
      code: extensions.code,
      missing: missingAt(extensions),
    }))
    expect(told.toSorted((a, b) => String(b.path).localeCompare(String(a.path)))).toEqual([
      {
        path: ['user', 'email'],
        message: 'Reading this needs users.read in the user’s organization.',
        code: 'FORBIDDEN',
        missing: [{ what: 'users.read', where: 'in the user’s organization' }],
      },
      {
        path: ['model', 'authorizedKeys'],
        message: 'Reading this needs ADMIN on the model.',
        code: 'FORBIDDEN',
        missing: [{ what: 'ADMIN', where: 'on the model' }],
      },
    ])
  })
})
