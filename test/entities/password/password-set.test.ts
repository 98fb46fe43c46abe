import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { inDays, statusOf } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import {
  createApiKey,
  createOrganization,
  createRole,
  createUser,
  grantRoles,
  type RoleInput,
} from '../../support/seed.ts'
import { basic, createPerson, OTHER_PASSWORD, PASSWORD, signIn } from '../../support/sessions.ts'

const app = startApp()

const INPUT = { user: 'bob', password: OTHER_PASSWORD }

const statuses = (clients: Client[]) => Promise.all(clients.map(statusOf))
const letsIn = async (password: string, username = 'bob') => (await statusOf(app.as(basic(username, password)))) === 200

/**
 * The organization acme. bob has PASSWORD and a key, dan a key alone; carol, with a key, reads and manages the users of
 * `default`.
 */
async function createWorld() {
  await createOrganization(app, 'acme')
  await createRole(app, 'KEEPER', ['users.read', 'users.manage'])
  const { id, key } = await createPerson(app, 'bob', { withApiKey: true })
  const carol = await createUser(app, 'carol', { roles: [{ role: 'KEEPER', organization: 'default' }] })
  return { bob: { id, client: app.as(key ?? '') }, dan: await createUser(app, 'dan'), carol }
}

describe('setUserPassword', () => {
  const given = app.world(createWorld)

  test('makes only the new password valid, and ends all sessions of the user', async () => {
    const { bob, carol } = given()
    const sessions = [await signIn(app, 'bob'), await signIn(app, 'bob')]

    const payload = await change(carol.client, 'setUserPassword', INPUT, 'endedApiKeys user { username }')

    expect(payload).toEqual({ __typename: 'SetUserPasswordPayload', endedApiKeys: 0, user: { username: 'bob' } })
    expect([await letsIn(PASSWORD), await letsIn(OTHER_PASSWORD)]).toEqual([false, true])
    expect(await statuses(sessions.map(({ client }) => client))).toEqual([401, 401])
    expect(await query(app, sql`select user_id, set_by from passwords`)).toEqual([
      { user_id: uuidOf(bob.id), set_by: uuidOf(carol.id) },
    ])
  })

  test('gives a password to a user without one', async () => {
    await change(app.root, 'setUserPassword', { ...INPUT, user: 'DAN' })

    expect(await letsIn(OTHER_PASSWORD, 'dan')).toBe(true)
  })

  test.each([
    ['omitted', {}],
    ['null', { endApiKeys: null }],
    ['false', { endApiKeys: false }],
  ])('keeps the keys of the user if endApiKeys is %s', async (_what, input) => {
    const { bob } = given()

    const { endedApiKeys } = await change(app.root, 'setUserPassword', { ...INPUT, ...input }, 'endedApiKeys')

    expect(endedApiKeys).toBe(0)
    expect(await statusOf(bob.client)).toBe(200)
  })

  test('revokes the keys of the user, and no other key, if endApiKeys is true', async () => {
    const { bob, dan } = given()
    const second = await createApiKey(bob.client)

    const { endedApiKeys } = await change(app.root, 'setUserPassword', { ...INPUT, endApiKeys: true }, 'endedApiKeys')

    expect(endedApiKeys).toBe(2)
    expect(await statuses([bob.client, app.as(second.key), dan.client, app.root])).toEqual([401, 401, 200, 200])
    const rows = await query(
      app,
      sql`select r.username from api_keys as k join users as r on r.id = k.revoked_by where k.user_id = ${uuidOf(bob.id)}`,
    )
    expect(rows).toEqual([{ username: 'root' }, { username: 'root' }])
  })

  test('leaves one audit row, which does not contain the password', async () => {
    const { bob } = given()

    await change(app.root, 'setUserPassword', { ...INPUT, endApiKeys: true })

    const rows = (await readAudit(app)).filter(({ action }) => action === 'setUserPassword')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      target_type: 'User',
      target_id: uuidOf(bob.id),
      before: { mustChangePassword: false },
      after: { password: 'set', endedApiKeys: 1, mustChangePassword: true },
    })
  })

  test('is a conflict for the caller’s own password', async () => {
    const { carol } = given()
    await change(app.root, 'setUserPassword', { user: 'carol', password: PASSWORD })

    const error = await withoutWriting(app, () =>
      failChange(carol.client, 'ConflictError', 'setUserPassword', { ...INPUT, user: 'carol' }),
    )

    expect(error.message).toBe('Change your own with changePassword.')
    expect(await statusOf(app.as(basic('carol', PASSWORD)))).toBe(200)
  })

  test('is forbidden without users.manage in the organization of the user', async () => {
    const { carol, dan } = given()
    await createPerson(app, 'erin', { organization: 'acme' })
    const auditor = { role: 'AUDITOR', organization: 'acme' }
    for (const user of ['carol', 'dan']) await grantRoles(app, user, [auditor])

    for (const { client } of [carol, dan]) {
      const { extensions } = await withoutWriting(app, () =>
        client.refused('FORBIDDEN', changeDocument('setUserPassword'), { input: { ...INPUT, user: 'erin' } }),
      )
      expect(missingOf(extensions)).toEqual(['users.manage'])
    }
    expect(await letsIn(PASSWORD, 'erin')).toBe(true)
  })

  test('does not find a user that the caller can’t see', async () => {
    const { carol } = given()
    await createPerson(app, 'erin', { organization: 'acme' })

    const input = { ...INPUT, user: 'erin' }
    const { path } = await withoutWriting(app, () =>
      failChange(carol.client, 'NotFoundError', 'setUserPassword', input),
    )

    expect(path.join('.')).toBe('user')
    expect(await letsIn(PASSWORD, 'erin')).toBe(true)
  })

  test('is forbidden for the password of an administrator, except to administrators', async () => {
    const { carol, dan } = given()
    await grantRoles(app, 'bob', [{ role: 'ADMINISTRATOR', everywhere: true }])
    await grantRoles(app, 'carol', [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }])

    const { extensions } = await withoutWriting(app, () =>
      carol.client.refused('FORBIDDEN', changeDocument('setUserPassword'), { input: INPUT }),
    )

    expect(missingOf(extensions)).toEqual(['ADMINISTRATOR'])
    expect(await letsIn(PASSWORD)).toBe(true)
    await grantRoles(app, 'dan', [{ role: 'ADMINISTRATOR', everywhere: true }])
    await change(dan.client, 'setUserPassword', INPUT)
    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  const TAKEOVERS: [string, RoleInput[], RoleInput[], string[]][] = [
    [
      'holds what the caller lacks',
      [{ role: 'VERSION_MANAGER', everywhere: true }],
      [{ role: 'PROJECT_MANAGER', organization: 'acme' }],
      ['version.create', 'version.delete', 'version.update'],
    ],
    [
      'holds in one place what the caller holds in another',
      [{ role: 'VERSION_MANAGER', organization: 'default' }],
      [{ role: 'VERSION_MANAGER', organization: 'acme' }],
      ['version.create', 'version.delete', 'version.update'],
    ],
    [
      'holds for longer what the caller holds',
      [{ role: 'VERSION_MANAGER', everywhere: true }],
      [{ role: 'VERSION_MANAGER', everywhere: true, expiresAt: inDays(1) }],
      ['version.create', 'version.delete', 'version.update'],
    ],
  ]

  test.each(TAKEOVERS)('is refused for a user who %s', async (_what, theirs, own, missing) => {
    const { carol } = given()
    await grantRoles(app, 'bob', theirs)
    await grantRoles(app, 'carol', own)

    const error = await withoutWriting(app, () =>
      failChange(carol.client, 'MissingAuthorityError', 'setUserPassword', INPUT),
    )

    expect(missingOf(error)).toEqual(missing)
    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test('is refused for a disabled user who would hold more', async () => {
    const { carol } = given()
    await grantRoles(app, 'bob', [{ role: 'AUDITOR', everywhere: true }])
    await change(app.root, 'disableUser', { user: 'bob' })

    const error = await withoutWriting(app, () =>
      failChange(carol.client, 'MissingAuthorityError', 'setUserPassword', INPUT),
    )

    expect(missingOf(error)).toEqual(['access.check', 'audit.read', 'users.read'])
  })

  test('is allowed for a user who holds no more than the caller', async () => {
    const { carol } = given()
    for (const user of ['bob', 'carol']) await grantRoles(app, user, [{ role: 'VERSION_MANAGER', everywhere: true }])

    await change(carol.client, 'setUserPassword', INPUT)

    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  test('is refused for a key with limits', async () => {
    const limits = [{ role: 'ADMINISTRATOR', everywhere: true }]
    const limited = await createApiKey(app.root, { limits })

    const { extensions } = await withoutWriting(app, () =>
      app.as(limited.key).refused('FORBIDDEN', changeDocument('setUserPassword'), { input: INPUT }),
    )

    expect(missingOf(extensions)).toEqual(['a key without limits'])
    expect(await letsIn(PASSWORD)).toBe(true)
  })
})

describe('the last administrator', () => {
  const keyOfRoot = async () => (await app.root.ok('{ viewer { apiKey { id } } }')).viewer.apiKey.id

  test('can revoke their last key if they have a password', async () => {
    await change(app.root, 'changePassword', { newPassword: PASSWORD })

    const { changed } = await change(app.root, 'revokeApiKey', { apiKey: await keyOfRoot() }, 'changed')

    expect(changed).toBe(true)
    expect(await statuses([app.root, app.as(basic('root', PASSWORD))])).toEqual([401, 200])
  })

  test('can’t revoke their last key if they have no password', async () => {
    const apiKey = await keyOfRoot()

    await withoutWriting(app, () => failChange(app.root, 'LastAdministratorError', 'revokeApiKey', { apiKey }))

    expect(await statusOf(app.root)).toBe(200)
  })

  test('can’t revoke their last key if all other administrators with a password are disabled or temporary', async () => {
    await createPerson(app, 'bob', { isAdmin: true })
    await change(app.root, 'disableUser', { user: 'bob' })
    await createPerson(app, 'carol', { roles: [{ role: 'ADMINISTRATOR', everywhere: true, expiresAt: inDays(3650) }] })
    await createPerson(app, 'dave')
    const apiKey = await keyOfRoot()

    await withoutWriting(app, () => failChange(app.root, 'LastAdministratorError', 'revokeApiKey', { apiKey }))

    await change(app.root, 'enableUser', { user: 'bob' })
    await change(app.root, 'revokeApiKey', { apiKey })
    expect(await statusOf(app.as(basic('bob', PASSWORD)))).toBe(200)
  })

  test('can revoke all their keys together with a change of their password', async () => {
    await change(app.root, 'changePassword', { newPassword: PASSWORD })
    const { client } = await signIn(app, 'root')

    const input = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD, endApiKeys: true }
    const { endedApiKeys } = await change(client, 'changePassword', input, 'endedApiKeys')

    expect(endedApiKeys).toBe(1)
    expect(await statuses([app.root, client, app.as(basic('root', OTHER_PASSWORD))])).toEqual([401, 200, 200])
  })

  test('can’t disable themselves, even with a password', async () => {
    const bob = await createPerson(app, 'bob', { isAdmin: true })
    const { client } = await signIn(app, 'bob')
    await change(client, 'revokeApiKey', { apiKey: await keyOfRoot() })

    await withoutWriting(app, () => failChange(client, 'LastAdministratorError', 'disableUser', { user: 'bob' }))

    expect(bob.key).toBe(null)
    expect(await statusOf(client)).toBe(200)
  })
})
