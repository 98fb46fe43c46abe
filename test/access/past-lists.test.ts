/** Lists of the past stand on what was there then, whatever became of it since. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { BUTTONS } from '../mutation/viewer-can/things.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { query } from '../support/rows.ts'
import { createOrganization, createProject, createUser } from '../support/seed.ts'

const app = startApp()

const [ACME, BETA, APOLLO] = [{ organization: 'acme' }, { organization: 'beta' }, { project: 'apollo' }]
const VERSIONS = { role: 'VERSION_MANAGER', ...APOLLO }

/** acme with apollo and ctl/mod, and bob of beta with a role and a level there. */
app.world(async () => {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'beta')
  await createProject(app, 'apollo', 'acme')
  await createController(app, 'ctl', 'acme')
  await createModel(app.root, 'ctl', 'mod')
  await createUser(app, 'bob', { ...BETA, roles: [VERSIONS] })
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'ctl', model: 'mod', access: 'READ' })
})

/** Lets all that there is have begun two days ago. */
async function age() {
  for (const table of ['organizations', 'projects', 'users', 'controllers', 'models']) {
    await query(app, sql`update ${sql.identifier(table)} set created_at = now() - interval '2 days'`)
  }
  for (const table of ['role_grants', 'role_permissions', 'controller_grants', 'model_grants']) {
    await query(app, sql`update ${sql.identifier(table)} set since = now() - interval '2 days'`)
  }
}

const yesterday = () => new Date(Date.now() - 86_400_000).toISOString()

test('the past access of a user keeps its places after they are deleted', async () => {
  const document = `query ($at: DateTime) { user(username: "bob") { effectiveAccess(at: $at) { totalCount nodes {
    permission project { code organization { name } } controller { name organization { name } }
    model { name controller { name organization { name } } } } } } }`
  await age()
  const at = yesterday()
  const before = await app.root.ok(document, { at })

  await change(app.root, 'deleteModel', { controller: 'ctl', model: 'mod' })
  await change(app.root, 'deleteController', { controller: 'ctl' })
  await change(app.root, 'deleteProject', { project: 'apollo' })
  await change(app.root, 'deleteOrganization', { organization: 'acme' })

  const organization = { name: 'acme' }
  const controller = { name: 'ctl', organization }
  const onApollo = { project: { code: 'apollo', organization }, controller: null, model: null }
  const onCtl = { permission: null, project: null, controller }
  const nodes = [
    ...['create', 'delete', 'update'].map((act) => ({ permission: `version.${act}`, ...onApollo })),
    { ...onCtl, model: null },
    { ...onCtl, model: { name: 'mod', controller } },
  ]
  const after = await app.root.ok(document, { at })
  expect(after).toEqual(before)
  expect(after.user.effectiveAccess.totalCount).toBe(nodes.length)
  expect(after.user.effectiveAccess.nodes).toEqual(expect.arrayContaining(nodes))
})

test('the auditor of a project sees a holder of yesterday also after a revocation today', async () => {
  const document = `query ($at: DateTime) { project(code: "apollo") { holders(at: $at) { totalCount edges {
    role { name } node { username } } } } }`
  const aud = await createUser(app, 'aud', { ...ACME, roles: [{ role: 'AUDITOR', ...APOLLO }] })
  await age()
  const at = yesterday()
  const before = await aud.client.ok(document, { at })

  await change(app.root, 'revokeRoles', { user: 'bob', roles: [VERSIONS] })

  const holders = (...edges: [string, string][]) => ({
    totalCount: edges.length,
    edges: edges.map(([role, username]) => ({ role: { name: role }, node: { username } })),
  })
  expect(before.project.holders).toEqual(holders(['VERSION_MANAGER', 'bob'], ['AUDITOR', 'aud']))
  expect(await aud.client.ok(document, { at })).toEqual(before)
  expect((await aud.client.ok(document)).project.holders).toEqual(holders(['AUDITOR', 'aud']))
})

test('a deleted user in a list of the past cannot be changed', async () => {
  const buttons = BUTTONS.filter(({ type }) => type === 'User').map(({ field }) => field)
  const document = `query ($at: DateTime) { role(name: "VERSION_MANAGER") { holders(at: $at) { nodes {
    username ${buttons.join(' ')} } } } }`
  await age()
  const at = yesterday()
  const before = await app.root.ok(document, { at })

  await change(app.root, 'deleteUser', { user: 'bob' })

  // What is for themselves alone is not shown to root.
  const own = ['viewerCanChangePassword']
  const shownTo = (mayDo: (field: string) => boolean) =>
    Object.fromEntries(buttons.map((field) => [field, mayDo(field)]))
  const after = await app.root.ok(document, { at })
  expect(before.role.holders.nodes).toEqual([{ username: 'bob', ...shownTo((field) => !own.includes(field)) }])
  expect(after.role.holders.nodes).toEqual([{ username: 'bob', ...shownTo(() => false) }])
})
