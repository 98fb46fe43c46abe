// Runs on both databases.
/**
 * The walk-through of D4, "User-API Documentation", in its order and with its values. Every call comes with the key of
 * the client application and the BasicAuth of a user: "chief" administers, "admin" is superuser of a controller.
 */
import { expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument, failChange } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { statusOf, usernameOf } from '../support/look.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { readAudit, uuidOf, withoutWriting } from '../support/rows.ts'
import { basic, createPerson, OTHER_PASSWORD, PASSWORD } from '../support/sessions.ts'
import { recordStatements } from '../support/statements.ts'

const app = startApp()

const ACCESS = `controllers { edges { access node { name type } models { edges { access node { name } } } } }`
const CREDENTIALS = 'credentials { nodes { name type key: attributes { name value isSecret } } }'
const SSH_KEYS = 'sshKeys { nodes { publicKey } }'
const USER = `name: username isActive ${CREDENTIALS} ${SSH_KEYS} ${ACCESS}`

const SUPERUSER = {
  access: 'SUPERUSER',
  node: { name: 'gce1', type: 'google' },
  models: { edges: [{ access: 'ADMIN', node: { name: 'default' } }] },
}
const NOTHING = { isActive: true, credentials: { nodes: [] }, sshKeys: { nodes: [] }, controllers: { edges: [] } }
/** What the document has as "key": its content is shown to its owner alone, and only when asked for. */
const FILE = [{ name: 'file', value: null, isSecret: true }]
const ADMIN = {
  name: 'admin',
  isActive: true,
  credentials: { nodes: [{ name: 'admin', type: 'JSONFILE', key: FILE }] },
  sshKeys: { nodes: [] },
  controllers: { edges: [SUPERUSER] },
}

const SSH_KEY =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDJK2Cw67ZVIUF8XpYUHDY9jzCw7yH9LP4s501pgXQgFUn8ziyovNMdAST8XutgIYi0VVTjNhj4ZuQkwdqfpXBxibNIO9VTowqG0dsgsBLrJs7MhkMk0h/QxdyaV217yD0TSJdJo8X499rPvEuLVDFZzt2SSByuYESYJAuntDaEtMutA7Y2GtbwfCrSyNGqQa4YdbEcvMGWzlzQnQ8urIEljKFk95k+oV1m1GXqhAkai/qrfRGLmGUUreUIJgO06iWdrNfa6YVDMe5jM95YoDSzINLIbjm/+BV41BuLOJxdVLCz43d0zDhbBF4TJEpQUnNCv7V2FeWh3IC/atyB0SBD sebastien@sebastien-PC'
/** As `ssh-keygen -lf` prints it. */
const FINGERPRINT = 'SHA256:g/pFYhUQzE8AqEjwtgUfln3lszAZz7TCvC3hqYeyNGo'

/** "Required headers: api-key", of the service user that the client application is. */
let apiKey: string
let apiKeyId: string
let chief: Client
app.world(async () => {
  const input = { username: 'portal', email: 'portal@example.test' }
  const portal = await change(app.root, 'createServiceUser', input, 'secret apiKey { id }')
  apiKey = portal.secret
  apiKeyId = portal.apiKey.id
  await createPerson(app, 'chief', { isAdmin: true })
  chief = callsOf('chief')
})

/** "Currently, all the calls must be made with BasicAuth in the request!" */
function callsOf(username: string, password = PASSWORD): Client {
  return app.as({ 'api-key': apiKey, ...basic(username, password) })
}

/** "admin" with a credential, who is superuser of the controller gce1 and so admin of its model default. */
async function startAdmin(): Promise<Client> {
  await createController(app, 'gce1')
  await createPerson(app, 'admin')
  await change(chief, 'grantControllerAccess', { user: 'admin', controller: 'gce1', access: 'SUPERUSER' })
  const admin = callsOf('admin')
  await addFile(admin, 'admin', 'google_cred_file')
  await createModel(admin, 'gce1', 'default')
  return admin
}

/** "name", "c_type", "credentials" */
function addFile(client: Client, name: string, file: string) {
  return change(client, 'addCredential', { name, attributes: { jsonfile: { file } } }, 'credential { name type }')
}

async function readUser(client: Client, name: string) {
  const { user } = await client.ok(`query ($name: String!) { user(username: $name) { ${USER} } }`, { name })
  return user
}

test('"Required headers: api-key" and BasicAuth: both must be good, and the audit names both', async () => {
  const { id } = await createPerson(app, 'admin')

  expect(await usernameOf(callsOf('admin'))).toBe('admin')
  expect(await statusOf(callsOf('admin', OTHER_PASSWORD))).toBe(401)
  expect(await statusOf(app.as({ 'api-key': `${apiKey.slice(0, -1)}_`, ...basic('admin', PASSWORD) }))).toBe(401)
  expect(await statusOf(app.nobody)).toBe(401)
  await addFile(callsOf('admin'), 'admin', 'google_cred_file')
  const row = (await readAudit(app)).at(-1)
  expect(row).toMatchObject({ action: 'addCredential', actor_id: uuidOf(id), api_key_id: uuidOf(apiKeyId) })
})

test('GET /users: "all of the information of all the users (with all their controller access and model access)"', async () => {
  await startAdmin()

  const { users } = await chief.ok(`{ users(orderBy: { field: CREATED_AT }) { totalCount nodes { ${USER} } } }`)

  expect(users.totalCount).toBe(4)
  const names = ['root', 'api-portal', 'chief'].map((name) => expect.objectContaining({ name, isActive: true }))
  expect(users.nodes).toEqual([...names, ADMIN])
})

test('POST /users: "username", "password". "Creates a new user. Checks if the user exists."', async () => {
  const input = { username: 'sebastien', password: PASSWORD, mustChangePassword: false }

  const { user } = await change(chief, 'createUser', input, `user { ${USER} }`)

  expect(user).toEqual({ name: 'sebastien', ...NOTHING })
  expect(await usernameOf(callsOf('sebastien'))).toBe('sebastien')
  await withoutWriting(app, () => failChange(chief, 'ConflictError', 'createUser', input))
  const other = { input: { username: 'other', password: PASSWORD } }
  await withoutWriting(app, () => callsOf('sebastien').refused('FORBIDDEN', changeDocument('createUser'), other))
})

test('GET /users/[user]: "the info of a user. Checks if the user exists."', async () => {
  const admin = await startAdmin()

  expect(await readUser(chief, 'admin')).toEqual(ADMIN)
  expect(await readUser(admin, 'admin')).toEqual(ADMIN)
  expect(await readUser(chief, 'nobody')).toBe(null)
})

test('PUT /users/[user]: "Changes the user password", their own', async () => {
  const admin = await startAdmin()

  const input = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }
  const { user } = await change(admin, 'changePassword', input, 'user { username }')

  // "succesfully changed password for user admin"
  expect(user).toEqual({ username: 'admin' })
  expect(await statusOf(admin)).toBe(401)
  expect(await usernameOf(callsOf('admin', OTHER_PASSWORD))).toBe('admin')
})

test('PUT /users/[user]: "Changes the user password", that of another', async () => {
  const admin = await startAdmin()

  const { user } = await change(
    chief,
    'setUserPassword',
    { user: 'admin', password: OTHER_PASSWORD },
    'user { username }',
  )

  expect(user).toEqual({ username: 'admin' })
  expect(await statusOf(admin)).toBe(401)
  expect(await usernameOf(callsOf('admin', OTHER_PASSWORD))).toBe('admin')
})

test('DELETE /users/[user]: "Removes the user", and answers with the access they had', async () => {
  const admin = await startAdmin()
  await change(admin, 'addSshKey', { key: SSH_KEY })

  const payload = 'name accessLost { controller model level }'
  const gone = await change(chief, 'deleteUser', { user: 'admin' }, payload)

  expect(gone).toMatchObject({
    name: 'admin',
    accessLost: [
      { controller: 'gce1', model: null, level: 'SUPERUSER' },
      { controller: 'gce1', model: 'default', level: 'ADMIN' },
    ],
  })
  expect(await statusOf(admin)).toBe(401)
  expect(await readUser(chief, 'admin')).toBe(null)
  // Of the same name and with the same password, and with nothing.
  const input = { username: 'admin', password: PASSWORD }
  const { user } = await change(chief, 'createUser', input, `user { ${USER} }`)
  expect(user).toEqual({ name: 'admin', ...NOTHING })
})

test('…/ssh: "Gets the SSH-keys of a user", "Adds an SSH-key for a user", "Removes the users given SSH"', async () => {
  const admin = await startAdmin()
  const KEYS = '{ user(username: "admin") { sshKeys { totalCount nodes { publicKey fingerprint comment } } } }'
  const list = async (client: Client) => (await client.ok(KEYS)).user.sshKeys
  const one = { publicKey: SSH_KEY, fingerprint: FINGERPRINT, comment: 'sebastien@sebastien-PC' }

  // By themselves, and by whoever manages users: 202 "Process being handeled", here it is done when the answer says so.
  for (const [client, user] of [[admin], [chief, 'admin']] as [Client, string?][]) {
    const { sshKey } = await change(client, 'addSshKey', { user, key: SSH_KEY }, 'sshKey { fingerprint }')
    expect(sshKey).toEqual({ fingerprint: FINGERPRINT })
    expect(await list(admin)).toEqual({ totalCount: 1, nodes: [one] })
    expect(await list(chief)).toEqual({ totalCount: 1, nodes: [one] })
    await withoutWriting(app, () => failChange(client, 'ConflictError', 'addSshKey', { user, key: SSH_KEY }))

    const removed = await change(client, 'removeSshKey', { user, fingerprint: FINGERPRINT }, 'changed')
    expect(removed.changed).toBe(true)
    expect(await list(admin)).toEqual({ totalCount: 0, nodes: [] })
    const again = await change(client, 'removeSshKey', { user, fingerprint: FINGERPRINT }, 'changed')
    expect(again.changed).toBe(false)
  }
})

test('…/credentials: "Gets the credentials of a user", "Adds an credential", "Removes the users credential"', async () => {
  await createPerson(app, 'admin')
  const admin = callsOf('admin')
  const list = async (client: Client) => (await readUser(client, 'admin')).credentials.nodes
  const files = { credential1: '{"credential_file1"}', credential2: '{"credential_file2"}' }

  for (const [name, file] of Object.entries(files)) {
    const { credential } = await addFile(admin, name, file)
    expect(credential).toEqual({ name, type: 'JSONFILE' })
  }

  const both = Object.keys(files).map((name) => ({ name, type: 'JSONFILE', key: FILE }))
  expect(await list(admin)).toEqual(both)
  expect(await list(chief)).toEqual(both)
  // "key": { "file": … }: for their owner, who asks for it.
  for (const [name, file] of Object.entries(files)) {
    const { attributes } = await change(admin, 'revealCredential', { name }, 'attributes { name value isSecret }')
    expect(attributes).toEqual([{ name: 'file', value: file, isSecret: true }])
    await withoutWriting(app, () => failChange(chief, 'NotFoundError', 'revealCredential', { name }))
  }
  await withoutWriting(app, () =>
    failChange(admin, 'ConflictError', 'addCredential', {
      name: 'Credential1',
      attributes: { jsonfile: { file: '{}' } },
    }),
  )

  expect(await change(admin, 'removeCredential', { name: 'credential1' }, 'name')).toMatchObject({
    name: 'credential1',
  })
  expect(await list(admin)).toEqual(both.slice(1))
  await change(chief, 'removeCredential', { user: 'admin', name: 'credential2' })
  expect(await list(admin)).toEqual([])
})

test('…/controllers: "all the controllers the user has access to, with the access level", by access too', async () => {
  const admin = await startAdmin()
  await createModel(admin, 'gce1', 'controller')
  await createController(app, 'gce2')
  await change(chief, 'grantControllerAccess', { user: 'admin', controller: 'gce2', access: 'LOGIN' })

  // "Required body: access"
  const document = `query ($access: ControllerAccess) { user(username: "admin") { controllers(filter: { access: $access }) {
    totalCount edges { access node { name type } models { edges { access node { name } } } } } } }`
  const [all, superuser, addModel, login] = await Promise.all(
    [null, 'SUPERUSER', 'ADD_MODEL', 'LOGIN'].map(
      async (access) => (await admin.ok(document, { access })).user.controllers,
    ),
  )

  const models = ['controller', 'default'].map((name) => ({ access: 'ADMIN', node: { name } }))
  const gce1 = { ...SUPERUSER, models: { edges: models } }
  const gce2 = { access: 'LOGIN', node: { name: 'gce2', type: 'google' }, models: { edges: [] } }
  expect(all).toEqual({ totalCount: 2, edges: [gce1, gce2] })
  expect(superuser).toEqual({ totalCount: 1, edges: [gce1] })
  expect(addModel).toEqual({ totalCount: 0, edges: [] })
  expect(login).toEqual({ totalCount: 1, edges: [gce2] })
})

/** The controllers of "sebastien", as he sees them. */
async function readOwn() {
  return (await callsOf('sebastien').ok(`{ viewer { user { ${ACCESS} } } }`)).viewer.user.controllers.edges
}

test('…/controllers/[controller]: "access = {login | add-model | superuser}", and what it is then', async () => {
  const admin = await startAdmin()
  await createPerson(app, 'sebastien')

  for (const access of ['LOGIN', 'ADD_MODEL', 'SUPERUSER', 'LOGIN']) {
    // 202 "Process being handeled": here it is done when the answer says so.
    const input = { user: 'sebastien', controller: 'gce1', access }
    const payload = 'changed controller { holders { edges { level via node { username } } } }'
    const { changed, controller } = await change(admin, 'setControllerAccess', input, payload)

    expect(changed).toBe(true)
    expect(controller.holders.edges).toContainEqual({ level: access, via: 'GRANT', node: { username: 'sebastien' } })
    const models = access === 'SUPERUSER' ? SUPERUSER.models : { edges: [] }
    expect(await readOwn()).toEqual([{ access, node: { name: 'gce1', type: 'google' }, models }])
  }
})

test('…/models: "Shows the models a user has access to with his access level"', async () => {
  const admin = await startAdmin()

  const { user } = await admin.ok(`{ user(username: "admin") { ${ACCESS} } }`)

  expect(user.controllers.edges[0].models.edges).toEqual([{ access: 'ADMIN', node: { name: 'default' } }])
})

test('…/models/[model]: "access = {read | write | admin}", and "Removes the user from the model"', async () => {
  const admin = await startAdmin()
  await createPerson(app, 'sebastien')
  const place = { user: 'sebastien', controller: 'gce1', model: 'default' }
  const payload = 'changed model { name holders { edges { level via node { username } } } }'
  const others = { level: 'ADMIN', via: 'GRANT', node: { username: 'admin' } }

  for (const access of ['READ', 'WRITE', 'ADMIN', 'READ']) {
    const { changed, model } = await change(admin, 'setModelAccess', { ...place, access }, payload)

    // "name": "model-name", "access": "model access"
    expect([changed, model.name]).toEqual([true, 'default'])
    expect(model.holders.edges).toContainEqual({ level: access, via: 'GRANT', node: { username: 'sebastien' } })
    const models = { edges: [{ access, node: { name: 'default' } }] }
    expect(await readOwn()).toEqual([{ access: 'LOGIN', node: { name: 'gce1', type: 'google' }, models }])
  }

  const { changed, model } = await change(admin, 'revokeModelAccess', place, payload)
  expect([changed, model.name]).toEqual([true, 'default'])
  expect(model.holders.edges).toContainEqual(others)
  expect(JSON.stringify(model.holders)).not.toContain('sebastien')
  expect(await readOwn()).toEqual([])
})

test('all of it, of one user and of all, is one statement, which also proves its caller (mission row 16)', async () => {
  const admin = await startAdmin()
  await change(admin, 'addSshKey', { key: SSH_KEY })
  const one = `query ($name: String!) { user(username: $name) { ${USER} } }`
  const all = `{ users(orderBy: { field: CREATED_AT }) { nodes { ${USER} } } }`
  const whole = { ...ADMIN, sshKeys: { nodes: [{ publicKey: SSH_KEY }] } }
  const withKey = app.as(ROOT_KEY)
  await statusOf(withKey)
  const statements = recordStatements(app.database)
  const count = async (client: Client, document: string) => {
    await client.ok(document, { name: 'admin' })
    statements.clear()
    const data = await client.ok(document, { name: 'admin' })
    return { statements: statements.texts.length, admin: data.user ?? data.users.nodes.at(-1) }
  }

  expect(await count(withKey, one)).toEqual({ statements: 1, admin: whole })
  expect(await count(withKey, all)).toEqual({ statements: 1, admin: whole })
  // A password is compared each time: its hash is read by a statement, and who has it by another.
  expect(await count(chief, one)).toEqual({ statements: 3, admin: whole })
  expect(await count(chief, all)).toEqual({ statements: 3, admin: whole })
  expect(await count(admin, one)).toEqual({ statements: 3, admin: whole })
})
