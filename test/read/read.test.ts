import { afterAll, expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { openFilledDatabase } from './database.ts'
import { compareRandom } from './property.ts'

/** The long run looks where nobody has looked before; the usual one is the same every time. */
const isLong = process.env.CHATELAINE_LONG !== undefined
const seed = Number(process.env.READ_SEED ?? (isLong ? Date.now() % 1_000_000_000 : 1))
const documents = Number(process.env.READ_RUNS ?? (isLong ? 3000 : 100))

const database = await openFilledDatabase(openTestDatabase)
afterAll(() => database.close())

test('random documents read the same as the oracle', { timeout: Math.max(300_000, documents * 200) }, async () => {
  const { differences, ...numbers } = await compareRandom(database, seed, documents)

  expect(differences, `seed ${seed}`).toEqual([])
  expect(numbers.documents).toBe(documents)
  expect(numbers.finalRuns).toBeGreaterThan(documents)
})
