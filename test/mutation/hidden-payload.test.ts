/** A change whose object the caller may not see: it is made, its secret is told, and the object is null. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { usernameOf } from '../support/look.ts'
import { createUser } from '../support/seed.ts'

const app = startApp()

/** A client with these permissions, and nothing that lets it read keys. */
async function maker(permissions: string[]) {
  await change(app.root, 'createRole', { name: 'MAKER', permissions })
  const { client } = await createUser(app, 'maker', { roles: [{ role: 'MAKER', organization: 'default' }] })
  return client
}

test('a new user, whom the maker may not read, has a first key that works', async () => {
  const client = await maker(['users.manage'])

  const made = await change(
    client,
    'createUser',
    { username: 'carol', email: 'carol@example.test' },
    'secret user { username } apiKey { id }',
  )

  expect(made).toMatchObject({ user: null })
  expect(await usernameOf(app.as(made.secret))).toBe('carol')
})

test('a new key of another user, which the maker may not read, works', async () => {
  const client = await maker(['users.manage', 'roles.grant'])
  await createUser(app, 'carol')

  const made = await change(client, 'createApiKey', { user: 'carol', label: 'new' }, 'secret apiKey { id }')

  expect(made).toMatchObject({ apiKey: null })
  expect(await usernameOf(app.as(made.secret))).toBe('carol')
})
