import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { inDays, statusOf } from '../../support/look.ts'
import { query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createRole, createUser } from '../../support/seed.ts'
import { basic, createPerson, OTHER_PASSWORD, PASSWORD, signIn } from '../../support/sessions.ts'

const app = startApp()

const INPUT = { user: 'bob', password: OTHER_PASSWORD }

const statuses = (clients: Client[]) => Promise.all(clients.map(statusOf))
const letsIn = async (password: string) => (await statusOf(app.as(basic('bob', password)))) === 200

/** Who reads and manages the users of a place, and holds these roles besides. */
async function createKeeper(organization: string, roles: object[] = []) {
  await createRole(app, 'KEEPER', ['users.read', 'users.manage'])
  return createUser(app, 'carol', { roles: [{ role: 'KEEPER', organization }, ...roles] as never })
}

describe('setting somebody’s password', () => {
  test('lets them in with it, and ends all their sessions', async () => {
    const bob = await createPerson(app, 'bob', { withApiKey: true })
    const sessions = [await signIn(app, 'bob'), await signIn(app, 'bob')]
    const carol = await createKeeper('default')

    const payload = await change(carol.client, 'setUserPassword', INPUT, 'endedApiKeys user { username }')

    expect(payload).toEqual({ __typename: 'SetUserPasswordPayload', endedApiKeys: 0, user: { username: 'bob' } })
    expect([await letsIn(PASSWORD), await letsIn(OTHER_PASSWORD)]).toEqual([false, true])
    expect(await statuses(sessions.map(({ client }) => client))).toEqual([401, 401])
    expect(await query(app, sql`select user_id, set_by from passwords`)).toEqual([
      { user_id: uuidOf(bob.id), set_by: uuidOf(carol.id) },
    ])
  })

  test('gives one to who had none', async () => {
    await createUser(app, 'bob')

    await change(app.root, 'setUserPassword', { ...INPUT, user: 'BOB' })

    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  test.each([
    ['omitted', {}],
    ['null', { endApiKeys: null }],
    ['false', { endApiKeys: false }],
  ])('keeps their keys where endApiKeys is %s', async (_what, input) => {
    const bob = await createUser(app, 'bob')

    const { endedApiKeys } = await change(app.root, 'setUserPassword', { ...INPUT, ...input }, 'endedApiKeys')

    expect(endedApiKeys).toBe(0)
    expect(await statusOf(bob.client)).toBe(200)
  })

  test('revokes their keys, and no other, where asked to', async () => {
    const bob = await createUser(app, 'bob')
    const second = await createApiKey(bob.client)
    const alice = await createUser(app, 'alice')

    const { endedApiKeys } = await change(app.root, 'setUserPassword', { ...INPUT, endApiKeys: true }, 'endedApiKeys')

    expect(endedApiKeys).toBe(2)
    expect(await statuses([bob.client, app.as(second.key), alice.client, app.root])).toEqual([401, 401, 200, 200])
    const rows = await query(
      app,
      sql`select r.username from api_keys as k join users as r on r.id = k.revoked_by where k.user_id = ${uuidOf(bob.id)}`,
    )
    expect(rows).toEqual([{ username: 'root' }, { username: 'root' }])
  })

  test('leaves one audit row, which says that and not what', async () => {
    const bob = await createUser(app, 'bob')

    await change(app.root, 'setUserPassword', { ...INPUT, endApiKeys: true })

    const rows = (await readAudit(app)).filter(({ action }) => action === 'setUserPassword')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      target_type: 'User',
      target_id: uuidOf(bob.id),
      before: null,
      after: { password: 'set', endedApiKeys: 1 },
    })
  })

  test('is a conflict for one’s own', async () => {
    const carol = await createKeeper('default')
    await change(app.root, 'setUserPassword', { user: 'carol', password: PASSWORD })

    const error = await withoutWriting(app, () =>
      failChange(carol.client, 'Conflict', 'setUserPassword', { ...INPUT, user: 'carol' }),
    )

    expect(error.message).toBe('Change your own with changePassword.')
    expect(await statusOf(app.as(basic('carol', PASSWORD)))).toBe(200)
  })

  test('is forbidden without users.manage over their home', async () => {
    await createOrganization(app, 'acme')
    await createPerson(app, 'bob', { organization: 'acme' })
    const auditor = { role: 'AUDITOR', organization: 'acme' }
    const carol = await createKeeper('default', [auditor])
    const dan = await createUser(app, 'dan', { roles: [auditor] })

    for (const { client } of [carol, dan]) {
      const { extensions } = await withoutWriting(app, () =>
        client.refused('FORBIDDEN', changeDocument('setUserPassword'), { input: INPUT }),
      )
      expect(extensions.missing).toEqual(['users.manage'])
    }
    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test('finds nobody whom the caller does not see', async () => {
    await createOrganization(app, 'acme')
    await createPerson(app, 'bob', { organization: 'acme' })
    const carol = await createKeeper('default')

    const { path } = await withoutWriting(app, () => failChange(carol.client, 'NotFound', 'setUserPassword', INPUT))

    expect(path).toBe('user')
    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test('is forbidden against an administrator, except to administrators', async () => {
    await createPerson(app, 'bob', { isAdmin: true })
    const admin = await createUser(app, 'carol', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }] })

    const { extensions } = await withoutWriting(app, () =>
      admin.client.refused('FORBIDDEN', changeDocument('setUserPassword'), { input: INPUT }),
    )

    expect(extensions.missing).toEqual(['ADMINISTRATOR'])
    expect(await letsIn(PASSWORD)).toBe(true)
    const other = await createUser(app, 'dave', { isAdmin: true })
    await change(other.client, 'setUserPassword', INPUT)
    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  const TAKEOVERS: [string, object, object[], string[]][] = [
    [
      'holds what the caller lacks',
      { roles: [{ role: 'VERSION_MANAGER', everywhere: true }] },
      [],
      ['version.create', 'version.delete', 'version.update'],
    ],
    [
      'holds in one place what the caller holds in another',
      { roles: [{ role: 'VERSION_MANAGER', organization: 'default' }] },
      [{ role: 'VERSION_MANAGER', organization: 'acme' }],
      ['version.create', 'version.delete', 'version.update'],
    ],
    [
      'holds for longer what the caller holds',
      { roles: [{ role: 'VERSION_MANAGER', everywhere: true }] },
      [{ role: 'VERSION_MANAGER', everywhere: true, expiresAt: inDays(1) }],
      ['version.create', 'version.delete', 'version.update'],
    ],
  ]

  test.each(TAKEOVERS)('takes over nobody who %s', async (_what, theirs, own, missing) => {
    await createOrganization(app, 'acme')
    await createPerson(app, 'bob', theirs)
    const carol = await createKeeper('default', own)

    const error = await withoutWriting(app, () =>
      failChange(carol.client, 'MissingAuthority', 'setUserPassword', INPUT),
    )

    expect(error.missing).toEqual(missing)
    expect(await letsIn(PASSWORD)).toBe(true)
  })

  test('takes over nobody who is suspended and would hold more', async () => {
    await createPerson(app, 'bob', { roles: [{ role: 'AUDITOR', everywhere: true }] })
    await change(app.root, 'disableUser', { user: 'bob' })
    const carol = await createKeeper('default')

    const error = await withoutWriting(app, () =>
      failChange(carol.client, 'MissingAuthority', 'setUserPassword', INPUT),
    )

    expect(error.missing).toEqual(['access.check', 'audit.read', 'users.read'])
  })

  test('may take over who holds no more than the caller', async () => {
    const roles = [{ role: 'VERSION_MANAGER', everywhere: true }]
    await createPerson(app, 'bob', { roles })
    const carol = await createKeeper('default', roles)

    await change(carol.client, 'setUserPassword', INPUT)

    expect(await letsIn(OTHER_PASSWORD)).toBe(true)
  })

  test('is not for a key with limits', async () => {
    await createPerson(app, 'bob')
    const limits = [{ role: 'ADMINISTRATOR', everywhere: true }]
    const limited = await createApiKey(app.root, { limits })

    const { extensions } = await withoutWriting(app, () =>
      app.as(limited.key).refused('FORBIDDEN', changeDocument('setUserPassword'), { input: INPUT }),
    )

    expect(extensions.missing).toEqual(['a key without limits'])
    expect(await letsIn(PASSWORD)).toBe(true)
  })
})

describe('whoever has a password can sign in: the last administrator', () => {
  const keyOfRoot = async () => (await app.root.ok('{ viewer { apiKey { id } } }')).viewer.apiKey.id

  test('may revoke their last key where they have a password', async () => {
    await change(app.root, 'changePassword', { newPassword: PASSWORD })

    const { changed } = await change(app.root, 'revokeApiKey', { apiKey: await keyOfRoot() }, 'changed')

    expect(changed).toBe(true)
    expect(await statuses([app.root, app.as(basic('root', PASSWORD))])).toEqual([401, 200])
  })

  test('may not where they have none', async () => {
    const apiKey = await keyOfRoot()

    await withoutWriting(app, () => failChange(app.root, 'LastAdmin', 'revokeApiKey', { apiKey }))

    expect(await statusOf(app.root)).toBe(200)
  })

  test('may not where another’s password is of an administrator who is disabled, or for a time', async () => {
    await createPerson(app, 'bob', { isAdmin: true })
    await change(app.root, 'disableUser', { user: 'bob' })
    await createPerson(app, 'carol', { roles: [{ role: 'ADMINISTRATOR', everywhere: true, expiresAt: inDays(3650) }] })
    await createPerson(app, 'dave')
    const apiKey = await keyOfRoot()

    await withoutWriting(app, () => failChange(app.root, 'LastAdmin', 'revokeApiKey', { apiKey }))

    await change(app.root, 'enableUser', { user: 'bob' })
    await change(app.root, 'revokeApiKey', { apiKey })
    expect(await statusOf(app.as(basic('bob', PASSWORD)))).toBe(200)
  })

  test('may end all their keys with a new password', async () => {
    await change(app.root, 'changePassword', { newPassword: PASSWORD })
    const { client } = await signIn(app, 'root')

    const input = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD, endApiKeys: true }
    const { endedApiKeys } = await change(client, 'changePassword', input, 'endedApiKeys')

    expect(endedApiKeys).toBe(1)
    expect(await statuses([app.root, client, app.as(basic('root', OTHER_PASSWORD))])).toEqual([401, 200, 200])
  })

  test('may not be disabled by themselves, with a password as with a key', async () => {
    const bob = await createPerson(app, 'bob', { isAdmin: true })
    const { client } = await signIn(app, 'bob')
    await change(client, 'revokeApiKey', { apiKey: await keyOfRoot() })

    await withoutWriting(app, () => failChange(client, 'LastAdmin', 'disableUser', { user: 'bob' }))

    expect(bob.key).toBe(null)
    expect(await statusOf(client)).toBe(200)
  })
})
