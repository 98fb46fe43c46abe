import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { CREATE, get, sendRaw } from '../support/http.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { withoutWriting } from '../support/rows.ts'

const app = startApp()

/** Sends a mutation of root with more headers, as lines; answers the status and the errors. */
async function sendWith(lines: string[]) {
  const body = JSON.stringify(CREATE)
  const own = { Host: 'localhost', 'Content-Type': 'application/json', 'Content-Length': String(body.length) }
  const head = ['POST /graphql HTTP/1.1', ...Object.entries(own).map((pair) => pair.join(': ')), ...lines]
  const { status, text } = await sendRaw(app.url, `${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`)
  return { status, errors: JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).errors }
}

const KEY = `Api-Key: ${ROOT_KEY}`

test.each([
  ['authorization', [`Authorization: Bearer ${ROOT_KEY}`, 'Authorization: Bearer other']],
  ['authorization', ['Authorization: Bearer other', `Authorization: Bearer ${ROOT_KEY}`]],
  ['authorization', [`Authorization: Bearer ${ROOT_KEY}`, `AUTHORIZATION: Bearer ${ROOT_KEY}`]],
  ['authorization', [`Authorization: Bearer ${ROOT_KEY}`, 'Authorization: Basic cm9vdDpyb290']],
  ['authorization', [`Authorization: Bearer ${ROOT_KEY}`, 'Authorization:']],
  ['api-key', [KEY, KEY]],
  ['api-key', [KEY, 'api-key: other']],
  ['host', [KEY, 'Host: evil.test']],
  ['content-type', [KEY, 'Content-Type: text/plain']],
  ['content-encoding', [KEY, 'Content-Encoding: identity', 'Content-Encoding: gzip']],
  ['origin', [KEY, 'Origin: https://a.test', 'Origin: https://b.test']],
])('a request with two headers "%s" is refused with 400, and nothing is done', async (name, lines) => {
  const answer = await withoutWriting(app, () => sendWith(lines))

  expect(answer).toEqual({
    status: 400,
    errors: [{ message: `Send the header "${name}" only once.`, extensions: { code: 'BAD_USER_INPUT' } }],
  })
})

test('headers that are lists may be repeated', async () => {
  const lines = [
    KEY,
    'Accept: application/json',
    'Accept: */*',
    'X-Forwarded-For: 10.0.0.1',
    'X-Forwarded-For: 10.0.0.2',
  ]

  expect(await sendWith(lines)).toEqual({ status: 200, errors: undefined })
})

test.each(['query', 'operationName', 'variables', 'extensions'])(
  'a GET whose URL has the parameter "%s" twice is refused with 400',
  async (name) => {
    const params = { query: 'query a { __typename }', operationName: 'a', variables: '{}', extensions: '{}' }
    const url = `${app.url}?${new URLSearchParams(params)}&${new URLSearchParams({ [name]: params.query })}`

    const response = await fetch(url, { headers: { 'api-key': ROOT_KEY } })

    expect((await get(app, params)).status).toBe(200)
    expect([response.status, await response.json()]).toEqual([
      400,
      { errors: [{ message: `Send "${name}" only once.`, extensions: { code: 'BAD_USER_INPUT' } }] },
    ])
  },
)
