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

/** The controller gce1 with the models web and db. */
async function createPlace() {
  await createController(app, 'gce1')
  await createModel(app.root, 'gce1', 'web')
  await createModel(app.root, 'gce1', 'db')
}

/** A user with a key of their own; gives the line under which it is to stand. */
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
  test('are those of who was granted WRITE or ADMIN on it, or SUPERUSER on its controller, and no others', async () => {
    await createPlace()
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

  test('are those of an administrator or manager who was granted it all the same', async () => {
    await createPlace()
    const alice = await createKeyHolder('alice', { isAdmin: true })
    expect(await linesSeenBy(app.root)).toEqual([])

    await onModel('alice', 'WRITE')

    expect(await linesSeenBy(app.root)).toEqual([alice.authorized])
  })

  test('are each user’s as they added them, once, though two grants lead there', async () => {
    await createPlace()
    const bob = await createKeyHolder('bob')
    const second = ed25519Line('second')
    await change(bob.client, 'addSshKey', { key: second })

    await onModel('bob', 'ADMIN')
    await onController('bob', 'SUPERUSER')

    expect(await linesSeenBy(app.root)).toEqual([bob.authorized, second.replace(/second$/, 'bob')])
  })

  test('name a user as they are called now', async () => {
    await createPlace()
    const bob = await createKeyHolder('bob')
    await onModel('bob', 'WRITE')

    await change(app.root, 'updateUser', { user: 'bob', username: 'Robert' })

    expect(await linesSeenBy(app.root)).toEqual([bob.authorized.replace(/bob$/, 'Robert')])
  })

  test('are none where nobody has one', async () => {
    await createPlace()
    await createUser(app, 'bob')
    await onModel('bob', 'ADMIN')

    expect(await linesSeenBy(app.root)).toEqual([])
  })
})

describe('a line is gone as soon as', () => {
  const ENDS: [string, (bob: SeededUser & { line: string }) => Promise<unknown>][] = [
    ['its user is disabled', () => change(app.root, 'disableUser', { user: 'bob' })],
    ['its user is deleted', () => change(app.root, 'deleteUser', { user: 'bob' })],
    ['the key is removed', ({ client, line }) => change(client, 'removeSshKey', { fingerprint: fingerprintOf(line) })],
    ['the grant is revoked', () => change(app.root, 'revokeModelAccess', { user: 'bob', ...MODEL })],
    ['the grant is lowered', () => change(app.root, 'setModelAccess', { user: 'bob', ...MODEL, access: 'READ' })],
    ['the grant has expired', ({ id }) => lapseLevels(app, id)],
  ]

  test.each(ENDS)('%s', async (_name, end) => {
    await createPlace()
    const carol = await createKeyHolder('carol')
    await onModel('carol', 'WRITE')
    const bob = await createKeyHolder('bob')
    await onModel('bob', 'WRITE', { expiresAt: inDays(1) })
    const before = await linesSeenBy(app.root)

    await end(bob)

    expect(before).toEqual([bob.authorized, carol.authorized])
    expect(await linesSeenBy(app.root)).toEqual([carol.authorized])
  })

  test('SUPERUSER on the controller has expired or is revoked', async () => {
    await createPlace()
    const [bob, carol] = [await createKeyHolder('bob'), await createKeyHolder('carol')]
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

  test('and is there again once its user is enabled', async () => {
    await createPlace()
    const bob = await createKeyHolder('bob')
    await onModel('bob', 'WRITE')
    await change(app.root, 'disableUser', { user: 'bob' })

    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await linesSeenBy(app.root)).toEqual([bob.authorized])
  })
})

describe('the authorized keys are read', () => {
  test('by ADMINs on the model, SUPERUSERs on its controller and administrators', async () => {
    await createPlace()
    const [admin, superuser] = [await createKeyHolder('admin'), await createKeyHolder('superuser')]
    const alice = await createUser(app, 'alice', { isAdmin: true })
    await onModel('admin', 'ADMIN')
    await onController('superuser', 'SUPERUSER')

    for (const { client } of [admin, superuser, alice]) {
      expect(await linesSeenBy(client)).toEqual([admin.authorized, superuser.authorized])
    }
  })

  test.each(['READ', 'WRITE'])('not by who has %s on it: null, and FORBIDDEN at its path', async (access) => {
    await createPlace()
    const bob = await createKeyHolder('bob')
    const other = await createKeyHolder('other')
    await onModel('bob', access)
    await onModel('other', 'ADMIN')

    const { data, errors } = await bob.client.send(LINES)

    expect(data).toEqual({ model: { name: 'web', authorizedKeys: null } })
    const needs = [{ what: 'ADMIN', where: 'on the model' }]
    expect(errors.map(({ path, extensions }) => ({ path, ...extensions }))).toEqual([
      { path: ['model', 'authorizedKeys'], code: 'FORBIDDEN', missing: ['ADMIN on the model'], needs },
    ])
    expect(JSON.stringify([data, errors])).not.toContain(other.line.split(' ')[1])
  })

  test('not by who adds models there: the model does not exist for them', async () => {
    await createPlace()
    const bob = await createKeyHolder('bob')
    await onController('bob', 'ADD_MODEL')

    expect(await bob.client.ok(LINES)).toEqual({ model: null })
  })
})
