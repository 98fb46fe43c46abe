/** A key that is changed in place: its secret stays the same. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { inDays, permissionsOf, statusOf } from '../../support/look.ts'
import { lacks, type Told } from '../../support/refusals.ts'
import { withoutWriting } from '../../support/rows.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  grantRoles,
} from '../../support/seed.ts'

const app = startApp()
const given = app.world(createWorld)

/** bob reads and writes pages everywhere; keeper manages the users of bob's organization, and reads pages there. */
async function createWorld() {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createRole(app, 'READER', ['page.read'])
  await createRole(app, 'WRITER', ['page.read', 'page.write'])
  await createRole(app, 'KEEPER', ['users.read', 'users.manage'])
  const bob = await createUser(app, 'bob', { organization: 'acme', roles: [{ role: 'WRITER', everywhere: true }] })
  const roles = [
    { role: 'KEEPER', organization: 'acme' },
    { role: 'READER', organization: 'acme' },
  ]
  return { bob, keeper: await createUser(app, 'keeper', { organization: 'acme', roles }) }
}

const READER = { role: 'READER', everywhere: true }
const WRITER = { role: 'WRITER', everywhere: true }

/** What bob holds and keeper does not. */
const PAGES: Told = [
  ['page.read', 'everywhere'],
  ['page.write', 'everywhere'],
]

describe('updating a key', () => {
  test('changes its label, its end and its limits, and its secret still works', async () => {
    const { bob } = given()
    const { id, key } = await createApiKey(bob.client, { label: 'ci', expiresAt: inDays(9) })
    const expiresAt = inDays(5)

    const input = { apiKey: id, label: 'deploy', expiresAt, limits: [READER] }
    const FIELDS = 'changed apiKey { label expiresAt isLimited limits { role { name } scope } }'
    const { changed, apiKey } = await change(bob.client, 'updateApiKey', input, FIELDS)

    expect({ changed, ...apiKey }).toEqual({
      changed: true,
      label: 'deploy',
      expiresAt,
      isLimited: true,
      limits: [{ role: { name: 'READER' }, scope: 'EVERYWHERE' }],
    })
    expect(await permissionsOf(app.as(key))).toEqual(['page.read everywhere'])
  })

  test('leaves what is not given as it is, and writes nothing where it is like that already', async () => {
    const { bob } = given()
    const { id, key } = await createApiKey(bob.client, { label: 'ci', expiresAt: inDays(9), limits: [READER] })

    await change(bob.client, 'updateApiKey', { apiKey: id, label: 'deploy' })
    const again = await withoutWriting(app, () =>
      change(bob.client, 'updateApiKey', { apiKey: id, label: 'deploy', limits: [READER] }, 'changed'),
    )

    expect(again.changed).toBe(false)
    expect(await permissionsOf(app.as(key))).toEqual(['page.read everywhere'])
  })

  test('takes effect for the next request with it, on a server that has kept its authority', async () => {
    const { bob } = given()
    const { id, key } = await createApiKey(bob.client, { label: 'ci' })
    const before = [await permissionsOf(app.as(key)), await permissionsOf(app.as(key))]

    await change(bob.client, 'updateApiKey', { apiKey: id, limits: [] })

    expect(before[1]).toEqual(['page.read everywhere', 'page.write everywhere'])
    expect(await permissionsOf(app.as(key))).toEqual([])
    expect(await statusOf(app.as(key))).toBe(200)
  })

  test.each(['label', 'expiresAt', 'limits'])('never takes null for more: %s', async (field) => {
    const { bob } = given()

    await withoutWriting(app, () =>
      failInput(bob.client, [field], 'updateApiKey', { apiKey: bob.keyId, [field]: null }),
    )
  })

  test('is refused for a key that has ended, that has a successor, or that a variable sets', async () => {
    const { bob } = given()
    const [ended, rotated] = [
      await createApiKey(bob.client, { label: 'a' }),
      await createApiKey(bob.client, { label: 'b' }),
    ]
    await change(bob.client, 'revokeApiKey', { apiKey: ended.id })
    await change(bob.client, 'rotateApiKey', { apiKey: rotated.id, overlapUntil: inDays(1) })
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')

    const errors = await withoutWriting(app, async () => [
      await failChange(bob.client, 'ConflictError', 'updateApiKey', { apiKey: ended.id, label: 'x' }),
      await failChange(bob.client, 'ConflictError', 'updateApiKey', { apiKey: rotated.id, label: 'x' }),
      await failChange(app.root, 'ConflictError', 'updateApiKey', { apiKey: viewer.apiKey.id, label: 'x' }),
    ])

    expect(errors.map(({ message }) => message)).toEqual([
      'The key has ended: make a new one.',
      'The key was rotated already: change its successor.',
      'This key is set by ROOT_API_KEY: change the variable and start again.',
    ])
  })
})

describe('widening the key of another user', () => {
  test('needs all that the user holds; narrowing it does not', async () => {
    const { bob, keeper } = given()
    const { id, key } = await createApiKey(bob.client, { label: 'ci', expiresAt: inDays(9), limits: [READER] })

    await lacks(app, keeper.client, PAGES, 'updateApiKey', { apiKey: id, limits: [WRITER] })
    await lacks(app, keeper.client, PAGES, 'updateApiKey', { apiKey: id, expiresAt: inDays(10) })
    await change(keeper.client, 'updateApiKey', { apiKey: id, label: 'theirs', expiresAt: inDays(2) })
    await change(keeper.client, 'updateApiKey', { apiKey: bob.keyId, limits: [] })

    expect(await permissionsOf(app.as(key))).toEqual(['page.read everywhere'])
    expect(await permissionsOf(bob.client)).toEqual([])
  })

  test('is possible for those who hold all of it', async () => {
    const { bob, keeper } = given()
    const { id, key } = await createApiKey(bob.client, { label: 'ci', limits: [READER] })
    await grantRoles(app, 'keeper', [WRITER])

    await change(keeper.client, 'updateApiKey', { apiKey: id, limits: [WRITER] })

    expect(await permissionsOf(app.as(key))).toEqual(['page.read everywhere', 'page.write everywhere'])
  })

  test('never makes a key that lasts longer than the key of the caller', async () => {
    const { bob } = given()
    const end = inDays(3)
    const short = await createApiKey(bob.client, { label: 'short', expiresAt: end })
    const { id } = await createApiKey(bob.client, { label: 'ci', expiresAt: inDays(2) })

    await withoutWriting(app, () =>
      failChange(app.as(short.key), 'MissingAuthorityError', 'updateApiKey', { apiKey: id, expiresAt: inDays(4) }),
    )
    const { changed } = await change(app.as(short.key), 'updateApiKey', { apiKey: id, expiresAt: end }, 'changed')

    expect(changed).toBe(true)
  })
})

describe('a key that ends', () => {
  test.each([
    ['without an end', null],
    ['that ends later', 9],
  ])('never gives other limits to a key %s', async (_which, days) => {
    const { bob } = given()
    const passing = await createApiKey(bob.client, { label: 'passing', expiresAt: inDays(1) })
    const end = days === null ? {} : { expiresAt: inDays(days) }
    const { id, key } = await createApiKey(bob.client, { label: 'ci', limits: [READER], ...end })
    const input = { apiKey: id, limits: [WRITER] }

    await withoutWriting(app, () => failChange(app.as(passing.key), 'MissingAuthorityError', 'updateApiKey', input))
    await change(app.as(passing.key), 'updateApiKey', { ...input, expiresAt: inDays(0.5) })

    expect(await permissionsOf(app.as(key))).toEqual(['page.read everywhere', 'page.write everywhere'])
  })

  test('is followed by one that lives as long as its end was set for, and no longer', async () => {
    const { bob } = given()
    const { id } = await createApiKey(bob.client, { label: 'ci', expiresAt: inDays(300) })
    await change(bob.client, 'updateApiKey', { apiKey: id, expiresAt: inDays(2) })

    const { apiKey } = await change(bob.client, 'rotateApiKey', { apiKey: id }, 'apiKey { expiresAt }')

    expect(Date.parse(apiKey.expiresAt)).toBeLessThanOrEqual(Date.parse(inDays(2.1)))
  })
})

test('the owner is told of each change', async () => {
  const { bob, keeper } = given()
  const { id } = await createApiKey(bob.client, { label: 'ci' })

  await change(keeper.client, 'updateApiKey', { apiKey: id, label: 'deploy' })
  await change(keeper.client, 'updateApiKey', { apiKey: id, label: 'deploy' })

  const { notifications } = await app.root.ok('{ notifications(first: 100) { nodes { kind user { username } } } }')
  const told = notifications.nodes.filter(({ kind }: { kind: string }) => kind === 'KEY_CHANGED')
  expect(told).toEqual([{ kind: 'KEY_CHANGED', user: { username: 'bob' } }])
})

test('the last lasting administrator keeps a key without an end and without limits', async () => {
  const alice = await createUser(app, 'alice', { isAdmin: true })
  const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')
  await change(alice.client, 'revokeApiKey', { apiKey: viewer.apiKey.id })

  await withoutWriting(app, async () => {
    for (const given of [{ limits: [] }, { expiresAt: inDays(900) }])
      await failChange(alice.client, 'LastAdministratorError', 'updateApiKey', { apiKey: alice.keyId, ...given })
  })
})
