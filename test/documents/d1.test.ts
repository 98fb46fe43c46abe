// Runs on both databases.
/** The walk-through of D1, "List The Docs: Project Management", in its order and with its values; keys replaced. */

import { expect, test } from 'vitest'
import { bootstrap } from '../../src/bootstrap.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { change, changeDocument, failChange } from '../support/change.ts'
import { permissionsOf, rolesOf, statusOf, usernameOf } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { withoutWriting } from '../support/rows.ts'
import { createApiKey, createProject } from '../support/seed.ts'
import { KEYRING } from '../support/tokens.ts'

const app = startApp()

/** "Api-Key: f9bf…": the header of the document, with root's key of the configuration variable. */
const root = app.as({ 'Api-Key': ROOT_KEY })

const READ = `username isAdmin createdAt apiKeys { nodes { createdAt isValid hint label expiresAt } }
  roles { edges { node { name } project { code } } }`

const ROLES = [
  { role: 'PROJECT_MANAGER', project: 'project1' },
  { role: 'VERSION_MANAGER', project: 'project2' },
]

/** "{ "name": "bar", "is_admin": false }" */
async function addBar({ as }: TestApp) {
  const made = await change(root, 'createUser', { username: 'bar', isAdmin: false }, `secret user { ${READ} }`)
  return { made, bar: as({ 'Api-Key': made.secret }) }
}

test('root administers with the key set in ROOT_API_KEY', async () => {
  // "At first start, the service creates an administrator users named root."
  const { viewer } = await root.ok('{ viewer { user { username isAdmin } apiKey { label } } }')

  expect(viewer).toEqual({ user: { username: 'root', isAdmin: true }, apiKey: { label: 'ROOT_API_KEY' } })
})

test('another ROOT_API_KEY at a later start takes the place of the first, and root stays (theirs never changes)', async () => {
  const other = 'another-root-key-of-the-tests-0123456789'

  await bootstrap({ database: app.database, keyring: KEYRING }, other)

  expect(await statusOf(root)).toBe(401)
  expect(await usernameOf(app.as({ 'Api-Key': other }))).toBe('root')
  const { users } = await app.as({ 'Api-Key': other }).ok('{ users { totalCount } }')
  expect(users.totalCount).toBe(1)
})

test('root is never deleted, disabled or demoted', async () => {
  await change(root, 'createUser', { username: 'chief', isAdmin: true })
  const roles = [{ role: 'ADMINISTRATOR', everywhere: true }]

  await withoutWriting(app, async () => {
    await failChange(root, 'ConflictError', 'deleteUser', { user: 'root' })
    await failChange(root, 'ConflictError', 'disableUser', { user: 'root' })
    await failChange(root, 'ConflictError', 'revokeRoles', { user: 'root', roles })
  })

  expect(await usernameOf(root)).toBe('root')
})

test('"The users REST APIs can be accessed only from administrators"', async () => {
  const { bar } = await addBar(app)

  const document = 'mutation { createUser(input: { username: "baz" }) { __typename } }'
  const error = await withoutWriting(app, () => bar.refused('FORBIDDEN', document))

  expect(missingOf(error.extensions)).toEqual(['users.manage'])
  // "Api-Key" with a key that is none: refused (theirs is not).
  expect((await app.as({ 'Api-Key': 'f9bf78b9a18ce6d46a0cd2b0b86df9da' }).send('{ __typename }')).status).toBe(401)
})

test('adding a user answers with "the created user with its API-Key for authentication"', async () => {
  const { made, bar } = await addBar(app)

  expect(made.user).toEqual({
    username: 'bar',
    isAdmin: false,
    createdAt: expect.any(String),
    roles: { edges: [] },
    apiKeys: {
      nodes: [
        {
          createdAt: expect.any(String),
          isValid: true,
          hint: made.secret.slice(-4),
          label: 'first key',
          expiresAt: null,
        },
      ],
    },
  })
  // "The API-Key that the new user should use for authentication is in the api_keys.key field."
  expect(await usernameOf(bar)).toBe('bar')
})

test('is_admin is "optional, default false", and true makes an administrator', async () => {
  const plain = await change(root, 'createUser', { username: 'plain' }, 'user { isAdmin }')
  const chief = await change(root, 'createUser', { username: 'chief', isAdmin: true }, 'secret user { isAdmin }')

  expect(plain.user.isAdmin).toBe(false)
  expect(chief.user.isAdmin).toBe(true)
  await change(app.as({ 'Api-Key': chief.secret }), 'createUser', { username: 'baz' })
})

test('one user is read with keys and roles, without the secret', async () => {
  const { made } = await addBar(app)

  // "GET /api/v2/users/bar"
  const { user } = await root.ok(`{ user(username: "bar") { ${READ} } }`)

  expect(user).toEqual(made.user)
  expect(JSON.stringify(user)).not.toContain(made.secret.slice(-49))
})

test('all the users are read with keys and roles', async () => {
  await addBar(app)

  // "GET /api/v2/users": root, then bar
  const { users } = await root.ok(`{ users(orderBy: { field: CREATED_AT }) { totalCount nodes { ${READ} } } }`)

  expect(users.totalCount).toBe(2)
  expect(users.nodes).toMatchObject([
    {
      username: 'root',
      isAdmin: true,
      apiKeys: { nodes: [{ label: 'ROOT_API_KEY', isValid: true, hint: ROOT_KEY.slice(-4) }] },
      roles: { edges: [{ node: { name: 'ADMINISTRATOR' }, project: null }] },
    },
    { username: 'bar', isAdmin: false, apiKeys: { nodes: [{ isValid: true }] }, roles: { edges: [] } },
  ])
})

test('roles are added in one call, read, and removed in one call', async () => {
  const { bar } = await addBar(app)
  await createProject(app, 'project1')
  await createProject(app, 'project2')

  // PATCH /api/v2/users/bar/roles: "Roles added to user"
  const added = await change(root, 'grantRoles', { user: 'bar', roles: ROLES }, 'changed')
  expect(added.changed).toBe(true)

  // GET /api/v2/users/bar/roles: "The response contains the roles of the user."
  expect(await rolesOf(root, 'bar')).toEqual(['PROJECT_MANAGER on project1', 'VERSION_MANAGER on project2'])
  expect(await permissionsOf(bar)).toEqual([
    'project.delete on project1',
    'project.update on project1',
    'version.create on project1',
    'version.create on project2',
    'version.delete on project1',
    'version.delete on project2',
    'version.update on project1',
    'version.update on project2',
  ])
  // What the roles are for: bar manages project1 and only the versions of project2.
  await change(bar, 'updateProject', { project: 'project1', title: 'The first' })
  await bar.refused(
    'FORBIDDEN',
    'mutation { updateProject(input: { project: "project2", title: "x" }) { __typename } }',
  )

  // DELETE /api/v2/users/bar/roles: "Roles removed from user"
  const removed = await change(root, 'revokeRoles', { user: 'bar', roles: ROLES }, 'changed')
  expect(removed.changed).toBe(true)
  expect(await rolesOf(root, 'bar')).toEqual([])
  expect(await permissionsOf(bar)).toEqual([])
})

test('the same roles again change nothing, and a second user may hold them (theirs answers 500 to both)', async () => {
  await addBar(app)
  await change(root, 'createUser', { username: 'baz' })
  await createProject(app, 'project1')
  await createProject(app, 'project2')
  await change(root, 'grantRoles', { user: 'bar', roles: ROLES })

  const again = await withoutWriting(app, () => change(root, 'grantRoles', { user: 'bar', roles: ROLES }, 'changed'))
  const second = await change(root, 'grantRoles', { user: 'baz', roles: ROLES }, 'changed')

  expect([again.changed, second.changed]).toEqual([false, true])
  expect(await rolesOf(root, 'baz')).toEqual(['PROJECT_MANAGER on project1', 'VERSION_MANAGER on project2'])
})

test('in read-only mode everything is read, nothing is changed, and access is still taken away', async () => {
  const { made } = await addBar(app)
  const key = await createApiKey(root, { user: 'bar' })
  await change(root, 'setReadOnly', { isReadOnly: true })

  for (const [name, input] of Object.entries({
    createUser: { username: 'baz' },
    grantRoles: { user: 'bar', roles: ROLES },
    revokeRoles: { user: 'bar', roles: ROLES },
    deleteUser: { user: 'bar' },
  })) {
    await withoutWriting(app, () => root.refused('READ_ONLY', changeDocument(name), { input }))
  }
  expect((await root.ok(`{ user(username: "bar") { ${READ} } }`)).user.username).toBe('bar')
  await change(root, 'revokeApiKey', { apiKey: key.id })
  await change(root, 'disableUser', { user: 'bar' })
  expect(await statusOf(app.as({ 'Api-Key': made.secret }))).toBe(401)

  await change(root, 'setReadOnly', { isReadOnly: false })
  await change(root, 'createUser', { username: 'baz' })
})
