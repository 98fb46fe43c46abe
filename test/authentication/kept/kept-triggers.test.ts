/** Whatever is written of what a kept caller rests on, by whatever statement, what was kept is believed no longer. */
import { type SQL, sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { Transaction } from '../../../src/db/database.ts'
import type { Services } from '../../../src/services.ts'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createController, createModel } from '../../support/levels.ts'
import { inDays } from '../../support/look.ts'
import { query, uuidOf } from '../../support/rows.ts'
import { createApiKey, createOrganization, createProject, createRole } from '../../support/seed.ts'
import { bearer, createPerson, PASSWORD, signIn } from '../../support/sessions.ts'
import { readToken } from '../../support/tokens.ts'
import { isProven, keep, openServer } from './keeper.ts'

const app = startApp()

/** A caller with a session and a limited key, of whom there is a row in every table. */
const world = app.world(async () => {
  const acme = uuidOf(await createOrganization(app, 'acme', ['doc.read']))
  await createOrganization(app, 'globex')
  const apollo = uuidOf(await createProject(app, 'apollo', 'acme'))
  const role = uuidOf(await createRole(app, 'EDITOR', ['doc.edit', 'version.create']))
  await createController(app, 'maas', 'acme')
  await createModel(app.root, 'maas', 'web')
  const roles = [{ role: 'EDITOR', organization: 'acme' }]
  const alice = await createPerson(app, 'alice', { organization: 'acme', roles })
  await change(app.root, 'grantControllerAccess', { user: 'alice', controller: 'maas', access: 'LOGIN' })
  await change(app.root, 'grantModelAccess', { user: 'alice', controller: 'maas', model: 'web', access: 'READ' })
  await change(app.root, 'disableUser', { user: 'alice' })
  await change(app.root, 'enableUser', { user: 'alice' })
  const limits = [{ role: 'EDITOR', project: 'apollo' }]
  const key = await createApiKey(app.root, { user: 'alice', limits, expiresAt: inDays(9) })
  const { token } = await signIn(app, 'alice', PASSWORD)
  const { header, payload } = readToken(token)
  return {
    headers: { 'api-key': key.key, ...bearer(token) },
    ids: { acme, apollo, role, user: uuidOf(alice.id), key: uuidOf(key.id), session: payload.sid, signing: header.kid },
  }
})

type Name = keyof ReturnType<typeof world>['ids']

/** The tables of facts: the column that names what a fact is about, and whose row of the caller it is. */
const FACTS: [table: string, column: string, owner: Name][] = [
  ['role_grants', 'user_id', 'user'],
  ['controller_grants', 'user_id', 'user'],
  ['model_grants', 'user_id', 'user'],
  ['user_suspensions', 'user_id', 'user'],
  ['passwords', 'user_id', 'user'],
  ['role_permissions', 'role_id', 'role'],
  ['base_permissions', 'organization_id', 'acme'],
  ['api_key_limits', 'api_key_id', 'key'],
]

const otherOrganization = sql`(select id from organizations where name = 'globex')`
const otherUser = sql`(select id from users where username = 'root')`
const sooner = (column: string) => sql`${sql.identifier(column)} - interval '1 minute'`

/** The tables of things: the columns on which an authority depends, and other values of them. */
const THINGS: [table: string, owner: Name, columns: Record<string, SQL>][] = [
  ['users', 'user', { organization_id: otherOrganization, created_at: sooner('created_at'), deleted_at: sql`now()` }],
  [
    'api_keys',
    'key',
    {
      ...{ user_id: otherUser, hash: sql`'\\x00'::bytea`, source: sql`'ENVIRONMENT'`, limited: sql`false` },
      ...{ read_only: sql`true`, expires_at: sooner('expires_at'), revoked_at: sql`now()` },
    },
  ],
  [
    'sessions',
    'session',
    {
      ...{ user_id: otherUser, created_at: sooner('created_at') },
      ...{ expires_at: sooner('expires_at'), ended_at: sql`now()` },
    },
  ],
  ['signing_keys', 'signing', { withdrawn_at: sql`now()` }],
  ['organizations', 'acme', { deleted_at: sql`now()` }],
  ['projects', 'apollo', { deleted_at: sql`now()` }],
]

class Undo extends Error {}

/** Tries something in a transaction that is rolled back, with a server that works in it. */
async function trying(act: (tx: Transaction, server: Services) => Promise<void>) {
  const services = await openServer(app)
  const done = app.database.transaction(async (tx) => {
    const server = { ...services, database: { ...app.database, db: tx }, noteUse() {} }
    await act(tx, server)
    throw new Undo()
  })
  await expect(done).rejects.toThrow(Undo)
}

/** Writes something after the caller was kept; the caller must have been proven before, and must not be after it. */
async function expectNoticed(write: (tx: Transaction) => Promise<unknown>, before = async (_tx: Transaction) => {}) {
  const { headers } = world()
  await trying(async (tx, server) => {
    await before(tx)
    expect(await keep(server, headers)).not.toBe(null)
    expect(await isProven(server, headers)).toBe(true)
    await write(tx)
    expect(await isProven(server, headers)).toBe(false)
  })
}

/** Leaves the table with one trigger alone, so that neither another one nor a reference can be what is seen. */
async function onlyTrigger(tx: Transaction, table: string, trigger: string) {
  await tx.execute(sql.raw(`alter table ${table} disable trigger all`))
  await tx.execute(sql.raw(`alter table ${table} enable trigger ${table}_${trigger}`))
}

/** The same for one statement, which only this trigger of the table notices. */
function expectNoticedBy(trigger: string, table: string, write: SQL) {
  return expectNoticed(
    (tx) => tx.execute(write),
    (tx) => onlyTrigger(tx, table, trigger),
  )
}

const isFact = (column: string, id: unknown) => sql`${sql.identifier(column)} = ${id}`

describe.each(FACTS)('a fact in %s', (table, column, owner) => {
  const name = sql.identifier(table)
  const whose = () => isFact(column, world().ids[owner])

  test('is noticed when it is written', async () => {
    await expectNoticed(
      (tx) =>
        tx.execute(sql`do $$ declare columns text; begin
          select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
          where attrelid = ${sql.raw(`'${table}'`)}::regclass and attnum > 0 and not attisdropped and attgenerated = '';
          execute format('insert into ${sql.raw(table)} (%1$s) select %1$s from kept', columns); end $$`),
      async (tx) => {
        await onlyTrigger(tx, table, 'inserted')
        await tx.execute(sql`create temporary table kept on commit drop as select * from ${name} where ${whose()}`)
        await tx.execute(sql`delete from ${name} where ${whose()}`)
      },
    )
  })

  test('is noticed when it changes', async () => {
    const write = sql`update ${name} set ${sql.identifier(column)} = ${sql.identifier(column)} where ${whose()}`
    await expectNoticedBy('updated', table, write)
  })

  test('is noticed when it goes to another and comes back', async () => {
    const stranger = '01900000-0000-7000-8000-000000000000'
    const move = (from: unknown, to: unknown) =>
      sql`update ${name} set ${sql.identifier(column)} = ${to} where ${isFact(column, from)}`
    const mine = world().ids[owner]
    await expectNoticedBy('updated', table, move(mine, stranger))
    await expectNoticed(
      (tx) => tx.execute(move(stranger, mine)),
      async (tx) => {
        await tx.execute(sql.raw(`alter table ${table} disable trigger all`))
        await tx.execute(move(mine, stranger))
        await onlyTrigger(tx, table, 'updated')
      },
    )
  })

  test('is noticed when it is deleted', async () => {
    const write = sql`delete from ${name} where ${whose()}`
    await expectNoticedBy('deleted', table, write)
  })

  test('is noticed when the table is emptied', async () => {
    await expectNoticedBy('truncated', table, sql`truncate ${name}`)
  })
})

describe.each(THINGS)('a row of %s', (table, owner, columns) => {
  const name = sql.identifier(table)
  const isIt = () => isFact('id', world().ids[owner])

  test.each(Object.keys(columns))('is noticed when its %s changes', async (column) => {
    const write = sql`update ${name} set ${sql.identifier(column)} = ${columns[column]} where ${isIt()}`
    await expectNoticed(
      (tx) => tx.execute(write),
      async (tx) => {
        // There is at most one key of the environment.
        await tx.execute(sql`update api_keys set revoked_at = now() where source = 'ENVIRONMENT'`)
        await onlyTrigger(tx, table, 'updated')
      },
    )
  })

  test('is noticed when it is deleted', async () => {
    const write = sql`delete from ${name} where ${isIt()}`
    await expectNoticedBy('deleted', table, write)
  })

  test('is noticed when the table is emptied', async () => {
    await expectNoticedBy('truncated', table, sql`truncate ${name} cascade`)
  })
})

test('every trigger of the database is tried here', async () => {
  const triggers = await query<{ name: string }>(
    app,
    // That of the audit writes the outbox, on which no authority rests.
    sql`select tgname as name from pg_trigger where not tgisinternal and tgname <> 'audit_events_outbox' order by tgname`,
  )
  const ofFacts = FACTS.flatMap(([table]) =>
    ['deleted', 'inserted', 'truncated', 'updated'].map((on) => `${table}_${on}`),
  )
  const ofThings = THINGS.flatMap(([table]) => ['deleted', 'truncated', 'updated'].map((on) => `${table}_${on}`))
  expect(triggers.map(({ name }) => name)).toEqual([...ofFacts, ...ofThings].sort())
})

test('a caller is proven while nothing is written of them', async () => {
  const { headers } = world()
  await trying(async (tx, server) => {
    expect(await keep(server, headers)).not.toBe(null)
    await tx.execute(sql`update users set display_name = 'Alice' where username = 'alice'`)
    await tx.execute(sql`update api_keys set last_used_at = now()`)
    await tx.execute(sql`insert into roles (id, name) values (gen_random_uuid(), 'ANOTHER')`)
    expect(await isProven(server, headers)).toBe(true)
  })
})
