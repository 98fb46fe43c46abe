import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange } from '../../support/change.ts'
import { query, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createOrganization, createUser } from '../../support/seed.ts'

const app = startApp()

/** bob of acme was deleted; max manages the users of acme, and nat those of globex. */
const world = app.world(async () => {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  const manager = (username: string, organization: string) =>
    createUser(app, username, { organization, roles: [{ role: 'ORGANIZATION_ADMIN', organization }] })
  const [max, nat] = [await manager('max', 'acme'), await manager('nat', 'globex')]
  const bob = await createUser(app, 'bob', { organization: 'acme' })
  await createUser(app, 'eve', { organization: 'globex' })
  await change(app.root, 'deleteUser', { user: 'bob' })
  return { max: max.client, nat: nat.client, bob }
})

const organization = 'globex'

describe('the name of a deleted user', () => {
  test.each<[string, string, object]>([
    ['a new user', 'createUser', { username: 'bob', organization }],
    ['a new user in another case', 'createUser', { username: 'BOB', organization }],
    ['an existing user', 'updateUser', { user: 'eve', username: 'bob' }],
  ])('is not given to %s by a caller who may not manage the deleted user', async (_what, name, input) => {
    const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)

    const { message } = await withoutWriting(app, () => failChange(world().nat, 'ConflictError', name, input))

    expect(message).toMatch(new RegExp(`^The name "bob" is reserved until ${until}, `, 'i'))
  })

  test('is given again by a caller who may manage the deleted user', async () => {
    await change(world().max, 'createUser', { username: 'bob', organization: 'acme' })
  })

  test('is given by anybody 30 days after the deletion', async () => {
    const deleted = sql`deleted_at = deleted_at - interval '30 days' - interval '1 second'`
    await query(app, sql`update users set ${deleted} where id = ${uuidOf(world().bob.id)}`)

    await change(world().nat, 'createUser', { username: 'bob', organization })
  })

  test('is theirs again where they are restored', async () => {
    const { user } = await change(world().max, 'restoreUser', { id: world().bob.id }, 'user { username }')

    expect(user).toEqual({ username: 'bob' })
  })
})
