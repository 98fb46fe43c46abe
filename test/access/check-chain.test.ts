/** The chain behind an answer: who granted it, and through which model it is. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { EVERYWHERE, explainOne, have, may } from '../support/check.ts'
import { createRole, createUser } from '../support/seed.ts'
import { createGate } from '../support/verify.ts'
import { ACME, APOLLO, addBase, BOB, EDIT, GCE1, giveLevel, grant, LOGIN, startBob, ZEUS } from './check/bob.ts'
import { chainOf, grantersOf } from './check/chain.ts'

const app = startApp()
const given = app.world(() => startBob(app))

describe('the grantor is named', () => {
  test('of a role and of a base permission', async () => {
    const { ed } = given()
    await grant(app.root, { role: 'EDITOR', ...ACME })
    await grant(ed, { role: 'EDITOR', ...APOLLO })
    await addBase(ed, 'doc.edit')

    expect(await grantersOf(app.root, BOB, EDIT)).toEqual([
      'ALLOWED MEMBERSHIP in acme by ed',
      'ALLOWED ROLE EDITOR in acme by root',
      'ALLOWED ROLE EDITOR on apollo by ed',
    ])
  })

  test('of a level, and of what it follows from', async () => {
    const { ed } = given()
    await giveLevel(ed, 'SUPERUSER')
    await giveLevel(app.root, 'ADMIN', 'gce1/web')
    await grant(app.root, { role: 'KEEPER', ...ACME })
    await addBase(ed, 'controllers.manage')

    expect(await grantersOf(app.root, BOB, LOGIN)).toEqual([
      'ALLOWED GRANT SUPERUSER on gce1 by ed',
      'ALLOWED MEMBERSHIP SUPERUSER on gce1 by ed',
      'ALLOWED MODEL LOGIN on gce1 by root',
      'ALLOWED ROLE KEEPER SUPERUSER on gce1 by root',
    ])
    expect(await grantersOf(app.root, BOB, have('ADMIN', 'gce1/web'))).toEqual([
      'ALLOWED CONTROLLER ADMIN on gce1/web by ed',
      'ALLOWED CONTROLLER ADMIN on gce1/web by ed',
      'ALLOWED CONTROLLER KEEPER ADMIN on gce1/web by root',
      'ALLOWED GRANT ADMIN on gce1/web by root',
    ])
  })

  test('of a near miss', async () => {
    const { ed } = given()
    await grant(ed, { role: 'EDITOR', ...ZEUS })

    expect(await grantersOf(app.root, BOB, EDIT)).toEqual(['WRONG_SCOPE ROLE EDITOR on zeus by ed'])
  })

  test('not where the server itself granted it, or no user did', async () => {
    const { bob } = given()

    expect(await grantersOf(app.root, {}, EDIT)).toEqual(['ALLOWED ROLE ADMINISTRATOR everywhere by nobody'])
    const password = { mutation: { changePassword: { newPassword: 'long enough to be one' } } }
    expect(await grantersOf(bob.client, {}, password)).toEqual(['ALLOWED SELF everywhere by nobody'])
  })

  test('not where the caller does not see the grantor, and not where the grantor is deleted', async () => {
    const { bob } = given()
    const dora = await createUser(app, 'dora', { roles: [{ role: 'ORGANIZATION_ADMIN', ...ACME }] })
    await grant(dora.client, { role: 'EDITOR', ...APOLLO })
    const gate = await createGate(app, 'gate', 'acme')
    const question = may('doc.edit', EVERYWHERE)

    expect(await grantersOf(app.root, BOB, question)).toEqual(['WRONG_SCOPE ROLE EDITOR on apollo by dora'])
    for (const client of [gate.client, bob.client]) {
      expect((await chainOf(client, BOB, question)).map(({ grantedBy }) => grantedBy)).toEqual([null])
    }
    await change(app.root, 'deleteUser', { user: 'dora' })
    expect(await grantersOf(app.root, BOB, question)).toEqual(['WRONG_SCOPE ROLE EDITOR on apollo by nobody'])
  })
})

describe('the model through which LOGIN is held', () => {
  const modelsOf = async (question = LOGIN) =>
    (await chainOf(app.root, BOB, question))
      .map(({ code, via, throughModel }) => `${code} ${via} ${throughModel}`)
      .sort()

  test('is named for each, and the answer is yes until the last of them is revoked', async () => {
    await giveLevel(app.root, 'READ', 'gce1/web')
    await giveLevel(app.root, 'ADMIN', 'gce1/db')
    await giveLevel(app.root, 'LOGIN')
    const revoke = (model: string) => change(app.root, 'revokeModelAccess', { ...BOB, ...GCE1, model })

    expect(await modelsOf()).toEqual(['ALLOWED GRANT null', 'ALLOWED MODEL db', 'ALLOWED MODEL web'])
    await change(app.root, 'revokeControllerAccess', { ...BOB, ...GCE1 })
    await revoke('db')
    expect(await modelsOf()).toEqual(['ALLOWED MODEL web'])
    await revoke('web')
    expect(await modelsOf()).toEqual(['ENDED GRANT null', 'ENDED MODEL db', 'ENDED MODEL web'])
  })

  test('is named where LOGIN is too low, and not for a level on a model through its controller', async () => {
    await giveLevel(app.root, 'READ', 'gce1/web')
    expect(await modelsOf(have('ADD_MODEL', 'gce1'))).toEqual(['LEVEL_TOO_LOW MODEL web'])

    await giveLevel(app.root, 'SUPERUSER')

    expect(await modelsOf(have('READ', 'gce1/web'))).toEqual(['ALLOWED CONTROLLER null', 'ALLOWED GRANT null'])
  })
})

describe('of a mutation', () => {
  const update = { mutation: { updateProject: { ...APOLLO, title: 'Apollo' } } }

  test('every way that meets its rule is named, and the answer is yes until the last is gone', async () => {
    const { ed } = given()
    await createRole(app, 'PLANNER', ['projects.manage'])
    // What they see the project by, and no more.
    await grant(ed, { role: 'EDITOR', ...APOLLO })
    const [manager, planner] = [
      { role: 'PROJECT_MANAGER', ...APOLLO },
      { role: 'PLANNER', ...ACME },
    ]
    await grant(ed, manager, planner, { role: 'PROJECT_MANAGER', ...ZEUS })

    expect(await grantersOf(app.root, BOB, update)).toEqual([
      'ALLOWED ROLE PLANNER in acme by ed',
      'ALLOWED ROLE PROJECT_MANAGER on apollo by ed',
    ])
    await change(app.root, 'revokeRoles', { ...BOB, roles: [manager] })
    expect(await explainOne(app.root, BOB, update)).toEqual(['ALLOWED', 'ALLOWED ROLE PLANNER in acme'])
    await change(app.root, 'revokeRoles', { ...BOB, roles: [planner] })

    const [code, ...ways] = await explainOne(app.root, BOB, update)
    expect([code, ...ways.sort()]).toEqual([
      'NOT_HELD',
      'ENDED ROLE PLANNER in acme',
      'ENDED ROLE PROJECT_MANAGER on apollo',
      'WRONG_SCOPE ROLE PROJECT_MANAGER on zeus',
    ])
  })

  test('being that user is a way, from the time they were created', async () => {
    const { bob } = given()
    const { viewer } = await bob.client.ok('{ viewer { user { createdAt } } }')

    const ways = await chainOf(bob.client, {}, { mutation: { createApiKey: { label: 'mine' } } })

    const nothing = { role: null, organization: null, project: null, controller: null, model: null, throughModel: null }
    const always = { since: viewer.user.createdAt, expiresAt: null, level: null }
    expect(ways).toEqual([{ code: 'ALLOWED', via: 'SELF', grantedBy: null, keyLimits: [], ...nothing, ...always }])
  })
})
