/** What somebody could do at a moment in the past: `checkAccess` with `at`. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { CHECK, EVERYWHERE, explainOne, have, may } from '../support/check.ts'
import { createController, createModel } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import { query, uuidOf } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'
import { createPerson, signIn } from '../support/sessions.ts'

const app = startApp()
const given = app.world(startBob)

const APOLLO = { project: 'apollo' }
const EDIT = may('doc.edit', APOLLO)
const WRITE = have('WRITE', 'gce1/web')

/** The project apollo, gce1 with web, and the role EDITOR, all of a hundred days ago; and bob. */
async function startBob() {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo')
  await createController(app, 'gce1')
  await createModel(app.root, 'gce1', 'web')
  await createRole(app, 'EDITOR', ['doc.edit'])
  const bob = await createUser(app, 'bob')
  await query(app, sql`update role_permissions set since = now() - interval '100 days'`)
  for (const table of ['users', 'organizations', 'projects', 'controllers', 'models']) {
    await query(app, sql`update ${sql.identifier(table)} set created_at = now() - interval '100 days'`)
  }
  return bob
}

/** A time by the database's clock, so many days ago, to the second. */
const daysAgo = (days: number) => sql`date_trunc('second', now()) - ${`${days} days`}::interval`

async function timeOf(days: number): Promise<string> {
  const [row] = await query<{ at: string }>(app, sql`select to_json(${daysAgo(days)}) #>> '{}' as at`)
  return new Date(row?.at ?? '').toISOString()
}

/** Lets what is in a table have held from so many days ago until so many days ago; null is until now. */
function move(table: string, from: number, expiresAt: number | null) {
  const ended = expiresAt === null ? sql`null` : daysAgo(expiresAt)
  return query(
    app,
    sql`update ${sql.identifier(table)} set since = ${daysAgo(from)}, ended_at = ${ended} where ${
      table === 'base_permissions'
        ? sql`permission = 'doc.edit'`
        : sql`user_id in (select id from users where username = 'bob')`
    }`,
  )
}

const then = async (question: object, days: number, client = app.root) =>
  explainOne(client, { user: 'bob', at: await timeOf(days) }, question)

describe('a way counts from when it began until it ended', () => {
  const KINDS: [string, { table: string; question: object; give(): Promise<unknown>; way: string }][] = [
    [
      'a role',
      {
        table: 'role_grants',
        question: EDIT,
        give: () => grantRoles(app, 'bob', [{ role: 'EDITOR', ...APOLLO }]),
        way: 'ROLE EDITOR on apollo',
      },
    ],
    [
      'a base permission',
      {
        table: 'base_permissions',
        question: EDIT,
        give: () =>
          change(app.root, 'updateOrganization', { organization: 'default', addBasePermissions: ['doc.edit'] }),
        way: 'MEMBERSHIP in default',
      },
    ],
    [
      'a level on a controller',
      {
        table: 'controller_grants',
        question: have('LOGIN', 'gce1'),
        give: () => change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'ADD_MODEL' }),
        way: 'GRANT ADD_MODEL on gce1',
      },
    ],
    [
      'a level on a model',
      {
        table: 'model_grants',
        question: WRITE,
        give: () =>
          change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' }),
        way: 'GRANT WRITE on gce1/web',
      },
    ],
  ]

  test.each(KINDS)('%s that is no more', async (_what, { table, question, give, way }) => {
    await give()
    await move(table, 10, 5)

    const answers = []
    for (const days of [11, 10, 7, 5, 3]) answers.push(await then(question, days))

    const [held, ended] = [
      ['ALLOWED', `ALLOWED ${way}`],
      ['NOT_HELD', `ENDED ${way}`],
    ]
    // It holds at its beginning, and no more at its end.
    expect(answers).toEqual([ended, held, held, ended, ended])
    expect(await explainOne(app.root, { user: 'bob' }, question)).toEqual(ended)
  })

  test.each(KINDS)('%s that is still there', async (_what, { table, question, give, way }) => {
    await give()
    await move(table, 10, null)

    expect(await then(question, 11)).toEqual(['NOT_HELD', `ENDED ${way}`])
    expect(await then(question, 9)).toEqual(['ALLOWED', `ALLOWED ${way}`])
    expect(await explainOne(app.root, { user: 'bob', at: null }, question)).toEqual(['ALLOWED', `ALLOWED ${way}`])
  })

  test('a permission that the role no longer has', async () => {
    await grantRoles(app, 'bob', [{ role: 'EDITOR', ...APOLLO }])
    await move('role_grants', 50, null)
    await query(app, sql`update role_permissions set ended_at = ${daysAgo(20)} where permission = 'doc.edit'`)

    expect((await then(EDIT, 30))[0]).toBe('ALLOWED')
    expect(await then(EDIT, 10)).toEqual(['NOT_HELD', 'ENDED ROLE EDITOR on apollo'])
  })

  test('a way that was to expire', async () => {
    await grantRoles(app, 'bob', [{ role: 'EDITOR', ...APOLLO, expiresAt: inDays(1) }])
    await query(
      app,
      sql`update role_grants set since = ${daysAgo(10)}, expires_at = ${daysAgo(5)} where expires_at is not null`,
    )

    expect((await then(EDIT, 7))[0]).toBe('ALLOWED')
    expect((await then(EDIT, 3))[0]).toBe('NOT_HELD')
  })
})

describe('a user who was suspended then', () => {
  test('is INACTIVE then, and neither before nor after it', async () => {
    await grantRoles(app, 'bob', [{ role: 'EDITOR', everywhere: true }])
    await move('role_grants', 50, null)
    await change(app.root, 'disableUser', { user: 'bob' })
    await change(app.root, 'enableUser', { user: 'bob' })
    await move('user_suspensions', 20, 10)

    const allowed = ['ALLOWED', 'ALLOWED ROLE EDITOR everywhere']
    expect(await then(EDIT, 30)).toEqual(allowed)
    expect(await then(EDIT, 15)).toEqual(['INACTIVE', 'INACTIVE ROLE EDITOR everywhere'])
    expect(await then(EDIT, 5)).toEqual(allowed)
  })

  test('a user who is suspended now was not INACTIVE then', async () => {
    await grantRoles(app, 'bob', [{ role: 'EDITOR', everywhere: true }])
    await move('role_grants', 50, null)
    await change(app.root, 'disableUser', { user: 'bob' })

    expect((await explainOne(app.root, { user: 'bob' }, EDIT))[0]).toBe('INACTIVE')
    expect((await then(EDIT, 30))[0]).toBe('ALLOWED')
  })
})

describe('the permission to ask is decided by the present', () => {
  test('a user may ask about their own past', async () => {
    const bob = given()
    await grantRoles(app, 'bob', [{ role: 'EDITOR', ...APOLLO }])
    await move('role_grants', 10, 5)
    await createPerson(app, 'carol')
    const { client } = await signIn(app, 'carol')
    const at = await timeOf(7)

    // As oneself one does not see the project any more, and asks for it everywhere.
    const everywhere = may('doc.edit', EVERYWHERE)
    expect(await explainOne(bob.client, { at }, everywhere)).toEqual([
      'NOT_HELD',
      expect.stringMatching(/^WRONG_SCOPE ROLE/),
    ])
    expect(await explainOne(client, { at }, everywhere)).toEqual(['NOT_HELD'])
  })

  test('a caller may ask about other users only with access.check now, not with access.check in the past', async () => {
    const gate = await createUser(app, 'gate', { roles: [{ role: 'AUDITOR', everywhere: true }] })
    await query(app, sql`update role_grants set since = ${daysAgo(50)} where user_id = ${uuidOf(gate.id)}`)
    await change(app.root, 'revokeRoles', { user: 'gate', roles: [{ role: 'AUDITOR', everywhere: true }] })

    const { checkAccess } = await gate.client.ok(CHECK, {
      input: { user: 'bob', at: await timeOf(10), questions: [EDIT] },
    })

    expect(checkAccess).toBe(null)
  })
})

describe('a moment that is not yet past is refused', () => {
  const seconds = (from: number) => new Date(Date.now() + from * 1000).toISOString()

  test.each([
    ['now', () => seconds(0)],
    ['a second ago', () => seconds(-1)],
    ['eight seconds ago', () => seconds(-8)],
    ['in a minute', () => seconds(60)],
    ['in a hundred years', () => '2126-01-01T00:00:00Z'],
  ])('%s', async (_what, timeOf) => {
    for (const subject of [{}, { user: 'bob' }, { user: 'nobody' }]) {
      const input = { ...subject, at: timeOf(), questions: [EDIT] }
      const { message } = await app.root.refused('BAD_USER_INPUT', CHECK, { input })
      expect(message).toBe('"input.at" must be at least 10 seconds ago.')
    }
  })

  test('a moment that has just passed is accepted', async () => {
    expect(await explainOne(app.root, { user: 'bob', at: seconds(-12) }, EDIT)).toEqual(['NOT_HELD'])
  })

  test('a moment before the first start is accepted', async () => {
    await grantRoles(app, 'bob', [{ role: 'EDITOR', ...APOLLO }])

    for (const at of ['1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z']) {
      expect((await explainOne(app.root, { user: 'bob', at }, EDIT))[0]).toBe('NOT_HELD')
    }
  })
})

test('a question about a key is possible only for now: its past is not kept', async () => {
  const bob = given()

  for (const at of [await timeOf(7), new Date().toISOString()]) {
    const input = { apiKey: bob.key, at, questions: [EDIT] }
    const { message } = await app.root.refused('BAD_USER_INPUT', CHECK, { input })
    expect(message).toContain('"input.at" goes with a user')
  }
  const { checkAccess } = await app.root.ok(CHECK, { input: { apiKey: bob.key, at: null, questions: [EDIT] } })
  expect(checkAccess).toEqual([{ isAllowed: false, code: 'NOT_HELD' }])
})
