/** The limits of a key by which it may: exactly those that let it, and without the last of them it may not. */
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { EVERYWHERE, explainOne, may } from '../support/check.ts'
import { createApiKey, createRole, createUser } from '../support/seed.ts'
import { createGate } from '../support/verify.ts'
import { ACME, APOLLO, BOB, EDIT, GCE1, type Given, giveLevel, grant, LOGIN, startBob, ZEUS } from './check/bob.ts'
import { chainOf, limitsOf } from './check/chain.ts'

const app = startApp()
const given = app.world(() => startBob(app))

describe('the limits of a key that allow it are named', () => {
  const keyOf = async (...limits: Given[]) => ({ apiKey: (await createApiKey(app.root, { ...BOB, limits })).key })

  test('of a permission: all limits that allow it, and no other', async () => {
    await createRole(app, 'READER', ['doc.read'])
    await grant(app.root, { role: 'EDITOR', everywhere: true }, { role: 'EDITOR', ...APOLLO })
    const wide = [
      { role: 'EDITOR', everywhere: true },
      { role: 'ORGANIZATION_ADMIN', ...ACME },
    ]
    const other = [
      { role: 'EDITOR', ...ZEUS },
      { role: 'READER', ...APOLLO },
      { role: 'EDITOR', organization: 'default' },
    ]
    const key = await keyOf(...wide, { role: 'EDITOR', ...APOLLO }, ...other)

    const limits = 'EDITOR everywhere, EDITOR on apollo, ORGANIZATION_ADMIN in acme'
    expect(await limitsOf(app.root, key, EDIT)).toEqual([
      `ALLOWED ROLE EDITOR everywhere: ${limits}`,
      `ALLOWED ROLE EDITOR on apollo: ${limits}`,
    ])
    expect(await limitsOf(app.root, key, may('doc.edit', EVERYWHERE))).toEqual([
      'ALLOWED ROLE EDITOR everywhere: EDITOR everywhere',
    ])
  })

  test('of a level: those that manage the controller', async () => {
    await giveLevel(app.root, 'ADD_MODEL')
    const elsewhere = [
      { role: 'KEEPER', organization: 'default' },
      { role: 'KEEPER', ...APOLLO },
    ]
    const key = await keyOf({ role: 'KEEPER', ...ACME }, ...elsewhere, { role: 'EDITOR', everywhere: true })

    expect(await limitsOf(app.root, key, LOGIN)).toEqual(['ALLOWED GRANT ADD_MODEL on gce1: KEEPER in acme'])
  })

  test('there are none for a key without limits, for a user, and for what no limit allows', async () => {
    const { bob } = given()
    await grant(app.root, { role: 'EDITOR', ...APOLLO })
    const key = await keyOf({ role: 'EDITOR', ...ZEUS })

    expect(await limitsOf(app.root, BOB, EDIT)).toEqual(['ALLOWED ROLE EDITOR on apollo: '])
    expect(await limitsOf(app.root, { apiKey: bob.key }, EDIT)).toEqual(['ALLOWED ROLE EDITOR on apollo: '])
    expect(await limitsOf(app.root, key, EDIT)).toEqual(['KEY_TOO_NARROW ROLE EDITOR on apollo: '])
  })

  test('names that the caller does not see are left out', async () => {
    await createUser(app, 'guest')
    const gate = await createGate(app, 'gate', 'default')
    for (const user of ['guest', 'gate']) {
      await change(app.root, 'grantControllerAccess', { user, ...GCE1, access: 'LOGIN' })
    }
    const limits = [{ role: 'KEEPER', ...ACME }]
    const { key } = await createApiKey(app.root, { user: 'guest', limits })

    const told = async (client: Client) =>
      (await chainOf(client, { apiKey: key }, LOGIN)).map(({ keyLimits }) => keyLimits)

    expect(await told(app.root)).toEqual([[{ role: 'KEEPER', organization: 'acme', project: null }]])
    expect(await told(gate.client)).toEqual([[{ role: 'KEEPER', organization: null, project: null }]])
  })

  test('without the last of them the answer is no', async () => {
    await createRole(app, 'LIMIT', ['doc.edit'])
    await createRole(app, 'OTHER', ['doc.edit'])
    await grant(app.root, { role: 'EDITOR', ...ACME })
    const key = await keyOf({ role: 'LIMIT', ...APOLLO }, { role: 'OTHER', ...ACME })
    expect(await limitsOf(app.root, key, EDIT)).toEqual(['ALLOWED ROLE EDITOR in acme: LIMIT on apollo, OTHER in acme'])

    await change(app.root, 'updateRole', { role: 'LIMIT', removePermissions: ['doc.edit'] })
    expect(await limitsOf(app.root, key, EDIT)).toEqual(['ALLOWED ROLE EDITOR in acme: OTHER in acme'])
    await change(app.root, 'deleteRole', { role: 'OTHER' })

    expect(await explainOne(app.root, key, EDIT)).toEqual(['NOT_HELD', 'KEY_TOO_NARROW ROLE EDITOR in acme'])
    await change(app.root, 'updateRole', { role: 'LIMIT', addPermissions: ['doc.edit'] })
    expect(await limitsOf(app.root, key, EDIT)).toEqual(['ALLOWED ROLE EDITOR in acme: LIMIT on apollo'])
  })
})
