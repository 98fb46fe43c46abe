import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createOrganization, createUser } from '../../support/seed.ts'

const app = startApp()

test('a grant keeps the name of its granter after their deletion, for callers who meet their users', async () => {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  const admin = await createUser(app, 'max', {
    organization: 'acme',
    roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'globex' }],
  })
  const chief = await createUser(app, 'chief', { roles: [{ role: 'AUDITOR', organization: 'globex' }] })
  await createUser(app, 'bob', { organization: 'globex' })
  await change(admin.client, 'grantRoles', { user: 'bob', roles: [{ role: 'AUDITOR', organization: 'globex' }] })
  await change(app.root, 'deleteUser', { user: 'max' })
  const document = '{ user(username: "bob") { roles { edges { grantedBy { id } grantedByName } } } }'

  const [toRoot, toChief] = [await app.root.ok(document), await chief.client.ok(document)]

  expect(toRoot.user.roles.edges).toEqual([{ grantedBy: null, grantedByName: 'max' }])
  expect(toChief.user.roles.edges).toEqual([{ grantedBy: null, grantedByName: null }])
})
