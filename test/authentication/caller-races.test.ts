/** The credential of a caller ends while their change is under way: the change is refused, or it was first. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { withdrawSigningKey } from '../../src/entities/session/signing-keys.ts'
import { type Answer, type Client, startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { holdTable, holdUser, untilWaiting } from '../support/locks.ts'
import { statusOf } from '../support/look.ts'
import { query } from '../support/rows.ts'
import { createApiKey, createRole, createUser, type SeededUser } from '../support/seed.ts'
import { basic, bearer, createPerson, PASSWORD, type Person, signIn } from '../support/sessions.ts'
import { KEYRING, readToken } from '../support/tokens.ts'

const app = startApp()

interface World {
  bob: Person
  /** The owner of the application's key, without authority. */
  owner: SeededUser
  client: Client
}

/** bob, who can make projects, with a session or a password, through the key of an application. */
async function createWorld(headersOf: () => Promise<{ authorization: string }>): Promise<World> {
  await createRole(app, 'CREATOR', ['projects.manage'])
  // Rows are locked by id: bob's comes before the owner's.
  const bob = await createPerson(app, 'bob', { roles: [{ role: 'CREATOR', everywhere: true }] })
  const owner = await createUser(app, 'owner')
  const client = app.as({ ...(await headersOf()), 'api-key': owner.key })
  expect(await statusOf(client)).toBe(200)
  return { bob, owner, client }
}

const create = (client: Client) => client.send(changeDocument('createProject'), { input: { code: 'apollo' } })

/** The project is made only where the answer says so. */
async function codesOfProjects(): Promise<string[]> {
  const rows = await query<{ code: string }>(app, sql`select code from projects`)
  return rows.map(({ code }) => code)
}

/** Something that happens to the caller while a change of theirs has been decided, and is not yet written. */
async function meet(asking: () => Promise<Answer>, ending: () => Promise<unknown>) {
  const letGo = await holdTable(app, 'projects')
  const asked = asking()
  await untilWaiting(app, 1)
  let isEnded = false
  const ended = ending().finally(() => {
    isEnded = true
  })
  await untilWaiting(app, 2)
  const endedFirst = isEnded
  await letGo()
  const answer = await asked
  await ended
  return { answer, endedFirst }
}

const WAYS: [string, () => Promise<{ authorization: string }>][] = [
  ['Basic', async () => basic('bob', PASSWORD)],
  ['a session', async () => bearer((await signIn(app, 'bob')).token)],
]

const ENDS: [string, (world: World) => Promise<unknown>, string][] = [
  [
    'the key is revoked',
    ({ owner }) => change(app.root, 'revokeApiKey', { apiKey: owner.keyId }),
    `select revoked_at as ended from api_keys where revoked_at is not null`,
  ],
  [
    'the key is rotated',
    ({ owner }) => change(app.root, 'rotateApiKey', { apiKey: owner.keyId }),
    `select revoked_at as ended from api_keys where revoked_at is not null`,
  ],
  [
    'its owner is disabled',
    () => change(app.root, 'disableUser', { user: 'owner' }),
    'select since as ended from user_suspensions',
  ],
  [
    'its owner is deleted',
    () => change(app.root, 'deleteUser', { user: 'owner' }),
    'select deleted_at as ended from users where deleted_at is not null',
  ],
]

// The embedded database has one session: there nothing can be overtaken.
describe.runIf(isPostgres()).each(WAYS)('a change under way by %s and an application’s key', (_way, headersOf) => {
  const given = app.world(() => createWorld(headersOf))

  test.each(ENDS)('is answered with 401 if %s before the decision', async (_what, end) => {
    const world = given()
    const letGo = await holdUser(app, world.bob.id)
    const asking = create(world.client)
    await untilWaiting(app, 1)

    await end(world)
    await letGo()

    const { status, data, errors } = await asking
    expect([status, data?.createProject ?? null, errors[0]?.extensions.code]).toEqual([401, null, 'UNAUTHENTICATED'])
    expect(await codesOfProjects()).toEqual([])
  })

  test.each(ENDS)('is completed before %s', async (_what, end, endText) => {
    const world = given()

    const { answer, endedFirst } = await meet(
      () => create(world.client),
      () => end(world),
    )

    expect(endedFirst).toBe(false)
    expect(answer.data.createProject.__typename).toBe('CreateProjectPayload')
    expect(await codesOfProjects()).toEqual(['apollo'])
    expect(await statusOf(world.client)).toBe(401)
    const [order] = await query(
      app,
      sql`select a.at <= e.ended as in_order from audit_events as a, (${sql.raw(endText)}) as e where a.action = 'createProject'`,
    )
    expect(order).toEqual({ in_order: true })
  })

  test('succeeds if nothing happens meanwhile', async () => {
    const world = given()
    const letGo = await holdUser(app, world.bob.id)
    const asking = create(world.client)
    await untilWaiting(app, 1)

    await letGo()

    expect((await asking).data.createProject.__typename).toBe('CreateProjectPayload')
  })
})

describe.runIf(isPostgres())('a change under way by a session', () => {
  test('is answered with 401 if the key that signed its token is withdrawn before the decision', async () => {
    const bob = await createPerson(app, 'bob', { isAdmin: true })
    const { token, client } = await signIn(app, 'bob')
    const letGo = await holdUser(app, bob.id)
    const asking = create(client)
    await untilWaiting(app, 1)

    const kid = String(readToken(token).header.kid)
    await app.database.transaction((tx) => withdrawSigningKey(tx, KEYRING, kid))
    await letGo()

    const { status, errors } = await asking
    expect([status, errors[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
    expect(await codesOfProjects()).toEqual([])
  })
})

describe.runIf(isPostgres())('a change under way with a key that is limited to a role', () => {
  const NARROWED: [string, () => Promise<unknown>][] = [
    [
      'loses the permission',
      () => change(app.root, 'updateRole', { role: 'LIMIT', removePermissions: ['projects.manage'] }),
    ],
    ['is deleted', () => change(app.root, 'deleteRole', { role: 'LIMIT' })],
  ]

  /** bob, who holds the permission by another role than the one that limits his key. */
  const given = app.world(async () => {
    await createRole(app, 'CREATOR', ['projects.manage'])
    await createRole(app, 'LIMIT', ['projects.manage'])
    const bob = await createUser(app, 'bob', { roles: [{ role: 'CREATOR', everywhere: true }] })
    const { key } = await createApiKey(bob.client, { limits: [{ role: 'LIMIT', everywhere: true }] })
    return { bob, client: app.as(key) }
  })

  test.each(NARROWED)('is refused if the role %s before the decision', async (_what, narrow) => {
    const { bob, client } = given()
    const letGo = await holdUser(app, bob.id)
    const asking = create(client)
    await untilWaiting(app, 1)

    await narrow()
    await letGo()

    const { data, errors } = await asking
    expect([data?.createProject ?? null, errors[0]?.extensions.code]).toEqual([null, 'FORBIDDEN'])
    expect(await codesOfProjects()).toEqual([])
  })

  test.each(NARROWED)('is completed before the role %s', async (_what, narrow) => {
    const { client } = given()

    const { answer, endedFirst } = await meet(() => create(client), narrow)

    expect(endedFirst).toBe(false)
    expect(answer.data.createProject.__typename).toBe('CreateProjectPayload')
    const { errors } = await client.send(changeDocument('createProject'), { input: { code: 'gemini' } })
    expect(errors[0]?.extensions.code).toBe('FORBIDDEN')
    expect(await codesOfProjects()).toEqual(['apollo'])
  })
})
