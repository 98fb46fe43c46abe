// Runs on both databases.

import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Database, readRows, runStatement } from '../../src/db/database.ts'
import { createDeadline, runUntil } from '../../src/db/deadline.ts'
import { CommitUnknownError, DeadlinePassedError, RolledBackError } from '../../src/db/errors.ts'
import { openTestDatabase } from '../support/database.ts'

let database: Database
beforeAll(async () => {
  database = await openTestDatabase()
  await database.db.execute(sql`create table things (id int primary key)`)
})
afterAll(() => database.close())

async function countThings(): Promise<number> {
  const [row] = await readRows<{ count: number }>(database.db, sql`select count(*)::int as count from things`)
  return row?.count ?? -1
}

describe('every connection of the pool', () => {
  test.each([
    ['jit', 'off'],
    ['plan_cache_mode', 'force_generic_plan'],
    ['random_page_cost', '1.1'],
    ['cpu_index_tuple_cost', '0.05'],
    ['statement_timeout', '3s'],
    ['lock_timeout', '2s'],
    ['idle_in_transaction_session_timeout', '5s'],
    ['TimeZone', 'UTC'],
  ])('has %s = %s', async (name, value) => {
    // As many as the pool has, at the same time, so that each gets another connection.
    const shown = await Promise.all(
      Array.from({ length: 4 }, () => database.transaction((tx) => runStatement(tx, `show ${name}`, [], false))),
    )

    expect(shown.flatMap((rows) => rows.map((row) => Object.values(row)))).toEqual([[value], [value], [value], [value]])
  })

  test('prepares a statement from its second use on, and never one that is not to be prepared', async () => {
    const prepared = await database.transaction(async (tx) => {
      for (let use = 0; use < 3; use++) await runStatement(tx, 'select 42 as kept', [], true)
      for (let use = 0; use < 3; use++) await runStatement(tx, 'select 42 as thrown_away', [], false)
      return runStatement(
        tx,
        `select statement from pg_prepared_statements where statement like 'select 42%'`,
        [],
        false,
      )
    })

    expect(prepared).toEqual([{ statement: 'select 42 as kept' }])
  })
})

describe('a transaction', () => {
  test('without limits waits as long as it takes', async () => {
    const shown = await database.transaction(
      (tx) =>
        runStatement(
          tx,
          `select current_setting('statement_timeout') as s, current_setting('lock_timeout') as l`,
          [],
          false,
        ),
      { isPatient: true },
    )

    expect(shown).toEqual([{ s: '0', l: '0' }])
    const [after] = await runStatement(database.db, 'show statement_timeout', [], false)
    expect(after).toEqual({ statement_timeout: '3s' })
  })

  test('in which a failure was overlooked is not taken for committed', async () => {
    const swallowing = database.transaction(async (tx) => {
      await tx.execute(sql`insert into things values (1)`)
      await tx.execute(sql`select 1 / 0`).catch(() => {})
    })

    await expect(swallowing).rejects.toThrow(RolledBackError)
    expect(await countThings()).toBe(0)
  })

  test('is not committed after the deadline of its request', async () => {
    const deadline = createDeadline(100)
    const late = runUntil(deadline, () =>
      database.transaction(async (tx) => {
        await tx.execute(sql`insert into things values (2)`)
        while (Date.now() <= deadline.at) await runStatement(tx, 'select 1', [], false).catch(() => {})
      }),
    )

    await expect(late).rejects.toThrow(DeadlinePassedError)
    expect(deadline.isCommitSent).toBe(false)
    expect(await countThings()).toBe(0)
  })

  test('whose COMMIT arrives too late by the clock of the database is rolled back by it', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const deadline = createDeadline(50)

    // The clock of this process stands still, as if the message were on its way.
    const late = runUntil(deadline, () =>
      database.transaction(async (tx) => {
        await tx.execute(sql`insert into things values (3)`)
        await tx.execute(sql`select pg_sleep(0.1)`)
      }),
    )

    await expect(late).rejects.toThrow(DeadlinePassedError)
    expect(deadline.isCommitSent).toBe(false)
    expect(await countThings()).toBe(0)
  })

  test('whose constraints fail at COMMIT gives the error of the database, and is known to be unmade', async () => {
    await database.db.execute(
      sql`create table parts (thing int constraint parts_thing references things deferrable initially deferred)`,
    )
    const deadline = createDeadline(5000)
    const failing = runUntil(deadline, () =>
      database.transaction((tx) => tx.execute(sql`insert into parts values (9)`)),
    )

    await expect(failing).rejects.toMatchObject({ code: '23503', constraint: 'parts_thing' })
    await expect(failing).rejects.not.toThrow(CommitUnknownError)
    expect(deadline.isCommitSent).toBe(false)
  })
})
