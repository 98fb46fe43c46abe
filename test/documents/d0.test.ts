/** The walk-through of D0, "Creating an API user in caltech_docs", in its order and with its values; hosts and addresses replaced. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, failChange } from '../support/change.ts'
import { permissionsOf, rolesOf, statusOf, usernameOf } from '../support/look.ts'
import { withoutWriting } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'

const app = startApp()

const EMAIL = 'person.in.charge@example.test'
const PAYLOAD = 'created secret apiKey { label } user { id username displayName email kind }'

/** "manage_api_user <username> --email <email> --first-name CodePipeline --last-name Uploader": first and last name are joined. */
function manageApiUser(input: { username: string; ifExists?: string; displayName?: string }) {
  return change(
    app.root,
    'createServiceUser',
    { email: EMAIL, displayName: 'CodePipeline Uploader', ...input },
    PAYLOAD,
  )
}

test('an API user is made, reads, and becomes a version manager', async () => {
  // "API Users with no groups assigned have read-only access to the API": what every member of the organization holds.
  await change(app.root, 'updateOrganization', { organization: 'default', addBasePermissions: ['version.read'] })

  // "We'll automatically prepend api- to any username you provide." "Created APIUser object for (api-<username>): ID=3"
  const made = await manageApiUser({ username: 'test' })
  expect(made).toMatchObject({
    created: true,
    user: { username: 'api-test', displayName: 'CodePipeline Uploader', email: EMAIL, kind: 'SERVICE' },
    apiKey: { label: 'first key' },
  })
  // "Token for api-test2: 5935…" It is shown this once. (The command that prints it is tested in cli.test.ts.)
  const client = app.as({ authorization: `Token ${made.secret}` })
  expect(await usernameOf(client)).toBe('api-test')
  // "<email> … is used to send notifications about the API user": mail comes with the issue of notifications.

  // "API Users with no groups assigned have read-only access to the API."
  expect(await permissionsOf(client)).toEqual(['version.read in default'])
  expect(await rolesOf(app.root, 'api-test')).toEqual([])
  await withoutWriting(app, () =>
    client.refused('FORBIDDEN', 'mutation { createProject(input: { code: "x" }) { __typename } }'),
  )

  // ">>> user = User.objects.get(username='api-test')"
  const { user } = await app.root.ok('{ user(username: "api-test") { username } }')
  // ">>> group = Group.objects.get(name='Version Managers')"
  const { role } = await app.root.ok('{ role(name: "VERSION_MANAGER") { name permissions { name } } }')
  expect(role.permissions.map((permission: { name: string }) => permission.name)).toEqual([
    'version.create',
    'version.delete',
    'version.update',
  ])
  // ">>> user.groups.add(group)"
  const roles = [{ role: role.name, everywhere: true }]
  const granted = await change(app.root, 'grantRoles', { user: user.username, roles }, 'changed')
  expect(granted.changed).toBe(true)

  // ">>> user.groups.values_list('name', flat=True)   ['Version Managers']"
  expect(await rolesOf(app.root, 'api-test')).toEqual(['VERSION_MANAGER everywhere'])
  // "allowing them to create, modify, and delete Version objects via the API"
  expect(await permissionsOf(client)).toEqual([
    'version.create everywhere',
    'version.delete everywhere',
    'version.read in default',
    'version.update everywhere',
  ])
})

test('the command "to create or update an API user" updates when it is run again, and prints no token', async () => {
  const made = await manageApiUser({ username: 'test' })

  for (const username of ['test', 'api-test']) {
    const again = await manageApiUser({ username, ifExists: 'UPDATE', displayName: 'Nightly Uploader' })

    expect(again).toMatchObject({ created: false, secret: null, apiKey: null })
    expect(again.user).toMatchObject({ id: made.user.id, username: 'api-test', displayName: 'Nightly Uploader' })
  }
  expect(await statusOf(app.as(made.secret))).toBe(200)
  const { user } = await app.root.ok('{ user(username: "api-test") { apiKeys { totalCount } } }')
  expect(user.apiKeys.totalCount).toBe(1)
})

test('the mutation does not update unless told to', async () => {
  await manageApiUser({ username: 'test' })

  for (const username of ['test', 'api-test']) {
    const input = { username, email: 'other@example.test' }
    const error = await withoutWriting(app, () => failChange(app.root, 'Conflict', 'createServiceUser', input))
    expect(error.message).toContain('api-test')
  }
})

test('"human users can have their own API keys": Authorization: Token is understood of them too', async () => {
  const bob = await createUser(app, 'bob')

  expect(await usernameOf(app.as({ authorization: `Token ${bob.key}` }))).toBe('bob')
})

test('API users are told apart from people when one lists them', async () => {
  await manageApiUser({ username: 'test' })
  await createUser(app, 'bob')

  // "something that allows us to identify the use case when we list the API users"
  const { users } = await app.root.ok(
    '{ users(filter: { username: { startsWith: "api-" } }) { nodes { username displayName kind } } }',
  )

  expect(users.nodes).toEqual([{ username: 'api-test', displayName: 'CodePipeline Uploader', kind: 'SERVICE' }])
})
