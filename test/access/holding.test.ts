// Runs on both databases.
/** What says that a user holds something is read by one fragment, on `Holding`. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { query } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'

const app = startApp()

const END = '2099-01-01T00:00:00.000Z'

app.world(async () => {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createRole(app, 'KEEPER', ['controllers.manage'], 'acme')
  const gil = await createUser(app, 'gil', { organization: 'acme' })
  await grantRoles(app, 'gil', [{ role: 'ADMINISTRATOR', everywhere: true }])
  await createUser(app, 'bob', { organization: 'acme' })
  await createController(app, 'gce1', 'acme')
  await createModel(app.root, 'gce1', 'web')
  const roles = [{ role: 'KEEPER', organization: 'acme', expiresAt: END }]
  await change(gil.client, 'grantRoles', { user: 'bob', roles })
  await change(gil.client, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' })
})

const HELD = `fragment Held on Holding { scope organization { name } project { code } controller { name } model { name }
  role { name } level via expiresAt endedAt grantedBy { username } grantedByName }`

const NOTHING = {
  ...{ scope: null, organization: null, project: null, controller: null, model: null, role: null, level: null },
  ...{ expiresAt: null, endedAt: null, grantedBy: { username: 'gil' }, grantedByName: 'gil' },
}
const BY_KEEPER = { ...NOTHING, role: { name: 'KEEPER' }, expiresAt: END }
const IN_ACME = { ...BY_KEEPER, scope: 'ORGANIZATION', organization: { name: 'acme' } }
const ON_GCE1 = { ...NOTHING, controller: { name: 'gce1' } }
const ON_WEB = { ...ON_GCE1, model: { name: 'web' } }

/** What bob holds, as the holders of a thing tell it. */
async function bobAmong(thing: string): Promise<object[]> {
  const data = await app.root.ok(`{ thing: ${thing} { holders { edges { node { username } ...Held } } } } ${HELD}`)
  const edges: { node: { username: string } }[] = data.thing.holders.edges
  return edges.filter(({ node }) => node.username === 'bob').map(({ node, ...held }) => held)
}

test('the roles of a user', async () => {
  const { user } = await app.root.ok(`{ user(username: "bob") { roles { edges { ...Held } } } } ${HELD}`)

  expect(user.roles.edges).toEqual([{ ...IN_ACME, via: 'GRANT' }])
})

test('the holders of a role and of a project', async () => {
  expect(await bobAmong('role(name: "KEEPER")')).toEqual([{ ...IN_ACME, via: 'GRANT' }])
  expect(await bobAmong('project(code: "apollo")')).toEqual([{ ...IN_ACME, via: 'ROLE' }])
})

test('the holders of a controller and of a model', async () => {
  const superuser = { role: { name: 'KEEPER' }, expiresAt: END }

  expect(await bobAmong('controller(name: "gce1")')).toEqual([
    { ...ON_GCE1, ...superuser, level: 'SUPERUSER', via: 'ROLE' },
    { ...ON_GCE1, level: 'LOGIN', via: 'MODEL' },
  ])
  expect(await bobAmong('model(controller: "gce1", name: "web")')).toEqual([
    { ...ON_WEB, ...superuser, level: 'ADMIN', via: 'CONTROLLER' },
    { ...ON_WEB, level: 'WRITE', via: 'GRANT' },
  ])
})

test('everything that a user may do', async () => {
  const { user } = await app.root.ok(
    `{ user(username: "bob") { effectiveAccess { nodes { permission ...Held } } } } ${HELD}`,
  )

  const ofRole = { role: { name: 'KEEPER' }, expiresAt: END }
  const expected = [
    { ...IN_ACME, permission: 'controllers.manage', via: 'ROLE' },
    { ...ON_GCE1, ...ofRole, permission: null, level: 'SUPERUSER', via: 'ROLE' },
    { ...ON_WEB, ...ofRole, permission: null, level: 'ADMIN', via: 'CONTROLLER' },
    { ...ON_WEB, permission: null, level: 'WRITE', via: 'GRANT' },
    { ...ON_GCE1, permission: null, level: 'LOGIN', via: 'MODEL' },
  ]
  expect(user.effectiveAccess.nodes).toHaveLength(expected.length)
  expect(user.effectiveAccess.nodes).toEqual(expect.arrayContaining(expected))
})

test('who granted it is told only to callers that meet that user', async () => {
  await createOrganization(app, 'globex')
  const { client } = await createUser(app, 'ann', { organization: 'globex' })
  await createRole(app, 'LOOKER', ['users.read'], 'acme')
  await grantRoles(app, 'ann', [{ role: 'LOOKER', organization: 'acme' }])
  await createUser(app, 'eve')
  for (const table of ['role_grants', 'model_grants']) {
    const eve = sql`(select id from users where username = 'eve')`
    await query(app, sql`update ${sql.identifier(table)} set granted_by = ${eve} where ended_at is null`)
  }

  const granters = async (caller: Client) => {
    const document = `{ model(controller: "gce1", name: "web") { holders { edges { ...Held } } } } ${HELD}`
    const { model } = await caller.ok(document)
    const edges: { grantedBy: { username: string } | null; grantedByName: string | null }[] = model.holders.edges
    return [...new Set(edges.flatMap(({ grantedBy, grantedByName }) => [grantedBy?.username, grantedByName]))]
  }
  expect([await granters(app.root), await granters(client)]).toEqual([['eve'], [undefined, null]])
})
