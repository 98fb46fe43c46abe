/** Whatever has an end is over at it by the database’s clock alone: nothing has to notice first. */

import { type SQL, sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { check, EVERYWHERE, have, may } from '../support/check.ts'
import { createController, createModel } from '../support/levels.ts'
import { inDays, permissionsOf, statusOf } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { query, withoutWriting } from '../support/rows.ts'
import { createApiKey, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'

const app = startApp()

const EDIT = may('doc.edit', EVERYWHERE)

const IN_A_MINUTE = sql`clock_timestamp() + interval '1 minute'`
const AT_ONCE = sql`clock_timestamp()`

const OF_BOB = sql`user_id = (select id from users where username = 'bob')`
const ofEditor = (permission: string) =>
  sql`permission = ${permission} and role_id = (select id from roles where name = 'EDITOR')`

/** Plans another end for the rows of a table that fit. */
function planEnd(table: string, which: SQL, end: SQL) {
  return query(app, sql`update ${sql.identifier(table)} set expires_at = ${end} where ${which}`)
}

/** Bob, the role EDITOR, the project apollo, and gce1 with web. */
async function startBob() {
  await createProject(app, 'apollo')
  await createController(app, 'gce1')
  await createModel(app.root, 'gce1', 'web')
  await createRole(app, 'EDITOR', ['doc.edit', 'controllers.manage'])
  return createUser(app, 'bob')
}

type Bob = Awaited<ReturnType<typeof startBob>>

interface Kind {
  /** The rows that are given an end. */
  table: string
  which?: SQL
  give(bob: Bob): Promise<unknown>
  /** What is told before the end, and what from it on. */
  look(bob: Bob): Promise<unknown>
  before: unknown
  after: unknown
}

const codes = (...questions: object[]) => check(app.root, { user: 'bob' }, questions)

const KINDS: [string, Kind][] = [
  [
    'a role that is granted',
    {
      table: 'role_grants',
      which: OF_BOB,
      give: () => grantRoles(app, 'bob', [{ role: 'EDITOR', everywhere: true }]),
      look: async ({ client }) => [await permissionsOf(client), await codes(EDIT, have('SUPERUSER', 'gce1'))],
      before: [
        ['controllers.manage everywhere', 'doc.edit everywhere'],
        ['ALLOWED', 'ALLOWED'],
      ],
      after: [[], ['NOT_HELD', 'NOT_HELD']],
    },
  ],
  [
    'a permission of a role',
    {
      table: 'role_permissions',
      which: ofEditor('doc.edit'),
      give: () => grantRoles(app, 'bob', [{ role: 'EDITOR', everywhere: true }]),
      look: async ({ client }) => [await permissionsOf(client), await codes(EDIT, have('SUPERUSER', 'gce1'))],
      before: [
        ['controllers.manage everywhere', 'doc.edit everywhere'],
        ['ALLOWED', 'ALLOWED'],
      ],
      after: [['controllers.manage everywhere'], ['NOT_HELD', 'ALLOWED']],
    },
  ],
  [
    'the levels that a permission of a role gives',
    {
      table: 'role_permissions',
      which: ofEditor('controllers.manage'),
      give: () => grantRoles(app, 'bob', [{ role: 'EDITOR', everywhere: true }]),
      look: () => codes(have('SUPERUSER', 'gce1'), have('ADMIN', 'gce1/web'), EDIT),
      before: ['ALLOWED', 'ALLOWED', 'ALLOWED'],
      after: ['NOT_HELD', 'NOT_HELD', 'ALLOWED'],
    },
  ],
  [
    'a base permission',
    {
      table: 'base_permissions',
      give: () =>
        change(app.root, 'updateOrganization', { organization: 'default', addBasePermissions: ['projects.manage'] }),
      look: async ({ client }) => [
        await permissionsOf(client),
        await codes(may('projects.manage', { project: 'apollo' })),
      ],
      before: [['projects.manage in default'], ['ALLOWED']],
      after: [[], ['NOT_HELD']],
    },
  ],
  [
    'a level on a controller',
    {
      table: 'controller_grants',
      give: () => change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'SUPERUSER' }),
      look: () => codes(have('LOGIN', 'gce1'), have('ADMIN', 'gce1/web')),
      before: ['ALLOWED', 'ALLOWED'],
      after: ['NOT_HELD', 'NOT_HELD'],
    },
  ],
  [
    'a level on a model',
    {
      table: 'model_grants',
      which: sql`level = 'WRITE'`,
      give: () =>
        change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' }),
      look: () => codes(have('LOGIN', 'gce1'), have('READ', 'gce1/web')),
      before: ['ALLOWED', 'ALLOWED'],
      after: ['NOT_HELD', 'NOT_HELD'],
    },
  ],
  [
    'a key',
    {
      table: 'api_keys',
      which: OF_BOB,
      give: async () => undefined,
      look: ({ client }) => statusOf(client),
      before: 200,
      after: 401,
    },
  ],
  [
    'a suspension',
    {
      table: 'user_suspensions',
      give: () => change(app.root, 'disableUser', { user: 'bob', expiresAt: inDays(1) }),
      look: ({ client }) => statusOf(client),
      before: 401,
      after: 200,
    },
  ],
]

describe('holds until its planned end and no longer, without a mutation:', () => {
  test.each(KINDS)('%s', async (_what, { table, which = sql`true`, give, look, before, after }) => {
    const bob = await startBob()
    await give(bob)

    await planEnd(table, which, IN_A_MINUTE)
    const held = await look(bob)
    await planEnd(table, which, AT_ONCE)
    const over = await look(bob)

    expect(held).toEqual(before)
    expect(over).toEqual(after)
    const end = sql.identifier(table === 'api_keys' ? 'revoked_at' : 'ended_at')
    const rows = await query(app, sql`select ${end} as ended from ${sql.identifier(table)} where ${which}`)
    expect(rows).toEqual([{ ended: null }])
  })
})

test('a key that is limited to a role loses a permission that ends in that role, although its owner keeps it', async () => {
  const bob = await startBob()
  await createRole(app, 'AUTHOR', ['doc.edit', 'controllers.manage'])
  await grantRoles(app, 'bob', [{ role: 'AUTHOR', everywhere: true }])
  const limited = app.as((await createApiKey(bob.client, { limits: [{ role: 'EDITOR', everywhere: true }] })).key)
  const before = await permissionsOf(limited)

  await planEnd('role_permissions', ofEditor('doc.edit'), AT_ONCE)

  const both = ['controllers.manage everywhere', 'doc.edit everywhere']
  expect(before).toEqual(both)
  expect(await permissionsOf(limited)).toEqual(['controllers.manage everywhere'])
  expect(await permissionsOf(bob.client)).toEqual(both)
})

test('ended access does not allow a mutation, in its own transaction', async () => {
  const bob = await startBob()
  await change(app.root, 'updateOrganization', { organization: 'default', addBasePermissions: ['projects.manage'] })
  await planEnd('base_permissions', sql`true`, AT_ONCE)

  const { extensions } = await withoutWriting(app, () =>
    bob.client.refused('FORBIDDEN', 'mutation { createProject(input: { code: "zeus" }) { __typename } }'),
  )

  expect(missingOf(extensions)).toEqual(['projects.manage'])
})

test('no worker runs beside these tests: there is no queue', async () => {
  const schemas = await query(app, sql`select nspname as name from pg_namespace where nspname like 'pgboss%'`)

  expect(schemas).toEqual([])
})
