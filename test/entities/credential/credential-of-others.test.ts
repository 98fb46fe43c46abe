import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { withoutWriting } from '../../support/rows.ts'
import { createUser } from '../../support/seed.ts'

const app = startApp()
const CREDENTIAL = { name: 'aws', attributes: { userpass: { username: 'me', password: 'a secret' } } }

test('an administrator adds a credential of a user, who alone can reveal it', async () => {
  const bob = await createUser(app, 'bob')

  await change(app.root, 'addCredential', { user: 'bob', ...CREDENTIAL })

  await withoutWriting(app, () => failChange(app.root, 'NotFoundError', 'revealCredential', { name: 'aws' }))
  const { attributes } = await change(bob.client, 'revealCredential', { name: 'aws' }, 'attributes { name value }')
  expect(attributes).toContainEqual({ name: 'password', value: 'a secret' })
})

test('another user adds no credential for a user', async () => {
  await createUser(app, 'bob')
  const eve = await createUser(app, 'eve', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }] })
  const input = { user: 'bob', ...CREDENTIAL }

  await withoutWriting(app, () => eve.client.refused('FORBIDDEN', changeDocument('addCredential'), { input }))
})
