/** What a caller or an address can take of the server, while the others are served as if it were not there. */
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Answer, type Client, startApp, startOwnApp, type TestApp } from '../support/app.ts'
import { sendRaw } from '../support/http.ts'
import { holdTable, untilWaiting } from '../support/locks.ts'
import { createUser } from '../support/seed.ts'

/** A half of the 16 connections that the servers of the tests have, and a quarter. */
const HALF = 8
const QUARTER = 4
const MANY = 50

/** It reads a table that finding the caller does not. */
const KEYS = '{ viewer { user { sshKeys(first: 1) { totalCount } } } }'
const MINE = '{ viewer { user { username } } }'
const SIGN_IN =
  'mutation ($username: String!) { signIn(input: { username: $username, password: "wrong-password-here" }) { __typename } }'

/** Sends the same document many times at once; counts the answers. */
function flood(client: Client, document: string, count = MANY, variables: (index: number) => object = () => ({})) {
  const state = { answered: 0 }
  const all = Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const answer = await client.send(document, variables(index))
      state.answered += 1
      return answer
    }),
  )
  return { state, all }
}

/** Stops every reader of SSH keys, on a connection beside the pool, until it is let go. */
async function closeTable(app: TestApp): Promise<() => Promise<void>> {
  const client = await app.database.connectAlone()
  await client.query('begin; lock table ssh_keys in access exclusive mode')
  const open = () => client.end()
  onTestFinished(open)
  return open
}

const codesOf = (answers: Answer[]) => [
  ...new Set(answers.flatMap(({ errors }) => errors.map((e) => e.extensions.code))),
]

describe('the connections to the database', () => {
  const app = startApp()
  const world = app.world(async () => ({
    alice: await createUser(app, 'alice'),
    bob: await createUser(app, 'bob'),
    carol: await createUser(app, 'carol'),
  }))

  test('are used by one caller up to a half: another is answered while the rest of the first waits', async () => {
    const { alice, bob } = world()
    await alice.client.ok(MINE)
    const open = await closeTable(app)

    const { state, all } = flood(alice.client, KEYS)
    await untilWaiting(app, HALF)
    const mine = await bob.client.ok(MINE)
    const counts = app.database.counts()
    const answered = state.answered
    await open()

    expect(mine).toEqual({ viewer: { user: { username: 'bob' } } })
    expect(answered).toBe(0)
    expect(counts).toMatchObject({ waiting: 0, held: MANY - HALF })
    const answers = await all
    expect(answers.map(({ status, errors }) => ({ status, errors }))).toEqual(
      answers.map(() => ({ status: 200, errors: [] })),
    )
    expect(app.database.counts().held).toBe(0)
  })

  test('are used by each caller up to a quarter, however many another one had before', async () => {
    const { alice, bob, carol } = world()
    for (const { client } of [alice, bob, carol]) await client.ok(MINE)
    const open = await closeTable(app)

    const floods = [flood(alice.client, KEYS)]
    await untilWaiting(app, HALF)
    floods.push(flood(bob.client, KEYS))
    await untilWaiting(app, HALF + QUARTER)
    const { viewer } = await carol.client.ok(MINE)
    const counts = app.database.counts()
    await open()

    expect(viewer).toEqual({ user: { username: 'carol' } })
    expect(counts).toMatchObject({ waiting: 0, held: 2 * MANY - HALF - QUARTER })
    await Promise.all(floods.map(({ all }) => all))
    expect(app.database.counts().held).toBe(0)
  })

  test('are used by one caller with several keys as by one with a single key', async () => {
    const { alice, bob } = world()
    const { createApiKey } = await alice.client.ok(
      'mutation { createApiKey(input: { label: "second" }) { ... on CreateApiKeyPayload { secret } } }',
    )
    const second = app.as(createApiKey.secret)
    await second.ok(MINE)
    await alice.client.ok(MINE)
    const open = await closeTable(app)

    const floods = [flood(alice.client, KEYS, 10), flood(second, KEYS, 10)]
    await untilWaiting(app, HALF)
    await bob.client.ok(MINE)
    const counts = app.database.counts()
    await open()

    expect(counts.held).toBe(20 - HALF)
    await Promise.all(floods.map(({ all }) => all))
  })

  test('are used without a credential, or with wrong ones, up to a half for each address', async () => {
    const { bob } = world()
    await bob.client.ok(MINE)
    const open = await holdTable(app, 'password_guesses')

    const { state, all } = flood(app.nobody, SIGN_IN, 12, (index) => ({ username: `nobody${index}` }))
    await untilWaiting(app, HALF)
    await bob.client.ok(MINE)
    const wrong = flood(app.as(`chl_${'x'.repeat(40)}`), MINE, 8)
    const answered = state.answered
    await open()

    expect(answered).toBe(0)
    await all
    expect(codesOf(await wrong.all)).toEqual(['UNAUTHENTICATED'])
  })

  test('that a caller waits for until its time is over are refused as its own doing, and its queue is empty then', async () => {
    const { alice, bob } = world()
    await alice.client.ok(MINE)
    const open = await closeTable(app)

    const { all } = flood(alice.client, KEYS, MANY)
    let isOver = false
    const over = all.finally(() => {
      isOver = true
    })
    // The answers to another caller show that the database is well.
    while (!isOver) await bob.client.ok(MINE)
    const answers = await over
    const refused = answers.filter(({ status }) => status === 429)

    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.headers.get('retry-after')).toBe('1')
    expect(refused[0]?.errors[0]).toMatchObject({
      message:
        'Too many of your requests are under way at once: nothing was changed. Wait for their answers, and try again.',
      extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 1 },
    })
    expect(app.database.counts().held).toBe(0)
    await bob.client.ok(MINE)
    await open()
  })
})

/** Opens so many connections that say nothing. */
async function openMany(url: string, count: number): Promise<Socket[]> {
  const { port } = new URL(url)
  const sockets = Array.from({ length: count }, () => connect(Number(port), '127.0.0.1'))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(
    sockets.map((socket) => new Promise((resolve) => socket.on('error', () => {}).once('connect', resolve))),
  )
  return sockets
}

const REQUEST = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

describe('the connections of an address', () => {
  const app = startOwnApp()

  test('are 200: one more is refused with 503 and closed at once, and one less is let in', async () => {
    const sockets = await openMany(app.url, 200)

    const over = await sendRaw(app.url, '')
    const ended = new Promise((resolve) => sockets[0]?.once('close', resolve))
    sockets[0]?.destroy()
    await ended
    await expect.poll(async () => (await sendRaw(app.url, REQUEST)).status).toBe(200)

    expect(over.text).toBe(
      'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 48\r\n\r\nToo many connections: one address may have 200.\n',
    )
    expect(sockets.slice(1).filter(({ destroyed, readableEnded }) => destroyed || readableEnded)).toEqual([])
  })
})

/** Sends a request, reads its answer, and gives the client's port. */
function askOn(agent: Agent, url: URL): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { agent }, (response) => {
      const { localPort } = response.socket
      response.resume().once('end', () => resolve(localPort))
    })
    sent.once('error', reject)
  })
}

describe('the requests of a connection that are sent without waiting for answers', () => {
  const app = startApp()
  const many = (count: number) =>
    'GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count - 1) +
    'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  const answersTo = async (count: number) =>
    (await sendRaw(app.url, many(count))).text.match(/HTTP\/1\.1 200/g)?.length ?? 0

  test('are answered up to 32, and end the connection beyond that', async () => {
    expect(await answersTo(32)).toBe(32)
    expect(await answersTo(33)).toBe(0)
    expect(await answersTo(1000)).toBe(0)
    expect(await answersTo(1)).toBe(1)
  })

  test('do not count any more once they are answered', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const ports = new Set<number | undefined>()

    for (let n = 0; n < 40; n++) ports.add(await askOn(agent, new URL('/health/live', app.url)))

    expect(ports.size).toBe(1)
  })
})

describe('the connections of a trusted proxy', () => {
  const app = startOwnApp({ trustedProxies: ['127.0.0.1'] })

  test('are not limited, because those of all clients are among them', async () => {
    await openMany(app.url, 250)

    expect((await sendRaw(app.url, REQUEST)).status).toBe(200)
  })
})
