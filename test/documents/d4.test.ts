/**
 * The walk-through of D4, "User-API Documentation", in its order and with its values. What it says of ssh keys,
 * credentials and passwords comes with Part C.
 */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, failChange } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { withoutWriting } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'

const app = startApp()

/** "Required headers: api-key": root's, which is the client application's here. "BasicAuth" comes with Part C. */
const root = app.as({ 'api-key': ROOT_KEY })

const ACCESS = `controllers { edges { access node { name type } models { edges { access node { name } } } } }`
/** Part C: credentials and sshKeys in the same query. */
const USER = `name: username active ${ACCESS}`

const ADMIN = {
  name: 'admin',
  active: true,
  controllers: {
    edges: [
      {
        access: 'SUPERUSER',
        node: { name: 'gce1', type: 'google' },
        models: { edges: [{ access: 'ADMIN', node: { name: 'default' } }] },
      },
    ],
  },
}

/** "admin", who is superuser of the controller gce1 and so admin of its model default. */
async function startAdmin() {
  await createController(app, 'gce1')
  const { client } = await createUser(app, 'admin')
  await change(root, 'grantControllerAccess', { user: 'admin', controller: 'gce1', access: 'SUPERUSER' })
  await createModel(client, 'gce1', 'default')
  return client
}

test('GET /users: "all of the information of all the users (with all their controller access and model access)"', async () => {
  await startAdmin()

  const { users } = await root.ok(`{ users(orderBy: [{ field: CREATED_AT }]) { totalCount nodes { ${USER} } } }`)

  expect(users.totalCount).toBe(2)
  expect(users.nodes).toEqual([expect.objectContaining({ name: 'root' }), ADMIN])
})

test('POST /users: "Creates a new user. Checks if the user exists."', async () => {
  // Part C: "password".
  const { user } = await change(root, 'createUser', { username: 'sebastien' }, `user { ${USER} }`)
  await withoutWriting(app, () => failChange(root, 'Conflict', 'createUser', { username: 'sebastien' }))

  expect(user).toEqual({ name: 'sebastien', active: true, controllers: { edges: [] } })
})

test('GET /users/[user]: "the info of a user. Checks if the user exists."', async () => {
  const admin = await startAdmin()
  const document = `query ($name: String!) { user(username: $name) { ${USER} } }`

  expect(await root.ok(document, { name: 'admin' })).toEqual({ user: ADMIN })
  expect(await admin.ok(document, { name: 'admin' })).toEqual({ user: ADMIN })
  expect(await root.ok(document, { name: 'nobody' })).toEqual({ user: null })
})

// Part C: PUT /users/[user], "Changes the user password."

test('DELETE /users/[user]: "Removes the user", and answers with the access they had', async () => {
  const admin = await startAdmin()

  const payload = 'name: username accessLost { controller model access }'
  const gone = await change(root, 'deleteUser', { user: 'admin' }, payload)

  expect(gone).toMatchObject({
    name: 'admin',
    accessLost: [
      { controller: 'gce1', model: null, access: 'SUPERUSER' },
      { controller: 'gce1', model: 'default', access: 'ADMIN' },
    ],
  })
  expect((await admin.send('{ __typename }')).status).toBe(401)
  expect(await root.ok('{ user(username: "admin") { active } }')).toEqual({ user: null })
  // Of the same name, and with nothing.
  const { user } = await change(root, 'createUser', { username: 'admin' }, `user { ${USER} }`)
  expect(user).toEqual({ name: 'admin', active: true, controllers: { edges: [] } })
})

// Part C: /users/[user]/ssh, "Gets the SSH-keys of a user", adds one, removes one.
// Part C: /users/[user]/credentials, "Gets the credentials of a user", adds one, removes one.

test('GET /users/[user]/controllers: "all the controllers the user has access to, with the access level"', async () => {
  const admin = await startAdmin()
  await createModel(admin, 'gce1', 'controller')
  await createController(app, 'gce2')
  await change(root, 'grantControllerAccess', { user: 'admin', controller: 'gce2', access: 'LOGIN' })

  // "Required body: access"
  const document = `query ($access: ControllerAccess) { user(username: "admin") { controllers(filter: { access: $access }) {
    totalCount edges { access node { name type } models { edges { access node { name } } } } } } }`
  const superuser = await admin.ok(document, { access: 'SUPERUSER' })
  const login = await admin.ok(document, { access: 'LOGIN' })

  expect(superuser.user.controllers).toEqual({
    totalCount: 1,
    edges: [
      {
        access: 'SUPERUSER',
        node: { name: 'gce1', type: 'google' },
        models: {
          edges: [
            { access: 'ADMIN', node: { name: 'controller' } },
            { access: 'ADMIN', node: { name: 'default' } },
          ],
        },
      },
    ],
  })
  expect(login.user.controllers).toEqual({
    totalCount: 1,
    edges: [{ access: 'LOGIN', node: { name: 'gce2', type: 'google' }, models: { edges: [] } }],
  })
})

test('PUT /users/[user]/controllers/[controller]: "access = {login | add-model | superuser}", and GET it', async () => {
  const admin = await startAdmin()
  const sebastien = await createUser(app, 'sebastien')

  for (const access of ['LOGIN', 'ADD_MODEL', 'SUPERUSER', 'LOGIN']) {
    // 202 "Process being handeled": here it is done when the answer says so.
    const input = { user: 'sebastien', controller: 'gce1', access }
    const { changed } = await change(admin, 'setControllerAccess', input, 'changed')
    const { viewer } = await sebastien.client.ok(`{ viewer { user { ${ACCESS} } } }`)

    expect(changed).toBe(true)
    const models = { edges: access === 'SUPERUSER' ? [{ access: 'ADMIN', node: { name: 'default' } }] : [] }
    expect(viewer.user.controllers.edges).toEqual([{ access, node: { name: 'gce1', type: 'google' }, models }])
  }
})

test('GET /users/[user]/controllers/[controller]/models: "the models a user has access to"', async () => {
  const admin = await startAdmin()

  const { user } = await admin.ok(`{ user(username: "admin") { ${ACCESS} } }`)

  expect(user.controllers.edges[0].models.edges).toEqual([{ access: 'ADMIN', node: { name: 'default' } }])
})

test('PUT and DELETE …/models/[model]: "access = {read | write | admin}", "Removes the user from the model"', async () => {
  const admin = await startAdmin()
  const sebastien = await createUser(app, 'sebastien')
  const place = { user: 'sebastien', controller: 'gce1', model: 'default' }
  const read = async () => {
    const { viewer } = await sebastien.client.ok(`{ viewer { user { ${ACCESS} } } }`)
    return viewer.user.controllers.edges
  }

  for (const access of ['READ', 'WRITE', 'ADMIN', 'READ']) {
    const { changed } = await change(admin, 'setModelAccess', { ...place, access }, 'changed model { name }')
    expect(changed).toBe(true)
    const models = { edges: [{ access, node: { name: 'default' } }] }
    expect(await read()).toEqual([{ access: 'LOGIN', node: { name: 'gce1', type: 'google' }, models }])
  }

  const removed = await change(admin, 'revokeModelAccess', place, 'changed')
  expect(removed.changed).toBe(true)
  expect(await read()).toEqual([])
})
