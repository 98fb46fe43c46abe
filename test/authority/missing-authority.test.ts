import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { inDays } from '../support/look.ts'
import { missingAt } from '../support/missing.ts'
import { rawAnswer } from '../support/raw.ts'
import { createBob, createDelegate, createPlaces, isForbidden, lacks, type Told } from '../support/refusals.ts'
import { withoutWriting } from '../support/rows.ts'
import { createApiKey, createRole, createUser } from '../support/seed.ts'

const app = startApp()

const ACME = { organization: 'acme' }
const VERSIONS = ['version.create', 'version.delete', 'version.update']

function wordsAt(words: string[], where: string): Told {
  return words.map((what) => [what, where])
}

describe('MissingAuthorityError names what is missing', () => {
  app.world(() => createPlaces(app))

  test('with its place: everywhere, in the organization, on the project', async () => {
    await createRole(app, 'GRANTER', ['roles.grant'])
    const bob = await createBob(
      app,
      { role: 'GRANTER', everywhere: true },
      { role: 'VERSION_MANAGER', project: 'gemini' },
    )
    const grant = (...places: object[]) => ({
      user: 'bob',
      roles: places.map((place) => ({ role: 'VERSION_MANAGER', ...place })),
    })

    const inAcme = wordsAt(VERSIONS, 'in the organization acme')
    const onApollo = wordsAt(VERSIONS, 'on the project apollo')

    await lacks(app, bob.client, wordsAt(VERSIONS, 'everywhere'), 'grantRoles', grant({ everywhere: true }))
    await lacks(app, bob.client, inAcme, 'grantRoles', grant(ACME))
    await lacks(app, bob.client, onApollo, 'grantRoles', grant({ project: 'APOLLO' }, { project: 'gemini' }))
    await lacks(app, bob.client, [...inAcme, ...onApollo], 'grantRoles', grant({ project: 'apollo' }, ACME))
  })

  test('ADMINISTRATOR everywhere', async () => {
    const bob = await createDelegate(app, ['roles.grant', 'users.manage'], { everywhere: true })

    const roles = [{ role: 'ADMINISTRATOR', everywhere: true }]

    await lacks(app, bob.client, [['ADMINISTRATOR', 'everywhere']], 'grantRoles', { user: 'bob', roles })
    await lacks(app, bob.client, [['ADMINISTRATOR', 'everywhere']], 'createUser', { username: 'new', roles })
  })

  test('on the controller and on the model, for that long', async () => {
    const { client } = await createBob(app)
    const held = { user: 'bob', controller: 'gce1', expiresAt: inDays(7) }
    await change(app.root, 'grantControllerAccess', { ...held, access: 'SUPERUSER' })

    const given = { user: 'bob', controller: 'gce1' }
    const onModel = { ...given, model: 'web', access: 'READ' }

    await lacks(app, client, [['LOGIN', 'on the controller gce1 for that long']], 'grantControllerAccess', {
      ...given,
      access: 'LOGIN',
    })
    await lacks(app, client, [['READ', 'on the model gce1/web for that long']], 'grantModelAccess', onModel)
    await lacks(app, client, [['READ', 'on the model gce1/web for that long']], 'setModelAccess', onModel)
  })

  test.each<[string, string[], Told]>([
    [
      'wherever the holders of an edited role hold it',
      ['roles.manage', 'users.read'],
      [
        ['doc.edit', 'in the organization acme'],
        ['doc.edit', 'on the project titan'],
      ],
    ],
    [
      'without the scopes of an edited role to a caller who may not read who holds it',
      ['roles.manage'],
      [['doc.edit wherever the role is held', null]],
    ],
  ])('%s', async (_what, words, told) => {
    const bob = await createDelegate(app, words, { everywhere: true })
    await createRole(app, 'EDITOR', [])
    const roles = [
      { role: 'EDITOR', project: 'titan' },
      { role: 'EDITOR', ...ACME },
    ]
    await change(app.root, 'grantRoles', { user: 'bob', roles })

    await lacks(app, bob.client, told, 'updateRole', { role: 'EDITOR', addPermissions: ['doc.edit'] })
  })

  test('without a place where it is not a permission', async () => {
    const bob = await createBob(app)
    const { key } = await createApiKey(bob.client, { expiresAt: inDays(1) })
    const expiresAt = inDays(2)

    const told: Told = [[`a key that lasts until ${expiresAt}`, null]]

    await lacks(app, app.as(key), told, 'createApiKey', { label: 'new', expiresAt })
  })
})

describe('a place that the caller does not see keeps its name', () => {
  /** carol of acme, who holds something on everything of globex; bob manages the users of acme and no more. */
  async function createCarol() {
    await createPlaces(app)
    await createRole(app, 'EDITOR', ['doc.edit'])
    const roles = [
      { role: 'EDITOR', organization: 'globex' },
      { role: 'EDITOR', project: 'titan' },
    ]
    await createUser(app, 'carol', { ...ACME, roles })
    const far = { user: 'carol', controller: 'far' }
    await change(app.root, 'grantControllerAccess', { ...far, access: 'ADD_MODEL' })
    await change(app.root, 'grantModelAccess', { ...far, model: 'moon', access: 'WRITE' })
    return createDelegate(app, ['users.read', 'users.manage', 'access.check'])
  }

  /** Everything of globex is called otherwise. */
  async function rename() {
    await change(app.root, 'updateModel', { controller: 'far', model: 'moon', name: 'europa-2' })
    await change(app.root, 'updateController', { controller: 'far', name: 'farther.away' })
    await change(app.root, 'updateProject', { project: 'titan', code: 'io' })
    await change(app.root, 'updateOrganization', { organization: 'globex', name: 'a-much-longer-name' })
  }

  test('for every kind of place', async () => {
    const bob = await createCarol()

    const told: Told = [
      ['doc.edit', 'in an organization that you do not see'],
      ['doc.edit', 'on a project that you do not see'],
      ['ADD_MODEL', 'on a controller that you do not see'],
      ['WRITE', 'on a model that you do not see'],
    ]

    await lacks(app, bob.client, told, 'createApiKey', { user: 'carol', label: 'mine' })
    await lacks(app, bob.client, told, 'updateUser', { user: 'carol', email: 'bob@example.test' })
  })

  test('to the byte for every name, and several answer as one', async () => {
    const bob = await createCarol()
    const taking = { input: { user: 'carol', label: 'mine' } }
    const document = changeDocument('createApiKey')
    const loud =
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreateApiKeyPayload { secret } } }'
    const ask = () => Promise.all([document, loud].map((text) => rawAnswer(app, bob.key, text, taking)))
    const before = await withoutWriting(app, ask)

    await rename()
    await change(app.root, 'grantRoles', {
      ...{ user: 'carol', roles: [{ role: 'EDITOR', project: (await createHiddenProject()).code }] },
    })

    expect(await withoutWriting(app, ask)).toEqual(before)
    expect(before.map(({ body }) => body.match(/do not see/g)?.length)).toEqual([8, 8])
  })

  async function createHiddenProject() {
    const code = 'pluto'
    await change(app.root, 'createProject', { code, organization: 'a-much-longer-name' })
    return { code }
  }

  test('in FORBIDDEN, of a mutation and of checkAccess', async () => {
    await createPlaces(app)
    const bob = await createBob(app, { role: 'ORGANIZATION_ADMIN', ...ACME })
    await createUser(app, 'dave', { organization: 'globex' })
    const document = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { code } }'
    const input = { user: 'dave', questions: [{ permission: { permission: 'doc.edit', everywhere: true } }] }
    const ask = () => rawAnswer(app, bob.key, document, { input })

    const told: Told = [['users.manage', 'in an organization that you do not see']]
    await isForbidden(app, bob.client, told, 'updateUser', { user: 'dave', displayName: 'Dave' })
    const before = await ask()
    await rename()

    expect(await ask()).toEqual(before)
    const { errors } = JSON.parse(before.body)
    expect(errors[0].message).toBe('"checkAccess" needs access.check in an organization that you do not see.')
    expect(errors[0].extensions.code).toBe('FORBIDDEN')
    expect(missingAt(errors[0].extensions)).toEqual([
      { what: 'access.check', where: 'in an organization that you do not see' },
    ])
  })

  test('only as long as they do not see it', async () => {
    const bob = await createCarol()
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'AUDITOR', organization: 'globex' }] })

    const told: Told = [
      ['doc.edit', 'in the organization globex'],
      ['doc.edit', 'on the project titan'],
      ['ADD_MODEL', 'on the controller far'],
      ['WRITE', 'on the model far/moon'],
    ]

    await lacks(app, bob.client, told, 'createApiKey', { user: 'carol', label: 'mine' })
  })
})
