/**
 * The property test as a program: `node test/read/compare.ts`, with READ_SEED and READ_RUNS. The mutants are run so,
 * and a failure of the suite can be looked at without it.
 */
import { openMemoryDatabase } from '../../src/db/database.ts'
import { openFilledDatabase } from './database.ts'
import { compareDirected, directed } from './directed.ts'
import { compareRandom } from './property.ts'

const seed = Number(process.env.READ_SEED ?? 1)
const documents = Number(process.env.READ_RUNS ?? 300)

const database = await openFilledDatabase(() => openMemoryDatabase(null))
const started = performance.now()
const { differences, ...numbers } = await compareRandom(database, seed, documents)
for (const one of directed) {
  if (differences.length === 0) differences.push(...(await compareDirected(database, one)).slice(0, 1))
}
const seconds = ((performance.now() - started) / 1000).toFixed(1)
process.stdout.write(`${differences.join('\n')}\n${JSON.stringify({ ...numbers, seconds })}\n`)
await database.close()
process.exit(differences.length === 0 ? 0 : 1)
