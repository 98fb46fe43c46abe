/** A user who gets into another user's account gets no secret from it: the credentials that were there are locked. */
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { addCredential, reveal } from '../../support/credentials.ts'
import { createController } from '../../support/levels.ts'
import { withoutWriting } from '../../support/rows.ts'
import { createApiKey, createRole, createUser, type SeededUser } from '../../support/seed.ts'
import { OTHER_PASSWORD, PASSWORD, signIn, withoutChange } from '../../support/sessions.ts'

const app = startApp()
const given = app.world(createWorld)

const SECRET = 'top-secret-0123456789'
const OTHER_SECRET = 'added-afterwards-9876'

interface World {
  bob: SeededUser
  /** Bob, with a second key of his own. */
  own: Client
  /** May manage users, and holds all that bob holds. */
  manager: SeededUser
}

async function createWorld(): Promise<World> {
  await createRole(app, 'MANAGER', ['users.manage', 'users.read'])
  const manager = await createUser(app, 'manager', { roles: [{ role: 'MANAGER', everywhere: true }] })
  const bob = await createUser(app, 'bob')
  await change(bob.client, 'changePassword', { newPassword: PASSWORD })
  await addCredential(bob.client, 'aws', SECRET)
  const own = app.as((await createApiKey(bob.client)).key)
  return { bob, own, manager }
}

/** What lets another user into bob's account: the mutation, its input, and the client that comes of it. */
interface Way {
  mutation: string
  input(world: World): object
  enter(payload: { secret?: string }): Promise<Client>
}

const withPassword = async () => (await signIn(app, 'bob', OTHER_PASSWORD)).client
const withKey = async ({ secret = '' }: { secret?: string }) => app.as(secret)
const AFTER_A_DAY = new Date(Date.now() + 86_400_000).toISOString()

const WAYS: [string, Way][] = [
  [
    'sets their password',
    {
      mutation: 'setUserPassword',
      input: () => ({ user: 'bob', password: OTHER_PASSWORD, mustChangePassword: false }),
      enter: withPassword,
    },
  ],
  ['makes them a key', { mutation: 'createApiKey', input: () => ({ user: 'bob', label: 'mine' }), enter: withKey }],
  [
    'rotates a key of theirs',
    { mutation: 'rotateApiKey', input: ({ bob }) => ({ apiKey: bob.keyId }), enter: withKey },
  ],
  [
    'rotates a key of theirs, which still works for some time',
    {
      mutation: 'rotateApiKey',
      input: ({ bob }) => ({ apiKey: bob.keyId, overlapUntil: AFTER_A_DAY }),
      enter: withKey,
    },
  ],
]

const PAYLOADS: Record<string, string> = {
  setUserPassword: '__typename',
  createApiKey: 'secret',
  rotateApiKey: 'secret',
}

/** Another user does what lets them in; gives the client that they have then. */
async function breakIn(by: Client, { mutation, input, enter }: Way, world: World): Promise<Client> {
  return enter(await change(by, mutation, input(world), PAYLOADS[mutation]))
}

async function isLocked(client: Client, name = 'aws') {
  const { message } = await withoutWriting(app, () => failChange(client, 'ConflictError', 'revealCredential', { name }))
  expect(message).toBe('It is locked, as another user has had access to this account since: add it again.')
}

/** The secret of bob's credential. */
async function secretOf(client: Client, name = 'aws') {
  return (await reveal(client, name)).find(({ isSecret }) => isSecret)?.value
}

/** Which of bob's credentials are locked, as the client sees it. */
async function locksOf(client: Client): Promise<Record<string, boolean>> {
  const { user } = await client.ok('{ user(username: "bob") { credentials { nodes { name lockedAt } } } }')
  return Object.fromEntries(
    user.credentials.nodes.map(({ name, lockedAt }: { name: string; lockedAt: string | null }) => [
      name,
      lockedAt !== null && Date.parse(lockedAt) <= Date.now() + 1000,
    ]),
  )
}

describe.each(WAYS)('the credentials of a user are locked where another user %s', (_what, way) => {
  test.each(['a delegate', 'an administrator'])('for %s who gets in with it', async (who) => {
    const world = given()

    const intruder = await breakIn(who === 'a delegate' ? world.manager.client : app.root, way, world)

    await isLocked(intruder)
    expect(await locksOf(app.root)).toEqual({ aws: true })
  })

  test('for the user too, because the server cannot tell the two apart', async () => {
    const world = given()

    await breakIn(world.manager.client, way, world)

    await isLocked(world.own)
    expect(await locksOf(world.own)).toEqual({ aws: true })
  })

  test('but not those that the user adds afterwards, nor those of another user', async () => {
    const world = given()
    const carol = await createUser(app, 'carol')
    await addCredential(carol.client, 'aws', 'of carol')

    await breakIn(world.manager.client, way, world)
    await addCredential(world.own, 'ec2', OTHER_SECRET)

    expect(await secretOf(world.own, 'ec2')).toBe(OTHER_SECRET)
    expect(await locksOf(world.own)).toEqual({ aws: true, ec2: false })
    expect(await secretOf(carol.client)).toBe('of carol')
  })

  test('until the user removes them and adds them again', async () => {
    const world = given()
    await breakIn(world.manager.client, way, world)

    await change(world.own, 'removeCredential', { name: 'aws' })
    await addCredential(world.own, 'aws', OTHER_SECRET)

    expect(await secretOf(world.own)).toBe(OTHER_SECRET)
  })

  test('but not by a dry run', async () => {
    const world = given()
    const input = way.input(world)

    await withoutChange(app, () => world.manager.client.ok(changeDocument(way.mutation), { input, dryRun: true }))

    expect(await locksOf(world.bob.client)).toEqual({ aws: false })
    expect(await secretOf(world.bob.client)).toBe(SECRET)
  })

  test('and models that use them still do, but no other model can be given them', async () => {
    const world = given()
    await createController(app, 'gce1')
    await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'ADD_MODEL' })
    await change(world.own, 'createModel', { controller: 'gce1', name: 'web', credential: 'aws' })

    await breakIn(app.root, way, world)
    const input = { controller: 'gce1', name: 'db', credential: 'aws' }
    const refused = await withoutWriting(app, () => failChange(world.own, 'ConflictError', 'createModel', input))

    expect(refused.message).toContain('It is locked')
    await change(world.own, 'createModel', { controller: 'gce1', name: 'db' })
    const second = { controller: 'gce1', model: 'db', credential: 'aws' }
    await withoutWriting(app, () => failChange(world.own, 'ConflictError', 'updateModel', second))
    const { models } = await app.root.ok('{ models { nodes { name credential { name } } } }')
    const used = { credential: { name: 'aws' } }
    expect(models.nodes).toEqual([
      { name: 'db', credential: null },
      { name: 'web', ...used },
    ])
    await failChange(world.own, 'ConflictError', 'removeCredential', { name: 'aws' })
  })
})

test('a locked credential keeps the time at which it was locked first', async () => {
  const LOCKED = '{ user(username: "bob") { credentials { nodes { lockedAt } } } }'
  await change(app.root, 'createApiKey', { user: 'bob', label: 'one' })
  const first = await app.root.ok(LOCKED)

  await change(app.root, 'createApiKey', { user: 'bob', label: 'two' })

  expect(await app.root.ok(LOCKED)).toEqual(first)
})

describe('no credential is locked where a user', () => {
  const OWN: [string, (bob: SeededUser) => Promise<Client>][] = [
    [
      'changes their own password',
      async (bob) => {
        await change(bob.client, 'changePassword', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD })
        return (await signIn(app, 'bob', OTHER_PASSWORD)).client
      },
    ],
    ['makes a key of their own', async (bob) => app.as((await createApiKey(bob.client)).key)],
    [
      'makes a key for their own username',
      async (bob) => app.as((await createApiKey(bob.client, { user: 'BOB' })).key),
    ],
    [
      'rotates a key of their own',
      async (bob) => app.as((await change(bob.client, 'rotateApiKey', { apiKey: bob.keyId }, 'secret')).secret),
    ],
    [
      'rotates a key of their own, which still works for some time',
      async (bob) => {
        const input = { apiKey: bob.keyId, overlapUntil: AFTER_A_DAY }
        return app.as((await change(bob.client, 'rotateApiKey', input, 'secret')).secret)
      },
    ],
  ]

  test.each(OWN)('%s', async (_what, act) => {
    const { bob } = given()

    const client = await act(bob)

    expect(await secretOf(client)).toBe(SECRET)
    expect(await locksOf(app.root)).toEqual({ aws: false })
  })
})

describe('no credential is locked by a change that lets no other user in:', () => {
  test.each([
    ['disabling and enabling the user', ['disableUser', 'enableUser'], { user: 'bob' }],
    ['setting another e-mail', ['updateUser'], { user: 'bob', email: 'new@example.test' }],
    ['ending the user’s sessions', ['signOutEverywhere'], { user: 'bob' }],
  ])('%s', async (_what, mutations, input) => {
    const { bob } = given()

    for (const name of mutations) await change(app.root, name, input)

    expect(await secretOf(bob.client)).toBe(SECRET)
  })

  test('a refused attempt', async () => {
    const { bob, manager } = given()
    await change(app.root, 'grantRoles', { user: 'bob', roles: [{ role: 'AUDITOR', everywhere: true }] })

    await failChange(manager.client, 'MissingAuthorityError', 'setUserPassword', {
      user: 'bob',
      password: OTHER_PASSWORD,
    })
    await failChange(manager.client, 'MissingAuthorityError', 'createApiKey', { user: 'bob', label: 'mine' })
    await failChange(manager.client, 'MissingAuthorityError', 'rotateApiKey', { apiKey: bob.keyId })

    expect(await secretOf(bob.client)).toBe(SECRET)
  })
})
