/** What questions may cost: how much is looked up for one request, and for whom. */
import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { CHECK, EVERYWHERE } from '../support/check.ts'
import { isPostgres } from '../support/database.ts'
import { hold, untilWaiting } from '../support/locks.ts'
import { query } from '../support/rows.ts'
import { createUser, grantRoles, type SeededUser } from '../support/seed.ts'
import { recordStatements, type Statements } from '../support/statements.ts'

const app = startApp()

let statements: Statements
beforeAll(() => {
  statements = recordStatements(app.database)
})

let bob: SeededUser
app.world(async () => {
  bob = await createUser(app, 'bob')
})

const MESSAGE =
  '"input.questions" asks about more than 200 mutations and items of their lists in one request: ask in several.'

const enable = { mutation: { enableUser: { user: 'bob' } } }
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)

const ROLE = { role: 'VERSION_MANAGER', ...EVERYWHERE }

/** A mutation with so many items. */
function granting(items: number) {
  return { mutation: { grantRoles: { user: 'bob', roles: times(items, ROLE) } } }
}

describe('one request asks about at most 200 mutations and items of their lists', () => {
  const limits = (items: number) => ({ mutation: { createApiKey: { label: 'mine', limits: times(items, ROLE) } } })

  test.each([
    ['the items of several', [granting(100), granting(99)]],
    ['mutations and the items of others', [...times(98, enable), granting(100), granting(1)]],
    ['the items of any list', [limits(100), limits(99)]],
  ])('counting %s; more is refused before anything is looked up', async (_what, questions) => {
    await bob.client.ok('{ viewer { user { id } } }')
    statements.clear()

    const { message } = await bob.client.refused('BAD_USER_INPUT', CHECK, { input: { questions } })

    expect(message).toBe(MESSAGE)
    expect(statements.texts).toHaveLength(1)
  })

  test('200 are answered', async () => {
    const questions = [...times(99, enable), granting(100)]

    const { checkAccess } = await app.root.ok(CHECK, { input: { questions } })

    expect(checkAccess).toEqual(times(100, { isAllowed: true, code: 'ALLOWED' }))
  })

  test('over all aliases', async () => {
    const fields = ['a', 'b', 'c'].map((alias) => `${alias}: checkAccess(input: $${alias}) { code }`)
    const document = `query ($a: CheckAccessInput!, $b: CheckAccessInput!, $c: CheckAccessInput!) { ${fields.join(' ')} }`
    const input = { questions: times(100, enable) }

    const { data, errors } = await bob.client.send(document, { a: input, b: input, c: { questions: [enable] } })

    const told = times(100, { code: 'NOT_HELD' })
    expect(data).toEqual({ a: told, b: told, c: null })
    expect(errors.map(({ message, path, extensions }) => [message, path, extensions.code])).toEqual([
      [MESSAGE, ['c'], 'BAD_USER_INPUT'],
    ])
  })
})

const CHANGES = `query ($from: DateTime!) { accessChanges(from: $from) { totalCount nodes { kind username permission } } }`
const from = '2020-01-01T00:00:00Z'

test('a caller who may read no record gets only the changes of their own access', async () => {
  await createUser(app, 'carol', { roles: [ROLE] })
  await grantRoles(app, 'bob', [ROLE])

  const [own, all] = [await bob.client.ok(CHANGES, { from }), await app.root.ok(CHANGES, { from })]

  const words = ['version.create', 'version.delete', 'version.update']
  const gained = (username: string) => words.map((permission) => ({ kind: 'GAINED', username, permission }))
  expect(own.accessChanges).toEqual({ totalCount: 3, nodes: gained('bob') })
  expect(all.accessChanges.nodes).toEqual([
    ...gained('bob'),
    ...gained('carol'),
    { kind: 'GAINED', username: 'root', permission: 'every permission' },
  ])
})

test.runIf(isPostgres())('what the database gives up on is QUERY_TOO_COMPLEX, and is told so', async () => {
  const letGo = await hold(app, (tx) => tx.execute(sql`lock table permissions in access exclusive mode`))
  const asked = app.root.refused('QUERY_TOO_COMPLEX', CHANGES, { from })
  await untilWaiting(app, 1)

  await query(
    app,
    sql`select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )

  const { message } = await asked
  await letGo()
  expect(message).toBe('Reading this takes too long: ask for less, by a filter, a shorter time or smaller pages.')
})
