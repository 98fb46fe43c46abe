import { sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Transaction } from '../../src/db/database.ts'
import { lockChanges } from '../../src/entities/settings/operations.ts'
import { startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { query, readAudit } from '../support/rows.ts'
import { createProject, createUser } from '../support/seed.ts'
import { wordOf } from '../support/word.ts'

const app = startApp()

function setReadOnly(client = app.root) {
  return change(client, 'setReadOnly', { isReadOnly: true }, 'isReadOnly changed')
}

/** Whether a new project is made, in one word. */
async function tryToCreate(code: string): Promise<string> {
  return wordOf(await app.root.send(changeDocument('createProject'), { input: { code } }))
}

const SET = { __typename: 'SetReadOnlyPayload', isReadOnly: true, changed: true }

/** How many wait for the lock between changes and the mode. */
async function countWaiting(): Promise<number> {
  const rows = await query<{ count: number }>(
    app,
    sql`select count(*)::int as count from pg_locks
      where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
  )
  return rows[0]?.count ?? -1
}

/** Holds a transaction open until it is let go. */
async function hold(within: (tx: Transaction) => Promise<unknown>) {
  const { promise: held, resolve: begun } = Promise.withResolvers<void>()
  const { promise: end, resolve: letGo } = Promise.withResolvers<void>()
  const ended = app.database.transaction(async (tx) => {
    await within(tx)
    begun()
    await end
  })
  await held
  onTestFinished(() => letGo())
  return async () => {
    letGo()
    await ended
  }
}

// The embedded database has one session: its transactions come one after the other as it is.
describe.runIf(isPostgres())('setting read-only mode waits for the changes under way', () => {
  test('which are kept; a change that came after it and waited is refused', async () => {
    // Where what is kept of the caller has changed, the answer begins again, behind what waits.
    await app.root.ok('{ viewer { user { id } } }')
    const letGo = await hold((tx) => tx.execute(sql.raw(lockChanges({ alone: false }))))

    let isSet = false
    const setting = setReadOnly().finally(() => {
      isSet = true
    })
    await expect.poll(countWaiting).toBe(1)
    const late = tryToCreate('apollo')
    await expect.poll(countWaiting).toBe(2)
    const wasSet = isSet
    await letGo()

    expect(wasSet).toBe(false)
    expect(await setting).toEqual(SET)
    expect(await late).toBe('READ_ONLY')
    const { projects } = await app.root.ok('{ projects { totalCount } }')
    expect(projects.totalCount).toBe(0)
  })

  test('so that one that began before it is made', async () => {
    await createProject(app, 'apollo')
    const alice = await createUser(app, 'alice', { isAdmin: true })
    const before = (await readAudit(app)).length
    // The change waits for its project, and the mode for the change: by another user, as each waits for their own.
    const letGo = await hold((tx) => tx.execute(sql`select from projects for update`))

    const early = change(app.root, 'updateProject', { project: 'apollo', title: 'Moon' }, 'project { title }')
    await expect.poll(countWaitingFor('transactionid', 'tuple')).toBe(1)
    const setting = setReadOnly(alice.client)
    await expect.poll(countWaiting).toBe(1)
    await letGo()

    expect((await early).project).toEqual({ title: 'Moon' })
    expect(await setting).toEqual(SET)
    expect((await readAudit(app)).slice(before).map(({ action }) => action)).toEqual(['updateProject', 'setReadOnly'])
    expect(await tryToCreate('gemini')).toBe('READ_ONLY')
  })

  test('and never so that each waits for the other until the database ends one of them', async () => {
    await createProject(app, 'apollo')
    const alice = await createUser(app, 'alice', { isAdmin: true })
    // The change is under way, but has not yet found what it is about: the very user who sets the mode.
    const letGo = await hold((tx) => tx.execute(sql`lock table roles in access exclusive mode`))

    const roles = [{ role: 'VERSION_MANAGER', project: 'apollo' }]
    const early = change(alice.client, 'grantRoles', { user: 'root', roles }, 'changed')
    await expect.poll(countWaitingFor('relation')).toBe(1)
    const setting = setReadOnly()
    await expect.poll(countWaiting).toBe(1)
    await letGo()
    const crosswise = await watch(countCrosswise, Promise.all([early, setting]))

    expect(crosswise).toEqual([0])
    expect((await early).changed).toBe(true)
    expect(await setting).toEqual(SET)
  })
})

/** How many wait for another transaction to end. */
function countWaitingFor(...events: string[]) {
  return async (): Promise<number> => {
    const rows = await query<{ count: number }>(
      app,
      sql`select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and wait_event = any(${sql.param(events)}::text[])`,
    )
    return rows[0]?.count ?? -1
  }
}

/** How many wait for somebody who waits for them. */
async function countCrosswise(): Promise<number> {
  const rows = await query<{ count: number }>(
    app,
    sql`select count(*)::int as count from pg_stat_activity as a
      where a.datname = current_database() and exists (
        select from unnest(pg_blocking_pids(a.pid)) as b(pid) where a.pid = any(pg_blocking_pids(b.pid)))`,
  )
  return rows[0]?.count ?? -1
}

/** Everything that was seen, each once, again and again until something has ended. */
async function watch<T>(look: () => Promise<T>, expiresAt: Promise<unknown>): Promise<T[]> {
  const seen = new Set<T>()
  let isOver = false
  const over = expiresAt.finally(() => {
    isOver = true
  })
  while (!isOver) seen.add(await look())
  await over
  return [...seen]
}
