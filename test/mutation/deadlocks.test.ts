/** Changes lock what they touch in one order: whichever two of them come at once, neither waits for the other forever. */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { type Mutation, makeWorld, type Replayed, randomMutations } from '../access/replay/mutations.ts'
import { createRandom } from '../read/random.ts'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { query } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'
import { wordOf } from '../support/word.ts'

const app = startApp()

const PAIRS = process.env.CHATELAINE_LONG ? 1000 : 150
/** The locks of a change are taken within a fraction of a millisecond, so it takes many to meet. */
const ROUNDS = process.env.CHATELAINE_LONG ? 1000 : 300
const SEED = Number(process.env.CHATELAINE_SEED ?? 53)

/** How many deadlocks the database has ended; it tells them a moment later. */
async function countDeadlocks(): Promise<number> {
  await query(app, sql`select pg_stat_force_next_flush()`)
  const [row] = await query<{ count: number }>(
    app,
    sql`select deadlocks::int as count from pg_stat_database where datname = current_database()`,
  )
  return row?.count ?? Number.NaN
}

async function send({ name, input }: Mutation, replayed: Replayed): Promise<string> {
  const isDeletion = name === 'deleteUser'
  const answer = await app.root.send(changeDocument(name, isDeletion ? 'deletedId' : '__typename'), { input })
  if (isDeletion && answer.data?.deleteUser?.deletedId) replayed.deletedIds.push(answer.data.deleteUser.deletedId)
  return wordOf(answer)
}

test.runIf(isPostgres())(
  `no two random changes at once wait for each other (CHATELAINE_SEED=${SEED})`,
  {
    timeout: PAIRS * 1000,
  },
  async () => {
    await makeWorld(app)
    const before = await countDeadlocks()
    const replayed: Replayed = { random: createRandom(SEED), given: [], deletedIds: [] }
    const words = new Map<string, number>()
    for (let pair = 0; pair < PAIRS; pair++) {
      const two = [randomMutations(replayed)[0], randomMutations(replayed)[0]] as Mutation[]
      for (const word of await Promise.all(two.map((one) => send(one, replayed))))
        words.set(word, (words.get(word) ?? 0) + 1)
    }

    expect(await countDeadlocks()).toBe(before)
    expect([...words.keys()].sort()).toEqual(['ConflictError', 'NotFoundError', 'done'])
    expect(words.get('done')).toBeGreaterThan(PAIRS / 2)
  },
)

test.runIf(isPostgres())('administrators who change each other at once do not wait for each other', async () => {
  const names = ['anna', 'bert', 'cleo', 'dora']
  const clients: Client[] = []
  for (const name of names) clients.push((await createUser(app, name, { isAdmin: true })).client)
  const before = await countDeadlocks()

  for (let round = 0; round < ROUNDS; round++) {
    // Each holds their own row, and changes the next one of all, or of two: two wait for each other sooner.
    const isRing = round % 4 === 0
    const changes = clients.map((client, n) => {
      const user = names[isRing ? (n + 1) % names.length : n ^ 1]
      return change(client, 'updateUser', { user, displayName: `Name ${round}` }, 'user { displayName }')
    })
    const made = (await Promise.all(changes)).map(({ user }) => user.displayName)
    expect(made).toEqual(names.map(() => `Name ${round}`))
  }

  expect(await countDeadlocks()).toBe(before)
})
