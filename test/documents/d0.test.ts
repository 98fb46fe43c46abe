// Runs on both databases.
/** The walk-through of D0, "Creating an API user in caltech_docs", in its order and with its values; hosts and addresses replaced. */
import { expect, test, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, failChange } from '../support/change.ts'
import { permissionsOf, rolesOf, statusOf, usernameOf } from '../support/look.ts'
import { MAIL_TIMEOUT, openMailbox } from '../support/mailbox.ts'
import { waitUntilSent, wordsOf } from '../support/notifications.ts'
import { runProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { withoutWriting } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'

// Processes start slowly, and mails wait for their turn, where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const mailbox = await openMailbox()
const app = startApp(mailbox.settings)

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
  const before = mailbox.mails.length
  const made = await manageApiUser({ username: 'test' })
  expect(made).toMatchObject({
    created: true,
    user: { username: 'api-test', displayName: 'CodePipeline Uploader', email: EMAIL, kind: 'SERVICE' },
    apiKey: { label: 'first key' },
  })
  // "Token for api-test2: 5935…" It is shown this once.
  const client = app.as({ authorization: `Token ${made.secret}` })
  expect(await usernameOf(client)).toBe('api-test')
  // "For <email> set this to the email address of the person … This is used to send notifications about the API user."
  const told = () => mailbox.mails.slice(before).filter(({ text }) => text.includes('The user api-test was created.'))
  await expect.poll(() => told().length, MAIL_TIMEOUT).toBe(1)
  const [mail] = told()
  expect(mail && wordsOf(mail)).toBe(
    `${EMAIL} | Chatelaine: user created, api-test | The user api-test was created. | root`,
  )
  expect(mail?.raw).not.toContain(made.secret)

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

test('the command prints the user and its token', async () => {
  const command = ['create-service-user', 'test2', '--email', EMAIL]
  const names = ['--first-name', 'CodePipeline', '--last-name', 'Uploader']

  const environment = { CHATELAINE_API_KEY: ROOT_KEY }
  const { code, stdout, stderr } = await runProgram(['--url', app.url, ...command, ...names], environment)

  // "Created APIUser object for (api-<username>): ID=3"
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { user } = await app.root.ok('{ user(username: "api-test2") { id displayName email kind } }')
  expect(user).toMatchObject({ displayName: 'CodePipeline Uploader', email: EMAIL, kind: 'SERVICE' })
  expect(stdout).toMatch(/^ {2}username: api-test2$/m)
  expect(stdout).toContain(`\n  id: ${user.id}\n`)
  // "Token for api-test2: 593597e7763ded3f9c909a8ba97150d46d501196"
  const [, token] = /^secret: (chl_\S+)$/m.exec(stdout) ?? []
  expect(await usernameOf(app.as({ authorization: `Token ${token}` }))).toBe('api-test2')
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
  await waitUntilSent(app)

  for (const username of ['test', 'api-test']) {
    const input = { username, email: 'other@example.test' }
    const error = await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'createServiceUser', input))
    expect(error.message).toContain('api-test')
  }
})

test('"human users can have their own API keys": Authorization: Token is understood of them too', async () => {
  const bob = await createUser(app, 'bob')

  const { secret } = await change(bob.client, 'createApiKey', { label: 'my scripts' }, 'secret')

  expect(await usernameOf(app.as({ authorization: `Token ${secret}` }))).toBe('bob')
  const { viewer } = await bob.client.ok('{ viewer { user { apiKeys { nodes { label isValid } } } } }')
  expect(viewer.user.apiKeys.nodes).toEqual([
    { label: 'first key', isValid: true },
    { label: 'my scripts', isValid: true },
  ])
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
