// Runs on both databases.

import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { bytea, customType, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Database, readRows, runStatement } from '../../src/db/database.ts'
import { createId } from '../../src/db/id.ts'
import { openTestDatabase } from '../support/database.ts'

// What the rest of the program expects of a database, of either kind.
let database: Database
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  await database.db.execute(sql`drop table if exists things`)
  await database.db.execute(sql`create table things (
    id uuid primary key, ids uuid[], words text[], at timestamptz(6), data jsonb, bytes bytea, name text collate "C")`)
})

const uuids = customType<{ data: string[] }>({ dataType: () => 'uuid[]' })
const things = pgTable('things', {
  id: uuid('id').primaryKey(),
  ids: uuids('ids'),
  words: text('words').array(),
  at: timestamp('at', { withTimezone: true, precision: 6, mode: 'string' }),
  data: jsonb('data'),
  bytes: bytea('bytes'),
  name: text('name'),
})

async function countThings(): Promise<number> {
  const [row] = await readRows<{ count: number }>(database.db, sql`select count(*)::int as count from things`)
  return row?.count ?? -1
}

describe('a slow statement', () => {
  test('does not stop the timers of the event loop', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 10)

    // Computed, not slept: where the database lives in the same thread, this is what stops everything.
    const started = performance.now()
    await database.db.execute(sql`select count(*) from generate_series(1, 3000000)`)
    const lasted = performance.now() - started
    clearInterval(timer)

    expect(ticks).toBeGreaterThan(lasted / 10 / 4)
  })

  test('does not stop other work while the database sleeps', async () => {
    const order: string[] = []

    const slow = database.db.execute(sql`select pg_sleep(0.3)`).then(() => order.push('statement'))
    await setImmediate()
    order.push('timer')
    await slow

    expect(order).toEqual(['timer', 'statement'])
  })
})

describe('a transaction', () => {
  test('keeps all or nothing', async () => {
    const failing = database.transaction(async (tx) => {
      await tx.insert(things).values({ id: createId() })
      throw new Error('no')
    })

    await expect(failing).rejects.toThrow('no')
    expect(await countThings()).toBe(0)
    await database.transaction((tx) => tx.insert(things).values([{ id: createId() }, { id: createId() }]))
    expect(await countThings()).toBe(2)
  })

  test('that a statement breaks keeps nothing, gives the database’s error, and leaves the connection good', async () => {
    const id = createId()
    const failing = database.transaction(async (tx) => {
      await tx.insert(things).values({ id })
      await tx.insert(things).values({ id })
    })

    await expect(failing).rejects.toMatchObject({ cause: { code: '23505', constraint: 'things_pkey' } })
    expect(await countThings()).toBe(0)
  })

  test('inside which the database itself is used throws at once, instead of waiting for ever', async () => {
    const uses = [
      () => database.db.execute(sql`select 1`),
      () => database.db.select().from(things),
      () => database.db.insert(things).values({ id: createId() }),
      () => database.transaction(async () => 1),
      () => runStatement(database.db, 'select 1', [], true),
    ]
    for (const use of uses) {
      const inside = database.transaction(async (tx) => {
        await tx.insert(things).values({ id: createId() })
        await use()
      })

      const error = await inside.catch((thrown: Error) => thrown)
      expect(String(Object(error).cause ?? error), String(use)).toContain('inside a transaction')
    }
    expect(await countThings()).toBe(0)
  })

  test('is not seen by others before it is committed, and twenty at once each keep their own', async () => {
    const ids = Array.from({ length: 20 }, createId)

    await Promise.all(
      ids.map((id, index) =>
        database.transaction(async (tx) => {
          await tx.insert(things).values({ id, name: `${index}` })
          const [row] = await tx.select().from(things).where(sql`id = ${id}`)
          expect(row?.name).toBe(`${index}`)
        }),
      ),
    )

    expect(await countThings()).toBe(20)
  })
})

describe('values', () => {
  test('come back as they went, through Drizzle and through plain statements', async () => {
    const value = {
      id: createId(),
      ids: [createId(), createId()],
      words: ['a', 'b,c', '"d"', '{e}', 'é\\', ''],
      at: '2031-02-03 04:05:06.123456+00',
      data: { a: [1, 'é', null, { b: true }], '"': '\\' },
      bytes: randomBytes(64),
      name: 'Grüße, "o\'k" \\ $1 ; --',
    }
    await database.db.insert(things).values(value)

    const [row] = await database.db.select().from(things)
    const [plain] = await runStatement(
      database.db,
      'select * from things where id = $1 and $2 = any(words)',
      [value.id, ''],
      true,
    )

    expect(row).toEqual(value)
    expect(new Date(String(plain?.at)).toISOString()).toBe('2031-02-03T04:05:06.123Z')
    expect({ ...plain, at: value.at }).toEqual(value)
  })

  test('that are empty or null stay so', async () => {
    const none = { ids: null, words: null, at: null, data: null, bytes: null, name: null }
    const empty = { ids: [], words: [], at: null, data: {}, bytes: Buffer.alloc(0), name: '' }
    const [first, second] = [createId(), createId()]
    await database.db.insert(things).values([
      { id: first, ...none },
      { id: second, ...empty },
    ])

    const rows = await database.db.select().from(things).orderBy(sql`name nulls first`)

    expect(rows).toEqual([
      { id: first, ...none },
      { id: second, ...empty },
    ])
  })

  test('as parameters of lists are found again, and names are ordered by their bytes', async () => {
    const ids = [createId(), createId(), createId()]
    const names = ['b', 'Z', 'é']
    await database.db.insert(things).values(ids.map((id, index) => ({ id, name: names[index] })))

    const found = await runStatement(
      database.db,
      'select name from things where id = any($1::uuid[]) order by name',
      [ids],
      true,
    )

    expect(found.map((row) => row.name)).toEqual(['Z', 'b', 'é'])
  })

  test('that PostgreSQL can’t store are an error of class 22, and the connection stays good', async () => {
    const insert = database.db.insert(things).values({ id: createId(), name: 'a\u0000b' })

    await expect(insert).rejects.toMatchObject({ cause: { code: expect.stringMatching(/^22/) } })
    expect(await countThings()).toBe(0)
  })
})
