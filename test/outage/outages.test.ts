// Runs with whole servers.
/** What clients get while the database is away, and how soon the server is well again. The server is a process of its own. */
import { execFileSync } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createClient, type TestApp } from '../support/app.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Program, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createUser } from '../support/seed.ts'
import { send, startLoad } from './load.ts'
import { type FaultyProxy, openProxy } from './proxy.ts'
import { strange, untilWell, wronglyTold } from './verdict.ts'

vi.setConfig({ testTimeout: 120_000 })

const isLong = process.env.CHATELAINE_LONG !== undefined
const ROUNDS = isLong ? 20 : 1

/** Where the database is and how it can be made to fail. */
interface World {
  postgres: PostgresServer
  proxy: FaultyProxy
  /** Runs a statement as the administrator of the database. */
  administer(text: string): Promise<pg.QueryResult>
}

interface Outage {
  what: string
  seconds: number
  begin(world: World): unknown
  end?(world: World): unknown
  /** True where the database answers other callers meanwhile. */
  holdsUpOne?: boolean
}

const TERMINATE = `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'chatelaine'`

const OUTAGES: Outage[] = [
  { what: 'is silent', seconds: 5, begin: ({ proxy }) => proxy.silence() },
  { what: 'has lost the connections without saying so', seconds: 1, begin: ({ proxy }) => proxy.halfOpen() },
  { what: 'answers each message half a second later', seconds: 2, begin: ({ proxy }) => proxy.delay(500) },
  { what: 'refuses connections', seconds: 1, begin: ({ proxy }) => proxy.refuse() },
  { what: 'resets the connections', seconds: 1, begin: ({ proxy }) => proxy.reset() },
  { what: 'ends the connections politely', seconds: 1, begin: ({ proxy }) => proxy.finish() },
  { what: 'terminates its back ends', seconds: 1, begin: ({ administer }) => administer(TERMINATE) },
  {
    what: 'stands still',
    seconds: isLong ? 6 : 5,
    begin: ({ postgres }) => signal(postgres, 'SIGSTOP'),
    end: ({ postgres }) => signal(postgres, 'SIGCONT'),
  },
  {
    what: 'is stopped and started again',
    seconds: 2,
    begin: ({ postgres }) => postgres.halt(),
    end: ({ postgres }) => postgres.resume(),
  },
  {
    what: 'accepts no changes',
    seconds: 2,
    begin: ({ administer }) =>
      administer('alter system set default_transaction_read_only = on').then(() =>
        administer('select pg_reload_conf()'),
      ),
    end: ({ administer }) =>
      administer('alter system reset default_transaction_read_only').then(() => administer('select pg_reload_conf()')),
  },
  {
    what: 'has no connections left',
    seconds: 2,
    begin: ({ administer }) => administer('alter role chatelaine connection limit 0').then(() => administer(TERMINATE)),
    end: ({ administer }) => administer('alter role chatelaine connection limit -1'),
  },
  { what: 'has locked the table', seconds: isLong ? 10 : 3, begin: lockTable, end: unlockTable, holdsUpOne: true },
]

/** Two thirds of them each day; all of them in the long run. */
const OF_TODAY = OUTAGES.filter((_, place) => isLong || place % 3 !== new Date().getDate() % 3)

let world: World
let url: string
beforeAll(async () => {
  const postgres = await startPostgres(['track_commit_timestamp=on', 'max_connections=60', 'fsync=off'])
  const proxy = await openProxy(postgres.port)
  const administer = (text: string) => runAlone(postgres.url, text)
  await administer(`create role chatelaine login password 'chatelaine'`)
  await administer('create database chatelaine owner chatelaine')
  world = { postgres, proxy, administer }
  url = databaseAt(proxy.port, 'chatelaine:chatelaine')
})
afterAll(async () => {
  await world.proxy.close()
  await world.postgres.stop()
})

test.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
  'in round %i of outages one after the other, nothing is lost or late, and the server lives',
  async (round) => {
    const program = await startServer()
    const key = await makeAdministrator(program, `alice${round}`)
    const before = memoryOf(program)

    for (const outage of OF_TODAY) await passThrough(program, key, outage, round)

    expect(memoryOf(program) - before, 'megabytes').toBeLessThan(150)
    const { code, stderr } = await program.stop()
    expect(code).toBe(0)
    expect(tooManyLines(stderr)).toEqual([])
  },
)

async function passThrough(program: Program, key: string, outage: Outage, round: number) {
  const { what, seconds, begin, end, holdsUpOne = false } = outage
  const load = startLoad(program.url, ROOT_KEY, `${what.replaceAll(' ', '-')}-${round}`)
  await wait(500)

  await begin(world)
  await wait(seconds * 1000)
  await end?.(world)
  await world.proxy.recover()
  const well = await untilWell(program, key)
  await wait(500)
  const answers = await load.stop()

  const saying = (text: string) => `the database ${what}: ${text}`
  expect.soft(well, saying('milliseconds until it answers again')).toBeLessThanOrEqual(2000)
  expect.soft(strange(answers, holdsUpOne), saying('strange answers')).toEqual([])
  expect
    .soft(
      answers.filter(({ afterMs }) => afterMs > 6000),
      saying('late answers'),
    )
    .toEqual([])
  expect.soft(wronglyTold(answers, await madeAt()), saying('wrong answers')).toEqual([])
  expect
    .soft(
      answers.slice(-4).map(({ status }) => status),
      saying('the last answers'),
    )
    .toEqual(Array(4).fill(200))
}

/** Makes a user that may do everything; gives their key. */
async function makeAdministrator({ url }: Program, name: string): Promise<string> {
  const as = (key: string) => createClient(() => url, { 'api-key': key })
  const { key } = await createUser({ root: as(ROOT_KEY), as } as TestApp, name, { isAdmin: true })
  return key
}

async function runAlone(address: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: address })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}

function signal(postgres: PostgresServer, name: NodeJS.Signals) {
  for (const pid of postgres.pids()) process.kill(pid, name)
}

let holder: pg.Client

async function lockTable({ postgres }: World) {
  holder = new pg.Client({ connectionString: databaseAt(postgres.port, 'postgres:postgres') })
  await holder.connect()
  await holder.query('begin; lock table organizations')
}

function unlockTable() {
  return holder.end()
}

function databaseAt(port: number, login: string): string {
  return `postgres://${login}@127.0.0.1:${port}/chatelaine`
}

/** Megabytes that the process holds. */
function memoryOf({ pid }: Program): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', `${pid}`], { encoding: 'utf8' })) / 1024
}

describe('a COMMIT whose answer is lost', () => {
  test.each([
    ['arrived', true],
    ['did not arrive', false],
  ])('is told as unknown, and the change is not tried again, where it %s', async (_what, arrives) => {
    const program = await startServer()
    const name = `commit-${arrives}`

    world.proxy.endAt('; commit', arrives)
    const { status, code } = await send(program.url, ROOT_KEY, name)

    expect({ status, code }).toEqual({ status: 503, code: 'OUTCOME_UNKNOWN' })
    expect((await madeAt()).has(name)).toBe(arrives)
    const { stderr } = await program.stop()
    expect(stderr).toContain('"CommitUnknownError"')
  })

  test('is repeated silently where only the connection was lost before it', async () => {
    const program = await startServer()

    world.proxy.endAt('insert into "audit_events"', true)
    const { status, code } = await send(program.url, ROOT_KEY, 'repeated')

    expect({ status, code }).toEqual({ status: 200, code: null })
    expect((await madeAt()).has('repeated')).toBe(true)
  })
})

/** The server asks the queue of mails each second, so that its errors are among those of the outages; nobody takes its mails. */
const MAIL = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'chatelaine@example.test' }

function startServer(): Promise<Program> {
  return startProgram({ DATABASE_URL: url, ENCRYPTION_KEY, ROOT_API_KEY: ROOT_KEY, ...MAIL })
}

/** Seconds in which the log has more than one line for a cause, and lines that are long or about something else. */
function tooManyLines(stderr: string): string[] {
  const lines = stderr.split('\n').filter(Boolean)
  expect(lines.filter((line) => !line.startsWith('{'))).toEqual([])
  const seconds = lines.map((line) => `${JSON.parse(line).cause} ${Math.floor(Date.parse(JSON.parse(line).at) / 1000)}`)
  const repeated = seconds.filter((second, index) => seconds.indexOf(second) < index - 1)
  return [
    ...repeated,
    ...lines.filter((line) => line.length > 300 || !/"(DatabaseUnavailable|CommitUnknownError)"/.test(line)),
  ]
}

/** When each organization was committed, in milliseconds since 1970. */
async function madeAt(): Promise<Map<string, number>> {
  const { rows } = await runAlone(
    databaseAt(world.postgres.port, 'postgres:postgres'),
    'select name, extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 as at from organizations',
  )
  return new Map(rows.map(({ name, at }) => [name, Number(at)]))
}
