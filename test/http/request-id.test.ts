/** The id by which the log of a proxy and the records of the server are joined. */
import { sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { setLogLevel } from '../../src/log.ts'
import { startApp, startOwnApp, type TestApp } from '../support/app.ts'
import { eventsOf } from '../support/audit.ts'
import { changeDocument } from '../support/change.ts'
import { sendRaw } from '../support/http.ts'
import { ROOT_KEY } from '../support/root-key.ts'

const UUID = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/

/** Makes a project with this header; gives the ids of the answer and of the audit. */
async function makeProject(app: TestApp, given: string) {
  const root = app.as({ 'api-key': ROOT_KEY, 'x-request-id': given })
  const { headers, errors } = await root.send(changeDocument('createProject'), { input: { code: 'project1' } })
  expect(errors).toEqual([])
  const [event] = await eventsOf(app.root, { action: 'createProject' })
  return { answered: headers.get('x-request-id'), audited: event?.requestId }
}

/** The lines of the log that are written from now on. */
function readLog(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = []
  setLogLevel('info')
  vi.mocked(process.stderr.write).mockImplementation((text) => {
    const written = String(text).trimEnd().split('\n')
    lines.push(...written.map((line) => JSON.parse(line)))
    return true
  })
  onTestFinished(() => setLogLevel('error'))
  return lines
}

describe('the request id of a trusted proxy', () => {
  const app = startOwnApp({ trustedProxies: ['127.0.0.1'] })

  test.each([
    'a',
    'Root=1-67891233-abcdef012345678912345678',
    '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    'x'.repeat(128),
    '0193a5b2-7c11-7def-8000-0123456789ab',
    '0193A5B2-7C11-7DEF-8000-0123456789AB',
    '0193a5b27c117def80000123456789ab',
  ])('like %s is taken over into the answer, the log and the audit', async (id) => {
    const log = readLog()

    const ids = await makeProject(app, id)

    expect(ids).toEqual({ answered: id, audited: id })
    // Lines of the test before may come late.
    await expect.poll(() => log.find(({ requestId }) => requestId === id)).toMatchObject({ msg: 'request' })
  })

  test('is in the error that the operator is asked about', async () => {
    readLog()
    await app.database.db.execute(sql`alter table ssh_keys rename to ssh_keys_away`)

    const { headers, errors } = await app
      .as({ 'api-key': ROOT_KEY, 'x-request-id': 'from-the-proxy' })
      .send('{ viewer { user { sshKeys { totalCount } } } }')
    await app.database.db.execute(sql`alter table ssh_keys_away rename to ssh_keys`)

    expect(headers.get('x-request-id')).toBe('from-the-proxy')
    expect(errors[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: 'from-the-proxy' })
  })

  test('is in the audit of a refusal', async () => {
    await app
      .as({ 'x-request-id': 'guess-1' })
      .send('mutation { signIn(input: { username: "root", password: "wrong-password-here" }) { __typename } }')

    expect(await eventsOf(app.root, { action: 'signIn' })).toMatchObject([{ requestId: 'guess-1' }])
  })

  test.each(['x'.repeat(129), 'a b', 'é', 'a\tb', ''])('like %j is none: the server makes one', async (id) => {
    const { answered, audited } = await makeProject(app, id)

    expect(answered).toMatch(UUID)
    expect(audited).toBe(answered)
  })

  test('that is sent twice is none: the server makes one', async () => {
    const body = '{"query":"{__typename}"}'
    const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n`

    const { text } = await sendRaw(
      app.url,
      `${head}X-Request-Id: a\r\nX-Request-Id: b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )

    expect(/x-request-id: (\S+)/i.exec(text)?.[1]).toMatch(UUID)
  })
})

describe('the request id of another client', () => {
  const app = startApp()

  test('is ignored', async () => {
    const { answered, audited } = await makeProject(app, 'of-a-client')

    expect(answered).toMatch(UUID)
    expect(audited).toBe(answered)
  })
})

describe('the request id of a client of a trusted proxy elsewhere', () => {
  const app = startOwnApp({ trustedProxies: ['192.0.2.1'] })

  test('is ignored, whatever it says of where it comes from', async () => {
    const root = app.as({ 'api-key': ROOT_KEY, 'x-request-id': 'of-a-client', 'x-forwarded-for': '192.0.2.1' })

    const { headers } = await root.send('{ __typename }')

    expect(headers.get('x-request-id')).toMatch(UUID)
  })
})
