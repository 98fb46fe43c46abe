// Runs on both databases.
/** When a server removes what has been kept long enough, and what it says of it. */
import { sql } from 'drizzle-orm'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { startRetention } from '../../src/retention.ts'
import { startApp } from '../support/app.ts'
import { createStartedStore } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { lookInto } from '../support/program.ts'
import { query } from '../support/rows.ts'
import { serveHere } from '../support/serving.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

/** Adds an ended session and a refusal, which have been kept for two years. */
async function addOld(database: Database) {
  await query(
    { database },
    sql`insert into sessions (id, user_id, created_at, expires_at)
      select gen_random_uuid(), u.id, now() - interval '750 days', now() - interval '730 days' from users as u`,
  )
  await query(
    { database },
    sql`insert into audit_events (id, at, action, outcome, actor_kind) values
      (gen_random_uuid(), now() - interval '730 days', 'signIn', 'REFUSED', 'NOBODY')`,
  )
}

async function countOld(database: Database) {
  const [row] = await query<{ count: number }>(
    { database },
    sql`select (select count(*) from sessions)::int + (select count(*) from audit_events where outcome = 'REFUSED')::int as count`,
  )
  return row?.count
}

const SAID = 'Removed what was kept long enough: ended sessions 1, audited refusals 1.'

describe('a server', () => {
  test('without a mail server removes at its start, and says in one line what', async () => {
    const { environment, remove } = await createStartedStore()
    onTestFinished(remove)
    await lookInto(environment, addOld)

    const program = await serveHere(environment)
    await vi.waitFor(() => expect(program.said()).toContain('Removed'), { timeout: 30_000, interval: 10 })
    await program.stop()

    expect(
      program
        .said()
        .split('\n')
        .filter((line) => line.startsWith('Removed')),
    ).toEqual([SAID])
    expect(await lookInto(environment, countOld)).toBe(0)
  })

  test('with nothing to remove says nothing of it', async () => {
    const { environment, remove } = await createStartedStore()
    onTestFinished(remove)

    const program = await serveHere(environment)
    await program.stop()

    expect(program.said()).not.toContain('Removed')
  })
})

describe('while a server runs', () => {
  const app = startApp()
  const DAY_MS = 24 * 60 * 60 * 1000
  afterEach(() => {
    vi.useRealTimers()
  })

  test('it removes again each day, until it stops', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const lines: string[] = []
    await addOld(app.database)
    const retention = startRetention(app.database, readConfig({ ENCRYPTION_KEY }), (line) => lines.push(line))
    onTestFinished(() => retention.stop())
    await vi.waitFor(() => expect(lines).toHaveLength(1))
    for (const day of [1, 2]) {
      await addOld(app.database)
      vi.advanceTimersByTime(DAY_MS)
      await vi.waitFor(() => expect(lines).toHaveLength(day + 1))
    }

    await retention.stop()
    await addOld(app.database)
    vi.advanceTimersByTime(3 * DAY_MS)

    expect(lines).toEqual([SAID, SAID, SAID])
    expect(await countOld(app.database)).toBe(2)
  })
})
