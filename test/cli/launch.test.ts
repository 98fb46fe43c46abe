// Runs with whole servers.
/** The ways in which the server is started: a signal to the process that was started ends the server. */
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { type Program, startWith, usernameOf } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { serveHere } from '../support/serving.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 30_000 })

const NPM_START = ['npm', 'start']
const NPX = ['npx', '--no-install', 'chatelaine', 'serve']

/** A database after the first start, and root’s key; it is removed when the test is finished. */
async function createStarted(): Promise<Record<string, string>> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  return { ...environment, ROOT_API_KEY: ROOT_KEY }
}

function canConnect({ url }: Program): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

describe('SIGTERM ends the server where it is sent to', () => {
  test.each([
    ['npm start', NPM_START, 'SIGTERM'],
    ['npm run start', ['npm', 'run', 'start'], 'SIGTERM'],
    ['npx chatelaine serve', NPX, 'The shell of npm has ended'],
  ])('%s, which releases the port and the database', async (_name, command, reason) => {
    const store = await createStarted()
    const program = await startWith(command, store)
    expect(await usernameOf(program, ROOT_KEY)).toBe('root')

    // The output is closed once the last process that can write to it has ended.
    const { stdout, stderr } = await program.stop()

    expect(await canConnect(program)).toBe(false)
    expect(stdout).toContain(`${reason}: finishing what is under way.\n`)
    expect(stderr).toBe('')
    const next = await serveHere({ ...store, PORT: new URL(program.url).port })
    expect(await usernameOf(next, ROOT_KEY)).toBe('root')
  })

  test('npm start, and npm ends after the server', async () => {
    const program = await startWith(NPM_START, await createStarted())

    const { code, signal, stdout } = await program.stop()

    expect(stdout).toContain('SIGTERM: finishing what is under way.\n')
    expect([code, signal]).toEqual([0, null])
  })
})

describe('SIGINT ends the server', () => {
  test('where it is sent to npm start', async () => {
    const program = await startWith(NPM_START, await createStarted())

    await program.stop('SIGINT')

    expect(await canConnect(program)).toBe(false)
  })

  test.each([
    ['npm start', NPM_START],
    ['npx chatelaine serve', NPX],
  ])('once where Ctrl+C sends it to %s and to all processes below it', async (_name, command) => {
    const program = await startWith(command, await createStarted())

    const { stdout } = await program.interrupt()

    expect(stdout.split('finishing what is under way.')).toHaveLength(2)
    expect(await canConnect(program)).toBe(false)
  })
})
