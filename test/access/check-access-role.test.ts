/** Through which role a level is held, as `checkAccess` tells it. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { have } from '../support/check.ts'
import { createController, createModel } from '../support/levels.ts'
import { createOrganization, createRole, createUser } from '../support/seed.ts'

const app = startApp()

const DOCUMENT = `query ($input: CheckAccessInput!) { checkAccess(input: $input) { code ways { via role } } }`

test('a level that is held through a role names it, and a level by grant or membership names none', async () => {
  await createOrganization(app, 'acme', ['controllers.manage'])
  await createController(app, 'gce1', 'acme')
  await createModel(app.root, 'gce1', 'web')
  await createRole(app, 'KEEPER', ['controllers.manage'])
  const roles = [{ role: 'KEEPER', organization: 'acme' }]
  await createUser(app, 'bob', { organization: 'acme', roles })
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'SUPERUSER' })
  const questions = [have('SUPERUSER', 'gce1'), have('ADMIN', 'gce1/web')]

  const { checkAccess } = await app.root.ok(DOCUMENT, { input: { user: 'bob', questions } })

  const told = checkAccess.map(({ ways }: { ways: { via: string; role: string | null }[] }) =>
    ways.map(({ via, role }) => `${via} ${role}`).sort(),
  )
  expect(told).toEqual([
    ['GRANT null', 'MEMBERSHIP null', 'ROLE KEEPER'],
    ['CONTROLLER KEEPER', 'CONTROLLER null', 'CONTROLLER null'],
  ])
})
