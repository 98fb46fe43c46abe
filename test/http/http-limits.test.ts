import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { CREATE, JSON_AS_ROOT, post, sendRaw } from '../support/http.ts'
import { snapshot } from '../support/rows.ts'

const app = startApp()

describe('a body larger than 256 kB', () => {
  const LIMIT = 256 * 1024
  const bodyOf = (size: number) => {
    const start = `{"query":"${CREATE.query.replaceAll('"', '\\"')}`
    return `${start}${' '.repeat(size - start.length - 2)}"}`
  }

  test('is counted from the limit on: exactly 256 kB is read', async () => {
    const response = await post(app, bodyOf(LIMIT))

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ data: { createProject: { __typename: 'CreateProjectPayload' } } })
  })

  test.each([LIMIT + 1, 1_000_000, 20_000_000])('of %i bytes is 413, readable, and writes nothing', async (size) => {
    const before = await snapshot(app)

    const response = await post(app, bodyOf(size))

    expect(response.status).toBe(413)
    expect((await response.json()).errors[0].message).toContain('262144')
    expect(await snapshot(app)).toEqual(before)
  })

  test.each([LIMIT + 1, 1_000_000, 20_000_000])(
    'of %i bytes in chunks is 413, readable, and writes nothing',
    async (size) => {
      const before = await snapshot(app)
      const body = new Blob([bodyOf(size)]).stream()

      const response = await fetch(app.url, {
        method: 'POST',
        body,
        headers: JSON_AS_ROOT,
        duplex: 'half',
      } as RequestInit)

      expect(response.status).toBe(413)
      expect((await response.json()).errors[0].message).toContain('262144')
      expect(await snapshot(app)).toEqual(before)
    },
  )

  test.each([
    ['of known length', 'Content-Length: 300000', ' '.repeat(300_000)],
    ['in chunks', 'Transfer-Encoding: chunked', `493e0\r\n${' '.repeat(300_000)}\r\n0\r\n\r\n`],
  ])('%s leaves the connection good for the next request', async (_what, length, large) => {
    const head = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    const small = '{"query":"{__typename}"}'
    const next = `${head}Content-Length: ${small.length}\r\nConnection: close\r\n\r\n${small}`

    const { text } = await sendRaw(app.url, `${head}${length}\r\n\r\n${large}${next}`)

    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
  })
})
