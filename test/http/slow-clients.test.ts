// Runs with whole servers.
/** It waits for as long as the server has patience with clients, which is longer than all other tests of a file. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import { sendRaw } from '../support/http.ts'

const app = startApp()

test('a client that never finishes is disconnected, and other clients are answered in the meantime', async () => {
  const head = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\n'
  const body = `${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n`
  const slow = Promise.all([
    sendRaw(app.url, head),
    sendRaw(app.url, head, 'X-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
    sendRaw(app.url, ''),
    sendRaw(app.url, body, ' '.repeat(90)),
  ])

  await app.root.ok(changeDocument('createProject'), { input: { code: 'meanwhile' } })
  const ends = (await slow).map(({ endedAfterMs }) => endedAfterMs)

  expect(ends.slice(0, 3).filter((ms) => ms > 7500)).toEqual([])
  expect(ends.filter((ms) => ms > 12_500)).toEqual([])
})
