/** A name that looks like an id can't stand for what has that id: not in a question about access, and not at all. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, failInput } from '../support/change.ts'
import { check, have, may } from '../support/check.ts'
import { createController, createModel } from '../support/levels.ts'
import { query, withoutWriting } from '../support/rows.ts'
import { createOrganization, createProject, createUser, grantRoles } from '../support/seed.ts'

const app = startApp()

/** As an older version, which took such names, may have left it. */
async function rename(table: 'controllers' | 'models' | 'projects' | 'organizations', from: string, to: string) {
  const column = sql.identifier(table === 'projects' ? 'code' : 'name')
  await query(app, sql`update ${sql.identifier(table)} set ${column} = ${to} where ${column} = ${from}`)
}

test('a level on a look-alike answers no question about the controller that was named by its id', async () => {
  const gce1 = await createController(app, 'gce1')
  await createController(app, 'decoy')
  await createUser(app, 'bob')
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'decoy', access: 'SUPERUSER' })
  await rename('controllers', 'decoy', gce1.toUpperCase())

  expect(await check(app.root, { user: 'bob' }, [have('LOGIN', gce1)])).toEqual(['NOT_HELD'])
})

test('a level on a look-alike answers no question about the model that was named by its id', async () => {
  const gce1 = await createController(app, 'gce1')
  const web = await createModel(app.root, 'gce1', 'web')
  await createModel(app.root, 'gce1', 'decoy')
  await createUser(app, 'bob')
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'decoy', access: 'ADMIN' })
  await rename('models', 'decoy', web.toUpperCase())

  expect(await check(app.root, { user: 'bob' }, [have('READ', `${gce1}/${web}`)])).toEqual(['NOT_HELD'])
})

test('a role in a look-alike answers no question about the project or organization that was named by its id', async () => {
  const [acme, apollo] = [await createOrganization(app, 'acme'), await createProject(app, 'apollo')]
  await createOrganization(app, 'decoy')
  await createProject(app, 'bait')
  await createUser(app, 'bob')
  await grantRoles(app, 'bob', [
    { role: 'VERSION_MANAGER', project: 'bait' },
    { role: 'ORGANIZATION_ADMIN', organization: 'decoy' },
  ])
  await rename('projects', 'bait', apollo.toUpperCase())
  await rename('organizations', 'decoy', acme.toUpperCase())

  const questions = [may('version.create', { project: apollo }), may('users.manage', { organization: acme })]
  expect(await check(app.root, { user: 'bob' }, questions)).toEqual(['NOT_HELD', 'NOT_HELD'])
})

test('no name can look like an id, in whatever case', async () => {
  const gce1 = await createController(app, 'gce1')

  for (const name of [gce1, gce1.toUpperCase(), gce1.replace('controller', 'Controller')]) {
    await withoutWriting(app, () => failInput(app.root, ['name'], 'createController', { name, type: 'google' }))
    await withoutWriting(app, () => failInput(app.root, ['name'], 'createOrganization', { name }))
    await withoutWriting(app, () => failInput(app.root, ['code'], 'createProject', { code: name }))
    await withoutWriting(app, () => failInput(app.root, ['name'], 'createModel', { controller: 'gce1', name }))
  }
})
