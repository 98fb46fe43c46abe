/** What `checkAccess` answers: permissions and levels, as they are held at this moment. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { CHECK, check, EVERYWHERE, have, may } from '../support/check.ts'
import { createController, createModel, lapseLevels } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import { rawAnswer } from '../support/raw.ts'
import { lapseGrants, query, uuidOf } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'
import { createGate } from '../support/verify.ts'

const app = startApp()

const ALL = ['ALLOWED', 'ALLOWED', 'ALLOWED', 'ALLOWED', 'ALLOWED']
const [ACME, GLOBEX] = [{ organization: 'acme' }, { organization: 'globex' }]
const [APOLLO, ZEUS, HERMES] = [{ project: 'apollo' }, { project: 'zeus' }, { project: 'hermes' }]
const PLACES = [EVERYWHERE, ACME, GLOBEX, APOLLO, ZEUS, HERMES]

/** acme with apollo and zeus, globex with hermes, and bob, of the organization default. */
async function startBob() {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  await createProject(app, 'apollo', 'acme')
  await createProject(app, 'zeus', 'acme')
  await createProject(app, 'hermes', 'globex')
  return createUser(app, 'bob')
}

/** Where bob may use a permission, of everywhere, acme, globex, apollo, zeus and hermes. */
async function placesOf(permission: string, user = 'bob'): Promise<string[]> {
  const codes = await check(
    app.root,
    { user },
    PLACES.map((place) => may(permission, place)),
  )
  const names = ['everywhere', 'acme', 'globex', 'apollo', 'zeus', 'hermes']
  for (const code of codes ?? []) expect(['ALLOWED', 'NOT_HELD']).toContain(code)
  return names.filter((_name, n) => codes?.[n] === 'ALLOWED')
}

describe('a permission', () => {
  const given = app.world(startBob)

  test('is held on its scope and all below, and on nothing above or beside', async () => {
    await createRole(app, 'A', ['a.word'])
    await createRole(app, 'B', ['b.word'])
    await createRole(app, 'C', ['c.word'])

    await grantRoles(app, 'bob', [
      { role: 'A', everywhere: true },
      { role: 'B', ...ACME },
      { role: 'C', ...APOLLO },
    ])

    expect(await placesOf('a.word')).toEqual(['everywhere', 'acme', 'globex', 'apollo', 'zeus', 'hermes'])
    expect(await placesOf('b.word')).toEqual(['acme', 'apollo', 'zeus'])
    expect(await placesOf('c.word')).toEqual(['apollo'])
    expect(await placesOf('d.word')).toEqual([])
  })

  test('is held as the built-in roles have it', async () => {
    await grantRoles(app, 'bob', [
      { role: 'ORGANIZATION_ADMIN', ...ACME },
      { role: 'AUDITOR', ...GLOBEX },
      { role: 'PROJECT_MANAGER', ...HERMES },
    ])
    const inAcme = ['acme', 'apollo', 'zeus']

    for (const word of ['users.manage', 'roles.manage', 'projects.manage', 'controllers.manage', 'anything.at_all']) {
      expect([word, await placesOf(word)]).toEqual([word, inAcme])
    }
    for (const word of ['users.read', 'audit.read', 'access.check']) {
      expect([word, await placesOf(word)]).toEqual([word, ['acme', 'globex', 'apollo', 'zeus', 'hermes']])
    }
    for (const word of ['project.update', 'project.delete', 'version.create', 'version.update', 'version.delete']) {
      expect([word, await placesOf(word)]).toEqual([word, [...inAcme, 'hermes']])
    }
    expect(await placesOf('version.read')).toEqual(inAcme)
    expect(await placesOf('organizations.manage')).toEqual([])
  })

  test('is held by an administrator, whatever it is and wherever', async () => {
    await createUser(app, 'chief', { isAdmin: true })
    const everywhere = ['everywhere', 'acme', 'globex', 'apollo', 'zeus', 'hermes']

    for (const word of ['organizations.manage', 'users.manage', 'never.heard.of']) {
      expect([word, await placesOf(word, 'chief')]).toEqual([word, everywhere])
    }
  })

  test('of its members is held in their home organization and on its projects', async () => {
    await change(app.root, 'updateOrganization', { ...ACME, addBasePermissions: ['doc.read'] })
    await createUser(app, 'zoe', ACME)

    expect(await placesOf('doc.read', 'zoe')).toEqual(['acme', 'apollo', 'zeus'])
    expect(await placesOf('doc.read', 'bob')).toEqual([])
    await change(app.root, 'updateOrganization', { ...ACME, removeBasePermissions: ['doc.read'] })
    expect(await placesOf('doc.read', 'zoe')).toEqual([])
  })

  test('is held until its planned end, and from its beginning', async () => {
    const bob = given()
    const day = { role: 'VERSION_MANAGER', ...ACME, expiresAt: inDays(1) }
    await grantRoles(app, 'bob', [day])
    expect(await placesOf('version.create')).toEqual(['acme', 'apollo', 'zeus'])

    await lapseGrants(app, bob.id)
    expect(await placesOf('version.create')).toEqual([])
    const move = (since: string, expiresAt: string) =>
      query(
        app,
        sql`update role_grants set since = now() + ${since}::interval, expires_at = now() + ${expiresAt}::interval where user_id = ${uuidOf(bob.id)}`,
      )
    await move('1 hour', '2 hours')
    expect(await placesOf('version.create')).toEqual([])
    await move('-1 hour', '2 hours')
    expect(await placesOf('version.create')).toEqual(['acme', 'apollo', 'zeus'])
  })

  test('is gone with the role, with the role’s word, and with the project', async () => {
    await createRole(app, 'EDITOR', ['doc.edit', 'doc.read'])
    await grantRoles(app, 'bob', [{ role: 'EDITOR', ...APOLLO }])
    expect(await placesOf('doc.edit')).toEqual(['apollo'])

    await change(app.root, 'updateRole', { role: 'EDITOR', removePermissions: ['doc.edit'] })
    expect([await placesOf('doc.edit'), await placesOf('doc.read')]).toEqual([[], ['apollo']])
    await change(app.root, 'deleteProject', APOLLO)
    expect(await check(app.root, { user: 'bob' }, [may('doc.read', APOLLO)])).toEqual(['NOT_FOUND'])
    await createProject(app, 'apollo', 'acme')
    expect(await placesOf('doc.read')).toEqual([])
  })

  test('is asked for by names in any case', async () => {
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', ...ACME }])
    const places = [{ organization: 'ACME' }, { project: 'Apollo' }]

    expect(
      await check(
        app.root,
        { user: 'BOB' },
        places.map((place) => may('version.create', place)),
      ),
    ).toEqual([...['ALLOWED', 'ALLOWED']])
  })
})

/** The controllers gce1 (with web and db) and gce2 (with web) of acme, aws of globex, and bob. */
async function startLevels() {
  const bob = await startBob()
  await createController(app, 'gce1', 'acme')
  await createController(app, 'gce2', 'acme')
  await createController(app, 'aws', 'globex')
  for (const [controller, model] of [
    ['gce1', 'web'],
    ['gce1', 'db'],
    ['gce2', 'web'],
    ['aws', 'web'],
  ] as const) {
    await createModel(app.root, controller, model)
  }
  return bob
}

const LADDERS = { controller: ['LOGIN', 'ADD_MODEL', 'SUPERUSER'], model: ['READ', 'WRITE', 'ADMIN'] }

/** The highest level bob is said to have on a thing; a higher one than one that is denied must be denied too. */
async function levelOf(thing: string, user = 'bob'): Promise<string> {
  const ladder = LADDERS[thing.includes('/') ? 'model' : 'controller']
  const codes =
    (await check(
      app.root,
      { user },
      ladder.map((access) => have(access, thing)),
    )) ?? []
  const height = codes.filter((code) => code === 'ALLOWED').length
  expect(codes).toEqual(ladder.map((_access, n) => (n < height ? 'ALLOWED' : 'NOT_HELD')))
  return ladder[height - 1] ?? 'none'
}

async function levels(user = 'bob'): Promise<Record<string, string>> {
  const things = ['gce1', 'gce1/web', 'gce1/db', 'gce2', 'gce2/web', 'aws', 'aws/web']
  const table: [string, string][] = []
  for (const thing of things) {
    const level = await levelOf(thing, user)
    if (level !== 'none') table.push([thing, level])
  }
  return Object.fromEntries(table)
}

describe('a level', () => {
  const given = app.world(startLevels)

  test('of a controller implies the lower ones, and nothing on its models', async () => {
    expect(await levels()).toEqual({})

    await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'ADD_MODEL' })
    await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'aws', access: 'LOGIN' })

    expect(await levels()).toEqual({ gce1: 'ADD_MODEL', aws: 'LOGIN' })
  })

  test('SUPERUSER is ADMIN on all models of the controller, later ones too', async () => {
    await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'SUPERUSER' })
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'db', access: 'READ' })

    expect(await levels()).toEqual({ gce1: 'SUPERUSER', 'gce1/web': 'ADMIN', 'gce1/db': 'ADMIN' })
    await createModel(app.root, 'gce1', 'later')
    expect(await levelOf('gce1/later')).toBe('ADMIN')
    await change(app.root, 'revokeControllerAccess', { user: 'bob', controller: 'gce1' })
    expect(await levels()).toEqual({ gce1: 'LOGIN', 'gce1/db': 'READ' })
  })

  test.each(['READ', 'WRITE', 'ADMIN'])('%s on a model is LOGIN on its controller', async (access) => {
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access })

    expect(await levels()).toEqual({ gce1: 'LOGIN', 'gce1/web': access })
    await change(app.root, 'deleteModel', { controller: 'gce1', model: 'web' })
    expect(await check(app.root, { user: 'bob' }, [have('LOGIN', 'gce1'), have('READ', 'gce1/web')])).toEqual([
      ...['NOT_HELD', 'NOT_FOUND'],
    ])
  })

  test('follows from controllers.manage: SUPERUSER in its organization alone', async () => {
    await createRole(app, 'KEEPER', ['controllers.manage'])
    const inAcme = {
      gce1: 'SUPERUSER',
      'gce1/web': 'ADMIN',
      'gce1/db': 'ADMIN',
      gce2: 'SUPERUSER',
      'gce2/web': 'ADMIN',
    }

    await grantRoles(app, 'bob', [{ role: 'KEEPER', ...ACME }])
    expect(await levels()).toEqual(inAcme)
    await change(app.root, 'revokeRoles', { user: 'bob', roles: [{ role: 'KEEPER', ...ACME }] })
    await grantRoles(app, 'bob', [{ role: 'KEEPER', ...APOLLO }])
    expect(await levels()).toEqual({})
    await grantRoles(app, 'bob', [{ role: 'KEEPER', everywhere: true }])
    expect(await levels()).toEqual({ ...inAcme, aws: 'SUPERUSER', 'aws/web': 'ADMIN' })
  })

  test('follows from controllers.manage of members', async () => {
    await createUser(app, 'zoe', GLOBEX)
    await change(app.root, 'updateOrganization', { ...GLOBEX, addBasePermissions: ['controllers.manage'] })

    expect(await levels('zoe')).toEqual({ aws: 'SUPERUSER', 'aws/web': 'ADMIN' })
  })

  test('is the highest for an administrator, everywhere', async () => {
    await createUser(app, 'chief', { isAdmin: true })

    expect(await levels('chief')).toEqual({
      ...{ gce1: 'SUPERUSER', gce2: 'SUPERUSER', aws: 'SUPERUSER' },
      ...{ 'gce1/web': 'ADMIN', 'gce1/db': 'ADMIN', 'gce2/web': 'ADMIN', 'aws/web': 'ADMIN' },
    })
  })

  test('is held until its planned end', async () => {
    const bob = given()
    const expiresAt = inDays(1)
    await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'SUPERUSER', expiresAt })
    const web = { user: 'bob', controller: 'aws', model: 'web', access: 'WRITE', expiresAt }
    await change(app.root, 'grantModelAccess', web)
    expect(Object.keys(await levels())).toEqual(['gce1', 'gce1/web', 'gce1/db', 'aws', 'aws/web'])

    await lapseLevels(app, bob.id)

    expect(await levels()).toEqual({})
  })
})

describe('what is hidden from the caller is NOT_FOUND as what is missing', () => {
  const given = app.world(startLevels)

  const ask = (key: string, questions: object[]) => rawAnswer(app, key, CHECK, { input: { questions } })

  test('to the byte: organizations, projects, controllers, models', async () => {
    const bob = given()
    const pairs = [
      [may('version.create', ACME), may('version.create', { organization: 'missing' })],
      [may('version.create', APOLLO), may('version.create', { project: 'missing' })],
      [have('LOGIN', 'gce1'), have('LOGIN', 'missing')],
      [have('READ', 'gce1/web'), have('READ', 'gce1/missing')],
      [have('READ', 'gce1/web'), have('READ', 'missing/web')],
    ]

    for (const [hidden, missing] of pairs) {
      const answer = await ask(bob.key, [hidden ?? {}])
      expect(answer).toEqual(await ask(bob.key, [missing ?? {}]))
      expect(answer.body).toBe('{"data":{"checkAccess":[{"isAllowed":false,"code":"NOT_FOUND"}]}}')
    }
    expect(
      await check(
        app.root,
        { user: 'bob' },
        pairs.map(([hidden]) => hidden ?? {}),
      ),
    ).toEqual(Array(5).fill('NOT_HELD'))
  })

  test('also where the user asked about holds something there', async () => {
    const gate = await createGate(app, 'gate', 'default')
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', ...APOLLO }])
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' })
    const questions = [may('version.create', APOLLO), have('LOGIN', 'gce1'), have('READ', 'gce1/web')]

    expect(await check(app.root, { user: 'bob' }, questions)).toEqual(ALL.slice(2))
    expect(await check(gate.client, { user: 'bob' }, questions)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
  })

  test('but a caller who may ask about the users of an organization may name its controllers and models', async () => {
    const gate = await createGate(app, 'gate', 'acme')
    await createUser(app, 'zoe', ACME)
    await change(app.root, 'grantModelAccess', { user: 'zoe', controller: 'gce1', model: 'web', access: 'WRITE' })
    const questions = [
      have('LOGIN', 'gce1'),
      have('WRITE', 'gce1/web'),
      have('ADMIN', 'gce1/web'),
      have('LOGIN', 'aws'),
    ]

    expect(await check(gate.client, { user: 'zoe' }, questions)).toEqual([
      ...['ALLOWED', 'ALLOWED', 'NOT_HELD', 'NOT_FOUND'],
    ])
  })

  test('and a model is found on its own controller alone, until either is deleted', async () => {
    await change(app.root, 'deleteModel', { controller: 'gce2', model: 'web' })
    const questions = [
      have('READ', 'gce1/db'),
      have('READ', 'gce2/db'),
      have('READ', 'aws/db'),
      have('READ', 'gce2/web'),
    ]

    expect(await check(app.root, {}, questions)).toEqual(['ALLOWED', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
    await change(app.root, 'deleteController', { controller: 'gce2' })
    expect(await check(app.root, {}, [have('LOGIN', 'gce2')])).toEqual(['NOT_FOUND'])
  })
})
