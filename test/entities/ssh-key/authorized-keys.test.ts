import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createController, createModel, lapseLevels } from '../../support/levels.ts'
import { inDays } from '../../support/look.ts'
import { createRole, createUser, type SeededUser } from '../../support/seed.ts'
import { ed25519Line, fingerprintOf } from '../../support/ssh-wire.ts'

const app = startApp()

const MODEL = { controller: 'gce1', model: 'web' }
const LINES = '{ model(controller: "gce1", name: "web") { name authorizedKeys } }'

const given = app.world(createWorld)

/** The controller gce1 with the models web and db; bob and carol, who have a key each and hold nothing. */
async function createWorld() {
  await createController(app, 'gce1')
  await createModel(app.root, 'gce1', 'web')
  await createModel(app.root, 'gce1', 'db')
  return { bob: await createKeyHolder('bob'), carol: await createKeyHolder('carol') }
}

/** A user with a key of their own; gives the line of the authorized keys too. */
async function createKeyHolder(username: string, input: Parameters<typeof createUser>[2] = {}) {
  const user = await createUser(app, username, input)
  const line = ed25519Line(`not ${username}`)
  await change(user.client, 'addSshKey', { key: line })
  return { ...user, line, authorized: line.replace(/ not .*/, ` ${username}`) }
}

async function onModel(user: string, access: string, rest: object = {}) {
  await change(app.root, 'grantModelAccess', { user, ...MODEL, access, ...rest })
}

async function onController(user: string, access: string, rest: object = {}) {
  await change(app.root, 'grantControllerAccess', { user, controller: 'gce1', access, ...rest })
}

async function linesSeenBy(client: Client): Promise<string[]> {
  const { model } = await client.ok(LINES)
  return model.authorizedKeys
}

describe('the authorized keys of a model', () => {
  test('are the keys of the users with a grant of WRITE or ADMIN on it, or SUPERUSER on its controller', async () => {
    await createRole(app, 'CONTROLLER_MANAGER', ['controllers.manage'])
    const writer = await createKeyHolder('writer')
    const admin = await createKeyHolder('admin')
    const superuser = await createKeyHolder('superuser')
    await createKeyHolder('reader')
    await createKeyHolder('adder')
    await createKeyHolder('guest')
    const neighbor = await createKeyHolder('neighbor')
    await createKeyHolder('alice', { isAdmin: true })
    await createKeyHolder('manager', { roles: [{ role: 'CONTROLLER_MANAGER', everywhere: true }] })
    await createKeyHolder('operator', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }] })
    await createKeyHolder('outsider')

    await onModel('writer', 'WRITE')
    await onModel('admin', 'ADMIN')
    await onController('superuser', 'SUPERUSER')
    await onModel('reader', 'READ')
    await onController('adder', 'ADD_MODEL')
    await onController('guest', 'LOGIN')
    await change(app.root, 'grantModelAccess', { user: 'neighbor', controller: 'gce1', model: 'db', access: 'ADMIN' })

    expect(await linesSeenBy(app.root)).toEqual([admin.authorized, superuser.authorized, writer.authorized])
    const other = await app.root.ok('{ model(controller: "gce1", name: "db") { authorizedKeys } }')
    expect(other.model.authorizedKeys).toEqual([neighbor.authorized, superuser.authorized])
  })

  test('contain the keys of an administrator only with such a grant', async () => {
    const alice = await createKeyHolder('alice', { isAdmin: true })
    expect(await linesSeenBy(app.root)).toEqual([])

    await onModel('alice', 'WRITE')

    expect(await linesSeenBy(app.root)).toEqual([alice.authorized])
  })

  test('contain each key once, in the order it was added, even with two grants', async () => {
    const { bob } = given()
    const second = ed25519Line('second')
    await change(bob.client, 'addSshKey', { key: second })

    await onModel('bob', 'ADMIN')
    await onController('bob', 'SUPERUSER')

    expect(await linesSeenBy(app.root)).toEqual([bob.authorized, second.replace(/second$/, 'bob')])
  })

  test('contain the current name of the user', async () => {
    const { bob } = given()
    await onModel('bob', 'WRITE')

    await change(app.root, 'updateUser', { user: 'bob', username: 'Robert' })

    expect(await linesSeenBy(app.root)).toEqual([bob.authorized.replace(/bob$/, 'Robert')])
  })

  test('are empty if no user with a grant has a key', async () => {
    await createUser(app, 'dan')
    await onModel('dan', 'ADMIN')

    expect(await linesSeenBy(app.root)).toEqual([])
  })
})

describe('a line disappears as soon as', () => {
  const ENDS: [string, (bob: SeededUser & { line: string }) => Promise<unknown>][] = [
    ['its user is disabled', () => change(app.root, 'disableUser', { user: 'bob' })],
    ['its user is deleted', () => change(app.root, 'deleteUser', { user: 'bob' })],
    ['the key is removed', ({ client, line }) => change(client, 'removeSshKey', { fingerprint: fingerprintOf(line) })],
    ['the grant is revoked', () => change(app.root, 'revokeModelAccess', { user: 'bob', ...MODEL })],
    ['the grant is lowered', () => change(app.root, 'setModelAccess', { user: 'bob', ...MODEL, access: 'READ' })],
    ['the grant has expired', ({ id }) => lapseLevels(app, id)],
  ]

  test.each(ENDS)('%s', async (_name, end) => {
    const { bob, carol } = given()
    await onModel('carol', 'WRITE')
    await onModel('bob', 'WRITE', { expiresAt: inDays(1) })
    const before = await linesSeenBy(app.root)

    await end(bob)

    expect(before).toEqual([bob.authorized, carol.authorized])
    expect(await linesSeenBy(app.root)).toEqual([carol.authorized])
  })

  test('the grant of SUPERUSER on the controller has expired or is revoked', async () => {
    const { bob, carol } = given()
    await onController('bob', 'SUPERUSER', { expiresAt: inDays(1) })
    await onController('carol', 'SUPERUSER')
    const before = await linesSeenBy(app.root)

    await lapseLevels(app, bob.id)
    const between = await linesSeenBy(app.root)
    await change(app.root, 'revokeControllerAccess', { user: 'carol', controller: 'gce1', access: 'SUPERUSER' })

    expect(before).toEqual([bob.authorized, carol.authorized])
    expect(between).toEqual([carol.authorized])
    expect(await linesSeenBy(app.root)).toEqual([])
  })

  test('its user is disabled, and comes back when the user is enabled', async () => {
    const { bob } = given()
    await onModel('bob', 'WRITE')
    await change(app.root, 'disableUser', { user: 'bob' })

    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await linesSeenBy(app.root)).toEqual([bob.authorized])
  })
})

describe('the authorized keys are readable', () => {
  test('to users with ADMIN on the model or SUPERUSER on its controller, and to administrators', async () => {
    const [admin, superuser] = [await createKeyHolder('admin'), await createKeyHolder('superuser')]
    const alice = await createUser(app, 'alice', { isAdmin: true })
    await onModel('admin', 'ADMIN')
    await onController('superuser', 'SUPERUSER')

    for (const { client } of [admin, superuser, alice]) {
      expect(await linesSeenBy(client)).toEqual([admin.authorized, superuser.authorized])
    }
  })

  test.each(['READ', 'WRITE'])(
    'not to a user with %s on it: the answer is null, with FORBIDDEN at its path',
    async (access) => {
      const { bob, carol: other } = given()
      await onModel('bob', access)
      await onModel('carol', 'ADMIN')

      const { data, errors } = await bob.client.send(LINES)

      expect(data).toEqual({ model: { name: 'web', authorizedKeys: null } })
      const missing = [{ allOf: [expect.objectContaining({ level: 'ADMIN', text: 'ADMIN on the model' })] }]
      expect(errors.map(({ path, extensions }) => ({ path, ...extensions }))).toEqual([
        { path: ['model', 'authorizedKeys'], code: 'FORBIDDEN', missing },
      ])
      expect(JSON.stringify([data, errors])).not.toContain(other.line.split(' ')[1])
    },
  )

  test('not to a user with ADD_MODEL: the model does not exist for them', async () => {
    const { bob } = given()
    await onController('bob', 'ADD_MODEL')

    expect(await bob.client.ok(LINES)).toEqual({ model: null })
  })
})
