// Runs on both databases.
/** All that a user may do: as an oracle reads it from the rows, whole and paged, now and in the past. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { createRandom, type Random } from '../read/random.ts'
import { accessOf, inWordsWithTime } from '../support/access.ts'
import { startApp } from '../support/app.ts'
import { query } from '../support/rows.ts'
import { expectedAccess } from './check/access.ts'
import { type Facts, readFacts } from './check/facts.ts'
import { fillWorld, makeCast } from './check/world.ts'

const app = startApp()

const WORLDS = process.env.CHATELAINE_LONG ? 200 : 7
const SEED = Number(process.env.CHATELAINE_SEED ?? 7)

interface Counts {
  items: number
  expiresAt: number
  nothing: number
  many: number
  past: number
  changed: number
}

/** Users and things have been there for some hours, each for another time. */
async function ageThings(random: Random) {
  for (const table of ['users', 'controllers', 'models']) {
    const rows = await query<{ id: string }>(app, sql`select id from ${sql.identifier(table)} order by id`)
    for (const { id } of rows) {
      const age = `${random.int(8)} hours`
      await query(
        app,
        sql`update ${sql.identifier(table)} set created_at = now() - ${age}::interval where id = ${id} and deleted_at is null`,
      )
    }
  }
}

async function compareAll(random: Random, facts: Facts, counts: Counts) {
  for (const { username } of facts.users) {
    const hours = 0.5 + random.int(7)
    const moment = Math.floor(facts.now - hours * 3600)
    const whole = await accessOf(app.root, username)
    const paged = await accessOf(app.root, username, { first: 7 })
    const past = await accessOf(app.root, username, { at: new Date(moment * 1000).toISOString(), first: 50 })
    const [words, pastWords] = [whole, past].map((items) => items.map(inWordsWithTime).sort())

    expect([username, words]).toEqual([username, expectedAccess(facts, username, facts.now)])
    expect([username, hours, pastWords]).toEqual([username, hours, expectedAccess(facts, username, moment)])
    expect(paged).toEqual(whole)
    expect(whole.map(({ since }) => since)).toEqual(whole.map(({ since }) => since).sort())
    counts.items += whole.length
    counts.expiresAt += whole.filter(({ expiresAt }) => expiresAt !== null).length
    counts.nothing += whole.length === 0 ? 1 : 0
    counts.many += whole.length > 20 ? 1 : 0
    counts.past += past.length
    counts.changed += JSON.stringify(words) === JSON.stringify(pastWords) ? 0 : 1
  }
}

test(
  `${WORLDS} random worlds: everybody’s whole access, now and then, is what the oracle reads from the rows`,
  async () => {
    const cast = await makeCast(app)
    const counts: Counts = { items: 0, expiresAt: 0, nothing: 0, many: 0, past: 0, changed: 0 }

    for (let n = 0; n < WORLDS; n++) {
      const seed = SEED * 1000 + n
      const random = createRandom(seed)
      try {
        await fillWorld(app, cast, random)
        await ageThings(random)
        await compareAll(random, await readFacts(app), counts)
      } catch (error) {
        throw new Error(`world ${n}, seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }

    // The worlds are such that there is something of everything.
    for (const count of Object.values(counts)) expect(count, JSON.stringify(counts)).toBeGreaterThan(WORLDS / 4)
  },
  process.env.CHATELAINE_LONG ? 1_200_000 : 120_000,
)
