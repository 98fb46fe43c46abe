// Runs with whole servers.
/** Several processes on one port, as one server. */
import { Agent, request } from 'node:http'
import { sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { freePort } from '../support/postgres-server.ts'
import { createStore, lookInto, type Program, runCommand, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'

vi.setConfig({ testTimeout: 120_000 })

const MINE = JSON.stringify({ query: '{ viewer { user { username } } }' })
const WAIT = { timeout: 30_000, interval: 50 }

async function createStarted(): Promise<Record<string, string>> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  return { ...environment, ROOT_API_KEY: ROOT_KEY }
}

async function start(settings: Record<string, string> = {}): Promise<Program> {
  return startProgram({ ...(await createStarted()), WORKERS: '2', LOG_LEVEL: 'info', ...settings })
}

/** Sends one request; gives its status, its id and whether it may send another on the same connection. */
function send({ url }: Pick<Program, 'url'>, agent: Agent): Promise<{ status: number; id: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'api-key': ROOT_KEY }
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      response.resume()
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, id: String(response.headers['x-request-id']) }),
      )
      response.once('error', reject)
    })
    sent.once('error', reject)
    sent.end(MINE)
  })
}

/** Every request has a connection of its own. */
const fresh = () => new Agent({ keepAlive: false })

/** All requests have the same connection. */
function pinned(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return agent
}

/** The process that answered a request. */
async function workerOf(program: Program, id: string): Promise<number> {
  const find = () => program.log().find(({ requestId }) => requestId === id)
  await expect.poll(find, WAIT).toBeDefined()
  return Number(find()?.worker)
}

/** Both workers, once the log names them. */
async function bothWorkers(program: Program): Promise<number[]> {
  await expect.poll(() => startedWorkers(program).length, WAIT).toBe(2)
  return startedWorkers(program)
}

const startedWorkers = (program: Program) =>
  program.log().flatMap(({ msg, worker }) => (msg === 'started' ? [Number(worker)] : []))

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('WORKERS=2', () => {
  test('serves from two processes, none of which is the first one, at the address that was printed', async () => {
    const program = await start()

    const sent = await Promise.all(Array.from({ length: 20 }, () => send(program, fresh())))
    const pids = new Set(await Promise.all(sent.map(({ id }) => workerOf(program, id))))

    expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 200))
    expect([...pids].sort()).toEqual((await bothWorkers(program)).sort())
    expect(pids.size).toBe(2)
    expect(pids).not.toContain(program.pid)
  })

  test('migrates and makes root once, and prints the key of root once', async () => {
    const program = await startProgram({ ...(await createStore()), WORKERS: '4' })

    const { code, stdout, stderr } = await program.stop()

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.match(/key of root/g)).toHaveLength(1)
    expect(stdout.match(/SMTP_URL is not set/g)).toHaveLength(1)
    expect(stdout.match(/listens at/g)).toHaveLength(1)
  })

  test('starts a worker again that was killed, and clients of the other one notice nothing', async () => {
    const program = await start()
    const agent = pinned()
    const surviving = await workerOf(program, (await send(program, agent)).id)
    const [killed = 0] = (await bothWorkers(program)).filter((pid) => pid !== surviving)

    const underWay = Array.from({ length: 200 }, () => send(program, agent))
    process.kill(killed, 'SIGKILL')
    const sent = await Promise.all(underWay)
    await expect.poll(() => startedWorkers(program).length, WAIT).toBe(3)
    const later = await Promise.all(Array.from({ length: 20 }, () => send(program, fresh())))
    const pids = new Set(await Promise.all(later.map(({ id }) => workerOf(program, id))))

    expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 200))
    expect(await workerOf(program, sent.at(-1)?.id ?? '')).toBe(surviving)
    expect(later.map(({ status }) => status)).toEqual(later.map(() => 200))
    expect(pids.size).toBe(2)
    expect(pids).not.toContain(killed)
    expect(program.log()).toContainEqual(
      expect.objectContaining({ level: 'error', worker: killed, reason: 'the signal SIGKILL', pauseMs: 500 }),
    )
  })

  test('finishes every request that was sent before load balancers saw that it stops, and ends with 0', async () => {
    const program = await start({ SHUTDOWN_DELAY_SECONDS: '60' })
    const workers = await bothWorkers(program)
    const statuses: number[] = []
    let isReady = true
    const clients = Array.from({ length: 12 }, async (_, index) => {
      const agent = index % 2 === 0 ? fresh() : pinned()
      while (isReady) statuses.push((await send(program, agent)).status)
    })
    await expect.poll(() => statuses.length, WAIT).toBeGreaterThan(50)

    const ended = program.stop('SIGTERM')
    await expect.poll(async () => (await fetch(new URL('/health/ready', program.url))).status, WAIT).toBe(503)
    const before = statuses.length
    await expect.poll(() => statuses.length, WAIT).toBeGreaterThan(before + 20)
    isReady = false
    await Promise.all(clients)
    program.stop('SIGTERM')

    expect(statuses).toEqual(statuses.map(() => 200))
    expect(await ended).toMatchObject({ code: 0, signal: null })
    expect(workers.filter(isAlive)).toEqual([])
  })

  test('finishes what is under way where all its processes get the signal, as from a terminal or systemd', async () => {
    const program = await start({ SHUTDOWN_DELAY_SECONDS: '60' })
    const agent = pinned()

    for (const pid of await bothWorkers(program)) process.kill(pid, 'SIGTERM')
    const ended = program.stop('SIGTERM')
    await program.untilSaid(/(taking requests)/)
    const sent = await Promise.all(Array.from({ length: 50 }, () => send(program, agent)))
    program.stop('SIGTERM')

    expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 200))
    expect((await ended).code).toBe(0)
  })

  test('ends with its first process, however that ends', async () => {
    const program = await start()
    const workers = await bothWorkers(program)

    await program.stop('SIGKILL')

    await expect.poll(() => workers.filter(isAlive), WAIT).toEqual([])
  })
})

describe('the figures and checks of several workers', () => {
  test('are on METRICS_PORT: counts are added, and the server is ready', async () => {
    const port = String(await freePort())
    const program = await start({ METRICS_PORT: port })
    const sent = await Promise.all(Array.from({ length: 21 }, () => send(program, fresh())))
    const pids = new Set(await Promise.all(sent.map(({ id }) => workerOf(program, id))))

    const response = await fetch(`http://127.0.0.1:${port}/metrics`)
    const text = await response.text()
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`)
    const live = await fetch(`http://127.0.0.1:${port}/health/live`)

    expect(pids.size).toBe(2)
    expect(response.headers.get('content-type')).toContain('text/plain')
    expect(text).toContain('chatelaine_requests_total{kind="query",operation="",status="200"} 21')
    expect(text).toContain('chatelaine_request_duration_seconds_count{kind="query"} 21')
    expect(text).toMatch(/chatelaine_database_connections\{state="open"\} [1-9]/)
    expect(text).toContain('chatelaine_nodejs_eventloop_lag_seconds')
    expect(await ready.json()).toMatchObject({ status: 'ok' })
    expect(live.status).toBe(200)
  })

  test('say that the server is not ready while no worker takes requests', async () => {
    const port = String(await freePort())
    const program = await start({ METRICS_PORT: port })

    for (const pid of await bothWorkers(program)) process.kill(pid, 'SIGKILL')

    const check = async () => (await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json()) as object
    await expect.poll(check, WAIT).toMatchObject({ status: 'no worker takes requests' })
    await expect.poll(check, WAIT).toMatchObject({ status: 'ok' })
  })
})

describe('a start with workers is stopped', () => {
  test('by a port in use: one sentence says so', async () => {
    const first = await start()
    const { port } = new URL(first.url)

    const failing = startProgram({ ...(await createStarted()), WORKERS: '3', PORT: port })

    await expect(failing).rejects.toThrow(
      new RegExp(
        `^The program ended with 1: [^\\n]*\\nchatelaine: PORT ${port} is in use on 127.0.0.1: choose another one.\\n$`,
      ),
    )
  })

  test.each(['1', '2'])('by a METRICS_PORT in use, with %s: one sentence says so', async (workers) => {
    const port = String(await freePort())
    await start({ METRICS_PORT: port })

    const failing = startProgram({ ...(await createStarted()), WORKERS: workers, METRICS_PORT: port })

    await expect(failing).rejects.toThrow(`chatelaine: METRICS_PORT ${port} is in use on 127.0.0.1`)
  })

  test('by the embedded database: one sentence says so', async () => {
    const { code, stdout, stderr } = await runCommand(['serve'], { WORKERS: '2' })

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe(
      'chatelaine: WORKERS must be 1 with the embedded database, which one process holds, not 2: set DATABASE_URL to a PostgreSQL server.\n',
    )
  })
})

// It takes as long as the server tries it again.
test.runIf(process.env.CHATELAINE_LONG)(
  'a worker that ends again and again as soon as it is started ends the server, with the reason',
  async () => {
    const store = await createStarted()
    const program = await startProgram({ ...store, WORKERS: '2', LOG_LEVEL: 'info' })
    await lookInto(store, ({ db }) => db.execute(sql`delete from drizzle.__drizzle_migrations`))

    process.kill((await bothWorkers(program))[0] ?? 0, 'SIGKILL')
    const { code, stderr } = await program.ended

    expect(code).toBe(1)
    expect(stderr.split('\n').at(-2)).toBe(
      'chatelaine: A worker ended 5 times within its first 5 s, so the server stops. The last reason: The database is not up to date: run "chatelaine migrate" or start the server first.',
    )
    const pauses = program.log().flatMap(({ pauseMs }) => pauseMs ?? [])
    expect(pauses).toEqual([500, 1000, 2000, 4000])
    expect(startedWorkers(program).filter(isAlive)).toEqual([])
  },
)
