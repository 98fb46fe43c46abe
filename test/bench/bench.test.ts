// Runs with whole servers.
/** The hand-written statements of the benchmark answer as the server does, so that its ratios compare the same work. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createRandom } from '../read/random.ts'
import { onServer } from '../support/database.ts'
import { compareChanges } from './changes.ts'
import { cleanUp, undoLater } from './cleanup.ts'
import { ask, compareAnswers, signIn } from './compare.ts'
import { fillDatabase } from './fill.ts'
import { readOptions } from './options.ts'
import { type Program, startLimit, startServer } from './programs.ts'
import { type Load, WORKLOADS } from './workloads.ts'

const SEED = Number(process.env.CHATELAINE_SEED ?? 1)
const USERS = 2000
const SAMPLES = 3
/** The number of a user who is suspended. */
const SUSPENDED = 99

let url: string
let programs: { server: Program; limit: Program }
let load: Load

beforeAll(async () => {
  url = await createDatabase()
  const world = await fillDatabase(url, USERS)
  const [server, limit] = await Promise.all([startServer(url), startLimit(url)])
  const tokens = await signIn(server, world.password)
  programs = { server, limit }
  load = { world, random: createRandom(SEED), callers: USERS, tokens, changes: 0 }
})

afterAll(cleanUp)

async function createDatabase(): Promise<string> {
  const serverUrl = inject('serverUrl') ?? ''
  const name = `bench_${randomBytes(8).toString('hex')}`
  await onServer(serverUrl, `create database ${name}`)
  undoLater(() => onServer(serverUrl, `drop database ${name} with (force)`))
  return new URL(`/${name}`, serverUrl).href
}

describe.each(WORKLOADS)(`$name, $title (seed ${SEED})`, (workload) => {
  test.each(workload.callers)('the limit answers the %s as the server does', async (caller) => {
    await compareAnswers([programs.limit, programs.server], { workload, caller, load }, SAMPLES)
    if (workload.isChange) await compareChanges(url)
  })
})

test.each(WORKLOADS)('the limit refuses the key of a suspended user and an unknown key: $name', async (workload) => {
  const caller = workload.callers[0] ?? 'root'
  const { variables } = workload.next(load, caller)
  const keys = [load.world.userKeys[SUSPENDED - 1], 'unknown']

  for (const key of keys) {
    const answer = await ask(programs.limit, workload, { credential: `Bearer ${key}`, variables })
    expect(JSON.stringify(answer)).not.toContain('"data"')
  }
})

test('a wrong option is explained in one line', () => {
  expect(() => readOptions(['--only', 'W1,W10'])).toThrow('--only takes W1, W2, W3, W4, W5, W6, W7, W8, W9, not "W10".')
  expect(() => readOptions(['--users', 'many'])).toThrow(
    '--users must be a whole number from 2000 to 10000000, not "many".',
  )
  expect(() => readOptions(['--peers', '--profile'])).toThrow('--profile measures the server alone, without --peers.')
  expect(() => readOptions(['--faster'])).toThrow("Unknown option '--faster'; --help lists the options.")
})

test('the peers are measured only where that is asked for', () => {
  expect(readOptions([])).toMatchObject({ peers: false })
  expect(readOptions(['--peers'])).toMatchObject({ peers: true })
})
