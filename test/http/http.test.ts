import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { CREATE, get, INSIDES, JSON_AS_ROOT, post, sendRaw } from '../support/http.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { snapshot } from '../support/rows.ts'

const app = startApp()

describe('what is not a request to this server', () => {
  test.each(['[', 'a b', 'x:99999', '%', 'a@b/c', ''])(
    'a Host header of "%s" is 400 and gives nothing away',
    async (host) => {
      const request = `GET /graphql?query={__typename} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

      const { status, text } = await sendRaw(app.url, request)

      expect(status).toBe(400)
      expect(text).not.toMatch(INSIDES)
    },
  )

  test.each(['http://evil.example/graphql', '//evil.example/graphql', '*', 'graphql', 'http://[', 'evil.example:443'])(
    'a target of "%s" is 400 and gives nothing away',
    async (target) => {
      const request = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`

      const { status, text } = await sendRaw(app.url, request)

      expect(status).toBe(400)
      expect(text).not.toMatch(INSIDES)
    },
  )

  test.each(['/', '/graphql/', '/graphqlx', '/admin', '/health/x', '/%67raphql/..', '/graphql/%00'])(
    'the path %s is not found',
    async (path) => {
      const response = await fetch(new URL(path, app.url), { headers: { 'api-key': ROOT_KEY } })

      expect(response.status).toBe(404)
      expect(await response.text()).not.toMatch(INSIDES)
    },
  )

  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])(
    '%s is 405, names what is allowed and writes nothing',
    async (method) => {
      const before = await snapshot(app)

      const response = await fetch(app.url, { method, headers: JSON_AS_ROOT })

      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('GET, POST')
      expect(await snapshot(app)).toEqual(before)
    },
  )
})

describe('GET', () => {
  test('a query is answered', async () => {
    const response = await get(app, { query: '{ viewer { user { username } } }' })

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ data: { viewer: { user: { username: 'root' } } } })
  })

  test.each([
    ['variables', '{'],
    ['variables', '[]'],
    ['variables', '1'],
    ['variables', '"a"'],
    ['extensions', '{'],
    ['extensions', 'x'],
  ])('%s that are %s are 400 and named', async (name, value) => {
    const response = await get(app, { query: '{ viewer { user { username } } }', [name]: value })

    expect(response.status).toBe(400)
    expect(await response.text()).toContain(name)
  })

  test.each<[string, Record<string, string>]>([
    ['a query', { query: '{ viewer { user { username } } }' }],
    ['a query with an empty operation name', { query: '{ viewer { user { username } } }', operationName: '' }],
    ['a query that does not parse', { query: '{' }],
    ['a query that is not valid', { query: '{ nothing }' }],
    ['an operation that is not in the document', { query: '{ __typename }', operationName: 'other' }],
    ['no query', {}],
    ['variables that are no object', { query: '{ __typename }', variables: '[]' }],
    ['a bad argument', { query: '{ users(first: -1) { totalCount } }' }],
  ])('%s is answered as by POST', async (_what, params) => {
    const byGet = await get(app, params)
    const { variables, ...rest } = params
    const body = { ...rest, ...(variables && { variables: JSON.parse(variables) }) }
    const byPost = await post(app, JSON.stringify(body), JSON_AS_ROOT)

    expect(byGet.status).toBe(byPost.status)
    expect(byGet.headers.get('content-type')).toBe(byPost.headers.get('content-type'))
    const answer = await byGet.json()
    expect(answer).toEqual(await byPost.json())
    expect(Object.keys(answer).filter((key) => key !== 'errors' && key !== 'data')).toEqual([])
  })

  test('without a query is 400', async () => {
    expect((await get(app, {})).status).toBe(400)
    expect((await get(app, { query: '' })).status).toBe(400)
  })

  test.each([
    ['a mutation', { ...CREATE }],
    [
      'a mutation among other operations',
      { query: `query Q { __typename } ${CREATE.query.replace('mutation', 'mutation M')}`, operationName: 'M' },
    ],
  ])('%s is refused and writes nothing', async (_what, params) => {
    const before = await snapshot(app)

    const response = await get(app, params)

    expect(response.status).toBe(405)
    const { errors } = await response.json()
    expect(errors).toHaveLength(1)
    expect(await snapshot(app)).toEqual(before)
  })

  test('a bad key is 401 for a good query, a bad one, and none', async () => {
    for (const query of ['{ __typename }', '{', '{ nothing }']) {
      const response = await get(app, { query }, { 'api-key': 'no-key-of-anybody' })

      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      const { errors } = await response.json()
      expect(errors).toEqual([{ message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } }])
    }
  })
})

describe('POST takes JSON and nothing else', () => {
  const form = new URLSearchParams(CREATE).toString()
  const multipart = `--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n${CREATE.query}\r\n--x--\r\n`
  test.each([
    ['application/x-www-form-urlencoded', form],
    ['application/x-www-form-urlencoded', JSON.stringify(CREATE)],
    ['multipart/form-data; boundary=x', multipart],
    ['text/plain', JSON.stringify(CREATE)],
    ['text/plain; a=application/json', JSON.stringify(CREATE)],
    ['application/graphql', CREATE.query],
    ['application/graphql-response+json', JSON.stringify(CREATE)],
    ['application/jsonp', JSON.stringify(CREATE)],
    ['application/json, text/plain', JSON.stringify(CREATE)],
    ['', JSON.stringify(CREATE)],
  ])('a body of "%s" is 415 and writes nothing', async (type, body) => {
    const before = await snapshot(app)

    const response = await post(app, body, { 'content-type': type })

    expect(response.status).toBe(415)
    expect(await snapshot(app)).toEqual(before)
  })

  test('a body without any Content-Type is 415 and writes nothing', async () => {
    const before = await snapshot(app)

    const response = await fetch(app.url, {
      method: 'POST',
      body: Buffer.from(JSON.stringify(CREATE)),
      headers: { 'api-key': ROOT_KEY },
    })

    expect(response.status).toBe(415)
    expect(await snapshot(app)).toEqual(before)
  })

  test.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])('%s is JSON', async (type) => {
    expect((await post(app, JSON.stringify({ query: '{ __typename }' }), { 'content-type': type })).status).toBe(200)
  })

  test.each(['gzip', 'br', 'identity, gzip'])(
    'a body of Content-Encoding %s is 415 and writes nothing',
    async (encoding) => {
      const before = await snapshot(app)

      const response = await post(app, gzipSync(JSON.stringify(CREATE)), { 'content-encoding': encoding })

      expect(response.status).toBe(415)
      expect(await snapshot(app)).toEqual(before)
    },
  )

  test.each([
    ['a list of operations', [CREATE, CREATE]],
    ['a list of one operation', [CREATE]],
    ['an empty list', []],
    ['a text', CREATE.query],
    ['null', null],
    ['nothing in it', {}],
    ['a query that is no text', { query: 1 }],
    ['an empty query', { query: '' }],
    ['variables that are a list', { ...CREATE, variables: [] }],
    ['variables that are a text', { ...CREATE, variables: '{}' }],
    ['extensions that are a text', { ...CREATE, extensions: 'a' }],
    ['an operation name that is no text', { ...CREATE, operationName: {} }],
  ])('a body that is %s is 400 and writes nothing', async (_what, body) => {
    const before = await snapshot(app)

    const response = await post(app, JSON.stringify(body))

    expect(response.status).toBe(400)
    const { data, errors } = await response.json()
    expect(data).toBe(undefined)
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT')
    expect(await snapshot(app)).toEqual(before)
  })

  test('an empty body and one that is not JSON are 400', async () => {
    for (const body of ['', '{', '{"query":"{__typename}"', '{"query":"{__typename}"}x', '\u0000']) {
      const response = await post(app, body)

      expect(response.status, body).toBe(400)
    }
  })
})
