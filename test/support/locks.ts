/** Requests stopped half way by a lock that a test holds; on PostgreSQL alone, as the embedded database has one session. */
import { sql } from 'drizzle-orm'
import { expect, onTestFinished } from 'vitest'
import type { Transaction } from '../../src/db/database.ts'
import type { TestApp } from './app.ts'
import { query, uuidOf } from './rows.ts'

/** Keeps a transaction open until it is let go, at the latest when the test is finished. */
export async function hold(app: TestApp, within: (tx: Transaction) => Promise<unknown>): Promise<() => Promise<void>> {
  const { promise: held, resolve: begun } = Promise.withResolvers<void>()
  const { promise: end, resolve: letGo } = Promise.withResolvers<void>()
  const ended = app.database.transaction(async (tx) => {
    await within(tx)
    begun()
    await end
  })
  onTestFinished(() => letGo())
  await Promise.race([held, ended])
  return async () => {
    letGo()
    await ended
  }
}

/** Holds a user's row. */
export function holdUser(app: TestApp, id: string) {
  return hold(app, (tx) => tx.execute(sql`select from users where id = ${uuidOf(id)} for update`))
}

/** Holds a table so that it can be read, and nothing be written to it. */
export function holdTable(app: TestApp, table: string) {
  return hold(app, (tx) => tx.execute(sql`lock table ${sql.identifier(table)} in share mode`))
}

/** Waits until exactly so many statements wait for a lock. */
export async function untilWaiting(app: TestApp, count: number) {
  const look = async () => {
    const rows = await query<{ count: number }>(
      app,
      sql`select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows[0]?.count
  }
  await expect.poll(look, { interval: 5, timeout: 2000 }).toBe(count)
}
