import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { permissionsOf, statusOf } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { lapseKey, query, readAudit, uuidOf, withoutWriting } from '../support/rows.ts'
import { createApiKey, createProject, createRole, createUser, type SeededUser } from '../support/seed.ts'
import { basic, bearer, createPerson, PASSWORD, signIn, VIEWER, withoutChange } from '../support/sessions.ts'

const app = startApp()

const ROLES = [
  { role: 'VERSION_MANAGER', everywhere: true },
  { role: 'CREATOR', everywhere: true },
]

interface World {
  bobId: string
  /** The owner of the application's keys, without authority. */
  owner: SeededUser
  /** Requests of bob, by password or session, with this key of an application. */
  with(key: string): Client
}

const WAYS: [string, () => Promise<{ authorization: string }>][] = [
  ['Basic', async () => basic('bob', PASSWORD)],
  ['a session', async () => bearer((await signIn(app, 'bob')).token)],
]

async function createWorld(way: () => Promise<{ authorization: string }>): Promise<World> {
  await createRole(app, 'CREATOR', ['projects.manage'])
  const bob = await createPerson(app, 'bob', { roles: ROLES })
  const owner = await createUser(app, 'owner')
  const headers = await way()
  return { bobId: bob.id, owner, with: (key) => app.as({ ...headers, 'api-key': key }) }
}

describe.each(WAYS)('%s and an application’s key', (wayName, way) => {
  const given = app.world(() => createWorld(way))

  test('are one caller: the user, through the key', async () => {
    const world = given()

    const { viewer } = await world.with(world.owner.key).ok('{ viewer { user { username } session { isCurrent } } }')

    expect(viewer).toEqual({
      user: { username: 'bob' },
      session: wayName === 'Basic' ? null : { isCurrent: true },
    })
  })

  test('show the key only to users who can read the record of its owner', async () => {
    const world = given()
    const client = world.with(world.owner.key)
    const KEY = '{ viewer { apiKey { id label } } }'

    expect((await client.ok(KEY)).viewer.apiKey).toBe(null)
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'AUDITOR', everywhere: true }] })
    expect((await client.ok(KEY)).viewer.apiKey).toEqual({ id: world.owner.keyId, label: 'first key' })
  })

  test('have the permissions of the user if the key has no limits', async () => {
    const world = given()

    expect(await permissionsOf(world.with(world.owner.key))).toEqual([
      'projects.manage everywhere',
      'version.create everywhere',
      'version.delete everywhere',
      'version.update everywhere',
    ])
  })

  test('have the permissions of the user that the limits of the key allow', async () => {
    const world = given()
    await createProject(app, 'apollo')
    const limits = [
      { role: 'VERSION_MANAGER', project: 'apollo' },
      { role: 'AUDITOR', everywhere: true },
    ]
    const limited = await createApiKey(app.root, { user: 'owner', limits })
    const none = await createApiKey(app.root, { user: 'owner', limits: [] })

    expect(await permissionsOf(world.with(limited.key))).toEqual([
      'version.create on apollo',
      'version.delete on apollo',
      'version.update on apollo',
    ])
    expect(await permissionsOf(world.with(none.key))).toEqual([])
    await withoutWriting(app, () =>
      world.with(limited.key).refused('FORBIDDEN', changeDocument('createProject'), { input: { code: 'gemini' } }),
    )
  })

  test('can’t change credentials if the key has limits', async () => {
    const world = given()
    const limited = await createApiKey(app.root, { user: 'owner', limits: ROLES })
    const client = world.with(limited.key)
    await statusOf(client)

    const { extensions } = await withoutChange(app, () =>
      client.refused('FORBIDDEN', changeDocument('createApiKey'), { input: { label: 'mine' } }),
    )
    await withoutChange(app, () =>
      client.refused('FORBIDDEN', changeDocument('changePassword'), {
        input: { currentPassword: PASSWORD, newPassword: 'a wholly new one' },
      }),
    )

    expect(missingOf(extensions)).toEqual(['a key without limits'])
    expect(await statusOf(app.as(basic('bob', PASSWORD)))).toBe(200)
  })

  test('can only read if the key is read-only', async () => {
    const world = given()
    const isReadOnly = await createApiKey(app.root, { user: 'owner', isReadOnly: true })
    const client = world.with(isReadOnly.key)

    const { extensions } = await withoutChange(app, () =>
      client.refused('FORBIDDEN', changeDocument('createProject'), { input: { code: 'apollo' } }),
    )

    expect(missingOf(extensions)).toEqual(['a key that is not read-only'])
    expect(await statusOf(client)).toBe(200)
  })

  test('are both in the audit row of a change', async () => {
    const world = given()

    await change(world.with(world.owner.key), 'createProject', { code: 'apollo' })

    const [session] = await query<{ id: string }>(app, sql`select id from sessions`)
    const rows = (await readAudit(app)).filter(({ action }) => action === 'createProject')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      actor_id: uuidOf(world.bobId),
      api_key_id: uuidOf(world.owner.keyId),
      session_id: session?.id ?? null,
    })
    expect(session === undefined).toBe(wayName === 'Basic')
  })

  const BAD_KEYS: [string, (world: World) => Promise<string>][] = [
    ['is nonsense', async () => 'nonsense'],
    ['is empty', async () => ''],
    ['has another secret', async ({ owner }) => owner.key.slice(0, -1) + (owner.key.endsWith('a') ? 'b' : 'a')],
    [
      'was revoked',
      async ({ owner }) => {
        await change(app.root, 'revokeApiKey', { apiKey: owner.keyId })
        return owner.key
      },
    ],
    [
      'has expired',
      async ({ owner }) => {
        await lapseKey(app, owner.keyId)
        return owner.key
      },
    ],
    [
      'has an owner who is disabled',
      async ({ owner }) => {
        await change(app.root, 'disableUser', { user: 'owner' })
        return owner.key
      },
    ],
    [
      'has an owner who was deleted',
      async ({ owner }) => {
        await change(app.root, 'deleteUser', { user: 'owner' })
        return owner.key
      },
    ],
  ]

  test.each(BAD_KEYS)('are answered with 401 if the key %s', async (_what, keyOf) => {
    const world = given()
    const client = world.with(await keyOf(world))

    const answer = await withoutChange(app, () =>
      client.send(changeDocument('createProject'), { input: { code: 'apollo' } }),
    )

    expect([answer.status, answer.headers.get('www-authenticate'), answer.data]).toEqual([401, 'Bearer', null])
    expect(answer.errors).toEqual([
      { message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } },
    ])
  })

  test('are answered with 401 if the user is disabled, although the key is valid', async () => {
    const world = given()
    const client = world.with(world.owner.key)
    expect(await statusOf(client)).toBe(200)

    await change(app.root, 'disableUser', { user: 'bob' })

    expect(await statusOf(client)).toBe(401)
    expect(await statusOf(world.owner.client)).toBe(200)
  })
})

describe('a valid key', () => {
  const given = app.world(async () => {
    await createPerson(app, 'bob')
    return { owner: await createUser(app, 'owner', { isAdmin: true }) }
  })

  test.each([
    ['a wrong password', async () => basic('bob', 'wrong')],
    ['a user without a password', async () => basic('owner', PASSWORD)],
    ['a malformed password', async () => ({ authorization: 'Basic %%%' })],
    [
      'a session that was signed out',
      async () => {
        const { token, client } = await signIn(app, 'bob')
        await client.ok('mutation { signOut { __typename } }')
        return bearer(token)
      },
    ],
    [
      'a forged token',
      async () => {
        const { token } = await signIn(app, 'bob')
        return bearer(`${token.slice(0, -8)}AAAAAAAA`)
      },
    ],
  ])('together with %s is answered with 401', async (_what, headersOf) => {
    const { owner } = given()
    const client = app.as({ ...(await headersOf()), 'api-key': owner.key })

    const { status, data } = await withoutChange(app, () => client.send(VIEWER))

    expect([status, data]).toEqual([401, null])
    expect(await statusOf(owner.client)).toBe(200)
  })
})
