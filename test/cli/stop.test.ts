// Runs with whole servers.
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { type Program, startProgram, usernameOf } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

/** A database after the first start, and root’s key; it is removed when the test is finished. */
async function createStarted(): Promise<Record<string, string>> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  return { ...environment, ROOT_API_KEY: ROOT_KEY }
}

describe('the end of the server', () => {
  test('after SIGTERM finishes the request under way, accepts no new ones, and exits with 0', async () => {
    const program = await startProgram(await createStarted())
    const body = JSON.stringify({
      query:
        'mutation { createProject(input: { code: "project1" }) { ... on CreateProjectPayload { project { code } } } }',
    })
    const underWay = await beginRequest(program, body)

    const ended = program.stop()
    await refusesConnections(program)
    const answer = await underWay.finish()
    const answered = performance.now()

    expect(answer).toContain('HTTP/1.1 200')
    expect(answer).toContain('{"data":{"createProject":{"project":{"code":"project1"}}}}')
    const { code, stderr } = await ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(performance.now() - answered).toBeLessThan(3000)
  })

  test('after SIGINT does not wait for clients that only keep their connection open', async () => {
    const program = await startProgram(await createStarted())
    expect(await usernameOf(program, ROOT_KEY)).toBe('root')
    const silent = connect(Number(new URL(program.url).port), '127.0.0.1')
    silent.on('error', () => {})
    await new Promise((resolve) => silent.once('connect', resolve))

    const asked = performance.now()
    const { code } = await program.stop('SIGINT')
    silent.destroy()

    expect(code).toBe(0)
    expect(performance.now() - asked).toBeLessThan(3000)
  })
})

/** A request of which the server has the beginning; `finish` sends the rest and gives the answer. */
async function beginRequest({ url }: Program, body: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
  let answer = ''
  const answered = new Promise<void>((resolve) => {
    socket.on('data', (text) => {
      answer += text
      if (answer.endsWith('}')) resolve()
    })
    socket.once('close', resolve)
  })
  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nApi-Key: ${ROOT_KEY}\r\n`
  const begun = `${head}Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`
  await new Promise<void>((resolve) => {
    socket.write(begun)
    // The server says `100 Continue` once it has the head and waits for the body.
    socket.once('data', () => resolve())
  })
  return {
    async finish() {
      socket.write(body)
      await answered
      return answer
    },
  }
}

/** Waits until the program takes no more connections. */
async function refusesConnections({ url }: Program) {
  while (await canConnect(Number(new URL(url).port)));
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
