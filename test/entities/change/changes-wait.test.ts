// Runs with whole servers.
/** Requests that wait for a change: what ends the wait, and what they hold meanwhile. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createStartedStore } from '../../support/database.ts'
import { ROOT_KEY } from '../../support/root-key.ts'
import { serveHere } from '../../support/serving.ts'

vi.setConfig({ testTimeout: 60_000 })

const PATIENT = { timeout: 10_000 }

const WAIT = `query ($after: String, $seconds: Int!) { changes(after: $after, waitSeconds: $seconds) {
  edges { cursor type node { targetName } } } }`

async function serve(environment: Record<string, string> = {}) {
  const store = await createStartedStore()
  onTestFinished(store.remove)
  const server = await serveHere({ ...store.environment, ...environment })
  const as = (key: string) => createClient(() => server.url, { 'api-key': key })
  const root = as(ROOT_KEY)
  const createProject = (code: string) => change(root, 'createProject', { code })
  /** The cursor after a change that was made just now. */
  const begin = async () => {
    await createProject('begin')
    return vi.waitFor(async () => {
      const { changes } = await root.ok('{ changes(last: 1) { edges { cursor node { targetName } } } }')
      expect(changes.edges[0]?.node.targetName).toBe('begin')
      return changes.edges[0].cursor as string
    })
  }
  return { server, root, as, createProject, begin }
}

test('a request that waits is answered by the next change, which any server sees', async () => {
  const { root, createProject, begin } = await serve({ DATABASE_POOL_SIZE: '1' })
  const after = await begin()

  // With one connection to the database, nothing else were answered if a wait held one.
  const waiting = [1, 2, 3].map(() => root.ok(WAIT, { after, seconds: 25 }))
  await createProject('p1')
  const answers = await Promise.all(waiting)

  for (const { changes } of answers) {
    expect(changes.edges.map(({ type, node }: never) => [type, node])).toEqual([
      ['project.created', { targetName: 'p1' }],
    ])
  }
})

test('a wait without a change ends in its time, longer than a request may use the database', async () => {
  const { root, begin } = await serve()
  const after = await begin()
  const seconds = process.env.CHATELAINE_LONG ? 25 : 6

  const began = performance.now()
  const { changes } = await root.ok(WAIT, { after, seconds })

  expect(changes.edges).toEqual([])
  expect(Math.floor((performance.now() - began) / 1000)).toBe(seconds)
})

test('a key that is revoked during the wait gets nothing of the change', async () => {
  const { root, as, begin, createProject } = await serve()
  const made = await change(root, 'createApiKey', { label: 'waits' }, 'secret apiKey { id }')
  const after = await begin()
  await change(root, 'updateProject', { project: 'begin', title: 'known' })
  const { changes } = await as(made.secret).ok(WAIT, { after, seconds: 25 })
  const { cursor } = changes.edges[0]

  const waiting = as(made.secret).send(WAIT, { after: cursor, seconds: 25 })
  await change(root, 'revokeApiKey', { apiKey: made.apiKey.id })
  await createProject('secret-project')
  const { status, data } = await waiting

  expect({ status, data }).toEqual({ status: 401, data: null })
})

test('ten requests of a user wait at the same time, until their clients leave or the server stops', async () => {
  const { server, root, begin } = await serve()
  const after = await begin()
  const leave = new AbortController()
  const send = (signal: AbortSignal | null) =>
    fetch(server.url, {
      method: 'POST',
      headers: { 'api-key': ROOT_KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ query: WAIT, variables: { after, seconds: 25 } }),
      signal,
    })
  const statusOf = async (response: Promise<Response>) => (await response).status

  const left = Array.from({ length: 11 }, () => statusOf(send(leave.signal)).catch(() => 'left'))
  await Promise.race(left)
  leave.abort()
  const others = await Promise.all(left)
  await vi.waitFor(() => root.ok(WAIT, { after, seconds: 1 }), PATIENT)
  const stopped = Array.from({ length: 11 }, () => send(null))
  const refused = await Promise.race(stopped)
  await server.stop()
  const answers = await Promise.all(stopped.map(statusOf))

  expect(others.sort()).toEqual([429, ...Array(10).fill('left')])
  expect(await refused.json()).toMatchObject({
    errors: [
      {
        message: 'Too many requests wait for changes: send fewer of them at once.',
        extensions: { code: 'RATE_LIMITED' },
      },
    ],
  })
  expect(answers.sort()).toEqual([...Array(10).fill(200), 429])
})

test('a wait that is too long, negative or beside another field is refused', async () => {
  const { root } = await serve()

  const errors = await Promise.all([
    root.refused('BAD_USER_INPUT', WAIT, { seconds: 26 }),
    root.refused('BAD_USER_INPUT', WAIT, { seconds: -1 }),
    root.refused('BAD_USER_INPUT', '{ changes(waitSeconds: 1) { nodes { id } } viewer { expiresAt } }'),
    root.refused(
      'BAD_USER_INPUT',
      '{ ... on Query { changes(waitSeconds: 1) { nodes { id } } viewer { expiresAt } } }',
    ),
  ])

  expect(errors.map(({ message }) => message)).toEqual([
    '"waitSeconds" must be from 0 to 25, not 26.',
    '"waitSeconds" must be from 0 to 25, not -1.',
    ...Array(2).fill('"waitSeconds" needs a document without another field beside "changes".'),
  ])
})
