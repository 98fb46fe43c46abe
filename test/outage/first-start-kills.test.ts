// Runs on both databases.
// Runs with whole servers.
/** A first start that is killed at random moments, on an empty database or without a data folder. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { createRandom } from '../read/random.ts'
import { findDamage } from '../support/consistency.ts'
import { FIRST_COUNTS, readCounts } from '../support/first-start.ts'
import { ask, beginProgram, createStore, lookInto, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'

type Environment = Record<string, string>

const ROUNDS = process.env.CHATELAINE_LONG ? 30 : 1
const SEED = Number(process.env.CHATELAINE_SEED ?? 4)

vi.setConfig({ testTimeout: 60_000 + ROUNDS * 40_000 })

test(`a first start that is killed at ${ROUNDS} random moments is completed by the next one, and root is let in (CHATELAINE_SEED=${SEED})`, async () => {
  const random = createRandom(SEED)
  const wholeMs = await startAndStop(await createEmpty())

  for (let round = 0; round < ROUNDS; round++) {
    const store = await createEmpty()
    // Each round has its part of the time, so that all rounds together reach all of it.
    await killAfter(store, ((round + random.int(1000) / 1000) / ROUNDS) * wholeMs)
    await startAndStop(store)
    expect(await lookInto(store, readCounts)).toEqual(FIRST_COUNTS)
    expect(await findDamage(store)).toEqual([])
  }
})

async function createEmpty(): Promise<Environment> {
  return { ...(await createStore()), ROOT_API_KEY: ROOT_KEY }
}

/** Starts the server, which lets root in as an administrator; gives the milliseconds from its first work in the database to its first answer. */
async function startAndStop(store: Environment): Promise<number> {
  const starting = startProgram(store)
  await untilBegun(store)
  const begun = performance.now()
  const program = await starting
  const { data } = await ask(program, ROOT_KEY, '{ viewer { user { username isAdmin } } }')
  expect(data).toEqual({ viewer: { user: { username: 'root', isAdmin: true } } })
  const answered = performance.now()
  expect((await program.stop()).code).toBe(0)
  return answered - begun
}

/** Kills a start so long after its first work in the database; one that has ended by then is killed as a server. */
async function killAfter(store: Environment, milliseconds: number) {
  const { stop } = beginProgram(['serve'], store)
  await untilBegun(store)
  await wait(milliseconds)
  expect(await stop('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL', stderr: '' })
}

/** Waits until a start is connected to PostgreSQL, or has written into the folder: until then there is nothing to be lost. */
async function untilBegun({ DATABASE_URL, DATA_DIR = '' }: Environment) {
  const often = { timeout: 60_000, interval: 5 }
  if (DATABASE_URL === undefined) {
    await vi.waitFor(() => expect(readdirSync(join(DATA_DIR, 'pglite'))).not.toEqual([]), often)
    return
  }
  const client = new pg.Client({ connectionString: DATABASE_URL })
  await client.connect()
  const others = 'select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'
  await vi.waitFor(async () => expect((await client.query(others)).rowCount).not.toBe(0), often)
  await client.end()
}
