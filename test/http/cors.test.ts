import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { ConfigError } from '../../src/variables.ts'
import { startApp } from '../support/app.ts'
import { ROOT_KEY } from '../support/root-key.ts'

const LISTED = 'https://app.example.test'
const QUERY = JSON.stringify({ query: '{ viewer { user { username } } }' })

/** What lets the scripts of the listed origin read an answer. */
const READABLE = {
  'access-control-allow-origin': LISTED,
  'access-control-expose-headers': 'x-request-id, retry-after',
  vary: 'origin',
}

describe('CORS_ORIGINS', () => {
  test('is a list of exact origins, empty by default', () => {
    expect(readConfig({}).corsOrigins).toEqual([])
    expect(readConfig({ CORS_ORIGINS: '' }).corsOrigins).toEqual([])
    expect(readConfig({ CORS_ORIGINS: 'https://app.example.test, http://localhost:5173' }).corsOrigins).toEqual([
      'https://app.example.test',
      'http://localhost:5173',
    ])
  })

  test.each([
    '*',
    'https://*.example.test',
    'null',
    'app.example.test',
    'https://app.example.test/',
    'https://app.example.test/path',
    'https://user@app.example.test',
    'https://app.example.test?',
    'HTTPS://app.example.test',
    'https://App.example.test',
    'https://app.example.test:443',
    'ftp://app.example.test',
    'file:///app',
    'https://a.test,',
    'https://a.test https://b.test',
    'https://a.test,*',
  ])('%s stops the start and names the variable', (value) => {
    expect(() => readConfig({ CORS_ORIGINS: value })).toThrow(ConfigError)
    expect(() => readConfig({ CORS_ORIGINS: value })).toThrow(/^CORS_ORIGINS must be/)
  })
})

describe('with a list', () => {
  const app = startApp({ corsOrigins: ['http://localhost:5173', LISTED] })
  const post = (headers: Record<string, string>, body = QUERY) =>
    fetch(app.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
  const preflight = (origin: string, url = app.url) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })

  test('a listed origin may ask, and read the answer, without credentials', async () => {
    const asked = await preflight(LISTED)
    const answered = await post({ origin: LISTED, authorization: `Bearer ${ROOT_KEY}` })

    expect(asked.status).toBe(204)
    expect(corsOf(asked)).toEqual({
      ...READABLE,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers':
        'content-type, authorization, api-key, traceparent, tracestate, baggage, x-request-id, apollographql-client-name, apollographql-client-version',
      'access-control-max-age': '7200',
    })
    expect(await answered.json()).toEqual({ data: { viewer: { user: { username: 'root' } } } })
    expect(corsOf(answered)).toEqual(READABLE)
  })

  test('a listed origin may read refusals and answers to GET too', async () => {
    const answers = await Promise.all([
      post({ origin: LISTED, authorization: 'Bearer wrong' }),
      post({ origin: LISTED }, '{'),
      post({ origin: LISTED, 'content-type': 'text/plain' }),
      fetch(`${app.url}?query={__typename}`, { headers: { origin: LISTED } }),
    ])

    expect(answers.map(({ status }) => status)).toEqual([401, 400, 415, 200])
    for (const answer of answers) {
      expect(corsOf(answer)).toEqual(READABLE)
    }
  })

  test.each([
    'https://evil.test',
    'https://app.example.test.evil.test',
    'http://app.example.test',
    'null',
    'http://localhost',
  ])('%s gets nothing', async (origin) => {
    const asked = await preflight(origin)
    const answered = await post({ origin, authorization: `Bearer ${ROOT_KEY}` })

    expect([asked.status, answered.status]).toEqual([405, 200])
    for (const answer of [asked, answered]) expect(corsOf(answer)).toEqual({ vary: 'origin' })
  })

  test('a request without an origin is told apart by caches', async () => {
    expect(corsOf(await post({}))).toEqual({ vary: 'origin' })
  })

  test('only the API is shared', async () => {
    const asked = await preflight(LISTED, new URL('/health', app.url).href)

    expect(corsOf(asked)).toEqual({})
  })
})

describe('without a list', () => {
  const app = startApp()

  test('no origin is allowed', async () => {
    const asked = await fetch(app.url, {
      method: 'OPTIONS',
      headers: { origin: LISTED, 'access-control-request-method': 'POST' },
    })
    const answered = await fetch(app.url, {
      method: 'POST',
      headers: { origin: LISTED, 'content-type': 'application/json', 'api-key': ROOT_KEY },
      body: QUERY,
    })

    expect([asked.status, answered.status]).toEqual([405, 200])
    for (const answer of [asked, answered]) expect(corsOf(answer)).toEqual({})
  })

  test('every origin may read the keys of tokens, because they are public', async () => {
    const answer = await fetch(new URL('/.well-known/jwks.json', app.url), { headers: { origin: 'https://any.test' } })

    expect([answer.status, corsOf(answer)]).toEqual([200, { 'access-control-allow-origin': '*' }])
  })
})

/** What an answer says about other origins. */
function corsOf({ headers }: Response): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))
}
