// Runs on the embedded database.

import { sql } from 'drizzle-orm'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openDatabase, readRows } from '../../src/db/database.ts'
import { isTimeout } from '../../src/db/errors.ts'
import { createStartedStore } from '../support/database.ts'

vi.setConfig({ testTimeout: 120_000 })

test('a statement that does not end is ended after 4 s; what was committed is there, and the next statement is answered', async () => {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  const { db, transaction, close } = await openDatabase(readConfig(environment))
  onTestFinished(close)
  await db.execute(sql`create table things (id int primary key)`)
  await db.execute(sql`insert into things values (1)`)

  const started = performance.now()
  const endless = transaction(async (tx) => {
    await tx.execute(sql`insert into things values (2)`)
    await tx.execute(sql`select count(*) from generate_series(1, 1000000000) as a, generate_series(1, 1000000000) as b`)
  })
  const error = await endless.catch((thrown: unknown) => thrown)
  const lasted = performance.now() - started

  expect(isTimeout(error)).toBe(true)
  expect(lasted).toBeGreaterThan(3500)
  expect(lasted).toBeLessThan(6000)
  await vi.waitFor(async () => {
    expect(await readRows(db, sql`select id from things`)).toEqual([{ id: 1 }])
  }, 10_000)
})
