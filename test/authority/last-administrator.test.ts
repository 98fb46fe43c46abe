// Runs on both databases.
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, failChange } from '../support/change.ts'
import { inDays, rolesOf, statusOf } from '../support/look.ts'
import { withoutWriting } from '../support/rows.ts'
import { createApiKey, createProject, createUser, type SeededUser } from '../support/seed.ts'

const app = startApp()

const ADMINISTRATION = [{ role: 'ADMINISTRATOR', everywhere: true }]

/** An administrator, the only one who can still get in: root's key is gone. */
async function aloneWithAlice(): Promise<SeededUser> {
  const alice = await createUser(app, 'alice', { isAdmin: true })
  const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')
  await change(alice.client, 'revokeApiKey', { apiKey: viewer.apiKey.id })
  expect(await statusOf(app.root)).toBe(401)
  return alice
}

async function addAdministrator(alice: SeededUser, username: string, expiresAt?: string) {
  const roles = [{ role: 'ADMINISTRATOR', everywhere: true, expiresAt }]
  const { secret } = await change(alice.client, 'createUser', { username, roles }, 'secret')
  return app.as(secret)
}

const ENDS: [string, (alice: SeededUser) => object][] = [
  ['disableUser', () => ({ user: 'alice' })],
  ['revokeRoles', () => ({ user: 'alice', roles: ADMINISTRATION })],
  ['setRoles', () => ({ user: 'alice', everywhere: true, roles: [] })],
  ['revokeApiKey', (alice) => ({ apiKey: alice.keyId })],
]

describe('the last administrator', () => {
  test.each(ENDS)('stays: %s is refused', async (name, input) => {
    const alice = await aloneWithAlice()

    const error = await withoutWriting(app, () =>
      failChange(alice.client, 'LastAdministratorError', name, input(alice)),
    )

    expect(error.code).toBe('LAST_ADMINISTRATOR')
    expect(await statusOf(alice.client)).toBe(200)
  })

  test.each(ENDS)('can go when there is another: %s', async (name, input) => {
    const alice = await aloneWithAlice()
    const bob = await addAdministrator(alice, 'bob')

    const result = await change(alice.client, name, input(alice), 'changed')

    expect(result.changed).toBe(true)
    expect(await statusOf(bob)).toBe(200)
  })

  test('is not replaced by a user whose administration has a planned end', async () => {
    const alice = await aloneWithAlice()
    await addAdministrator(alice, 'bob', inDays(3650))

    await withoutWriting(app, () =>
      failChange(alice.client, 'LastAdministratorError', 'revokeRoles', { user: 'alice', roles: ADMINISTRATION }),
    )
  })

  test.each([
    ['that expires', { expiresAt: inDays(3650) }],
    ['with limits', { limits: ADMINISTRATION }],
    ['that is read-only', { isReadOnly: true }],
  ])('is not replaced by one who has only a key %s', async (_what, key) => {
    const alice = await aloneWithAlice()
    const { user } = await change(
      alice.client,
      'createUser',
      { username: 'bob', isAdmin: true, withApiKey: false },
      'user { username }',
    )
    await createApiKey(alice.client, { user: user.username, ...key })

    await withoutWriting(app, () =>
      failChange(alice.client, 'LastAdministratorError', 'disableUser', { user: 'alice' }),
    )
  })

  test('is not replaced by a disabled user', async () => {
    const alice = await aloneWithAlice()
    await addAdministrator(alice, 'bob')
    await change(alice.client, 'disableUser', { user: 'bob' })

    await withoutWriting(app, () =>
      failChange(alice.client, 'LastAdministratorError', 'revokeApiKey', { apiKey: alice.keyId }),
    )
  })

  test('may rotate their key', async () => {
    const alice = await aloneWithAlice()

    const { secret } = await change(alice.client, 'rotateApiKey', { apiKey: alice.keyId }, 'secret')

    expect(await statusOf(app.as(secret))).toBe(200)
    expect(await statusOf(alice.client)).toBe(401)
  })

  test('may give up a role that is not administration', async () => {
    const alice = await aloneWithAlice()
    await change(alice.client, 'createProject', { code: 'apollo' })
    const roles = [{ role: 'VERSION_MANAGER', project: 'apollo' }]
    await change(alice.client, 'grantRoles', { user: 'alice', roles })

    const { changed } = await change(alice.client, 'revokeRoles', { user: 'alice', roles }, 'changed')

    expect(changed).toBe(true)
  })
})

describe('root', () => {
  test.each([
    ['deleteUser', { user: 'root' }],
    ['disableUser', { user: 'root' }],
    ['updateUser', { user: 'root', username: 'king' }],
  ])('stays what it is, whoever else administers: %s is a conflict', async (name, input) => {
    const alice = await createUser(app, 'alice', { isAdmin: true })

    const error = await withoutWriting(app, () => failChange(alice.client, 'ConflictError', name, input))

    expect(error.message).toContain('root')
  })

  test('is never demoted, with or without other administrators', async () => {
    const input = { user: 'root', roles: ADMINISTRATION }

    const alone = await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'revokeRoles', input))
    const alice = await createUser(app, 'alice', { isAdmin: true })
    const beside = await withoutWriting(app, () => failChange(alice.client, 'ConflictError', 'revokeRoles', input))

    expect(beside).toEqual(alone)
    expect(await rolesOf(alice.client, 'root')).toEqual(['ADMINISTRATOR everywhere'])
  })

  test('can get another e-mail and display name', async () => {
    const input = { user: 'root', email: 'ops@example.test', displayName: 'Operations' }

    const { user } = await change(app.root, 'updateUser', input, 'user { username email displayName }')

    expect(user).toEqual({ username: 'root', email: 'ops@example.test', displayName: 'Operations' })
  })

  test('can hold and give up other roles', async () => {
    await createProject(app, 'apollo')
    const roles = [{ role: 'VERSION_MANAGER', project: 'apollo' }]
    await change(app.root, 'grantRoles', { user: 'root', roles })

    await change(app.root, 'revokeRoles', { user: 'root', roles })

    expect(await rolesOf(app.root, 'root')).toEqual(['ADMINISTRATOR everywhere'])
  })
})
