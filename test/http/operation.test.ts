// Runs with whole servers.
/** What operators see of a server: checks of health, figures, the log, and its end. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { createStartedStore } from '../support/database.ts'
import { freePort } from '../support/postgres-server.ts'
import { ask, type Program, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { serveHere } from '../support/serving.ts'

vi.setConfig({ testTimeout: 120_000 })

const app = startApp()

async function start(settings: Record<string, string>): Promise<Program> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  return startProgram({ ...environment, ROOT_API_KEY: ROOT_KEY, ...settings })
}

async function check(url: string) {
  const response = await fetch(url)
  return { status: response.status, ...((await response.json()) as object) }
}

const at = (path: string, url = app.url) => new URL(path, url).href

describe('a check of health', () => {
  test('says that the process lives, whether it may get requests, and the versions of the program and of the schema', async () => {
    const schemaVersion = expect.stringMatching(/^\d{14}_\w+$/)
    const version = '0.1.0'

    expect(await check(at('/health/live'))).toEqual({ status: 'ok', version })
    for (const path of ['/health', '/health/ready', '/health/ready?write']) {
      expect(await check(at(path)), path).toEqual({ status: 'ok', version, schemaVersion })
    }
  })

  test('has its own connection: it is answered while every connection of the pool is taken', async () => {
    const held = Promise.withResolvers<void>()
    const taking = Array.from({ length: 16 }, () => app.database.transaction(() => held.promise))

    const answer = await check(at('/health/ready'))
    held.resolve()
    await Promise.all(taking)

    expect(answer).toMatchObject({ status: 'ok' })
  })
})

describe('a server that was told to stop', () => {
  test('is not ready, takes requests for a while whose answers close the connection, and ends with 0', async () => {
    const program = await start({ SHUTDOWN_DELAY_SECONDS: '2' })

    const ended = program.stop('SIGTERM')
    await vi.waitFor(async () => expect((await fetch(at('/health/ready', program.url))).status).toBe(503))
    const response = await fetch(program.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'api-key': ROOT_KEY },
      body: JSON.stringify({ query: '{ viewer { user { username } } }' }),
    })

    expect({ status: response.status, connection: response.headers.get('connection') }).toEqual({
      status: 200,
      connection: 'close',
    })
    expect(await check(at('/health/ready', program.url))).toMatchObject({ status: 'the server is stopping' })
    expect(await check(at('/health/live', program.url))).toMatchObject({ status: 'ok' })
    expect((await ended).code).toBe(0)
  })

  test('ends at once after a second signal', async () => {
    const program = await start({ SHUTDOWN_DELAY_SECONDS: '60' })

    const ended = program.stop('SIGTERM')
    await vi.waitFor(async () => expect((await fetch(at('/health/ready', program.url))).status).toBe(503))
    await program.stop('SIGTERM')

    expect((await ended).afterMs).toBeLessThan(30_000)
  })
})

describe('the figures on METRICS_PORT', () => {
  test('count requests by kind, operation and status, errors by code, and statements; clients do not see them', async () => {
    const port = String(await freePort())
    const program = await start({ METRICS_PORT: port })
    await ask(program, ROOT_KEY, 'query Mine { viewer { user { username } } }')
    await ask(program, null, 'query Mine { viewer { user { username } } }')
    await ask(program, ROOT_KEY, 'query Gone { user(id: "nothing") { username } }')

    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()

    expect(text).toContain('chatelaine_requests_total{kind="query",operation="Mine",status="200"} 1')
    expect(text).toContain('chatelaine_errors_total{code="UNAUTHENTICATED"} 1')
    expect(text).toMatch(/chatelaine_request_duration_seconds_count\{kind="query"\} 2/)
    expect(text).toMatch(/chatelaine_database_statement_duration_seconds_count [1-9]/)
    expect(text).toMatch(/chatelaine_database_connections\{state="open"\} [1-9]/)
    expect(text).toContain('chatelaine_kept_callers{state="entries"} 1')
    expect(text).toContain('chatelaine_kept_callers{state="used"} 1')
    expect(text).toContain('chatelaine_kept_callers{state="changed"} 0')
    expect(text).toContain('chatelaine_final_answers_total 1')
    expect(text).toContain('chatelaine_nodejs_eventloop_lag_seconds')
    expect((await check(`http://127.0.0.1:${port}/health/ready`)).status).toBe('ok')
    expect((await fetch(at('/metrics', program.url))).status).toBe(404)
  })
})

describe('the log', () => {
  test('has a line for each request, with its caller and what it cost, and no value of it', async () => {
    const program = await start({ LOG_LEVEL: 'info' })
    await ask(program, ROOT_KEY, 'query Find($name: String!) { user(username: $name) { id } }', {
      name: 'a-secret-name',
    })

    const { stderr } = await program.stop()
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))

    expect(lines.map(({ msg }) => msg)).toEqual(['started', 'request'])
    expect(lines[1]).toEqual({
      level: 'info',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      msg: 'request',
      requestId: expect.any(String),
      address: '127.0.0.1',
      kind: 'query',
      operation: 'Find',
      userId: expect.any(String),
      apiKeyId: expect.any(String),
      status: 200,
      codes: [],
      ms: expect.any(Number),
      statements: expect.any(Number),
    })
    expect(stderr).not.toContain('a-secret-name')
  })
})

describe('behind BASE_PATH', () => {
  test('everything is below that path, and nothing outside of it', async () => {
    const { environment, remove } = await createStartedStore()
    onTestFinished(remove)
    const program = await serveHere({ ...environment, ROOT_API_KEY: ROOT_KEY, BASE_PATH: '/auth/v1' })
    const { origin } = new URL(program.url)
    const page = await (await fetch(program.url, { headers: { accept: 'text/html' } })).text()
    const assets = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path)

    expect(program.url).toBe(`${origin}/auth/v1/graphql`)
    expect(await ask(program, ROOT_KEY, '{ viewer { user { username } } }')).toMatchObject({ status: 200 })
    expect(assets.length).toBeGreaterThan(2)
    for (const path of [...assets, '/auth/v1/health/ready', '/auth/v1/.well-known/jwks.json']) {
      expect((await fetch(origin + path)).status, path).toBe(200)
    }
    for (const path of ['/graphql', '/health', '/auth', '/auth/v12/graphql']) {
      expect((await fetch(origin + path)).status, path).toBe(404)
    }
    const home = await fetch(`${origin}/auth/v1`, { headers: { accept: 'text/html' }, redirect: 'manual' })
    expect(home.headers.get('location')).toBe('/auth/v1/graphql')
  })
})
