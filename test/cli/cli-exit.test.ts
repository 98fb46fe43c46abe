/** The command line over HTTP, with `--url` and CHATELAINE_API_KEY: its failures and its exit codes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { type Ended, runCommand, runProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { withoutWriting } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const app = startApp()

/** Runs a command against the app, by root unless a key is given. */
function run(args: string[], key: string = ROOT_KEY): Promise<Ended> {
  return runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: key })
}

/** An address where something answers everything with these bytes. */
async function serveText(body: string, type = 'application/json'): Promise<string> {
  const server = createServer((_request, response) => response.setHeader('content-type', type).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
}

test('a process ends with the exit code of its command', async () => {
  const nowhere = 'http://127.0.0.1:1/graphql'
  const commands = [['users'], ['create-user', 'a b'], ['create-user'], ['--url', nowhere, 'users']]

  const ended = await Promise.all(
    commands.map((args) => runProgram(args, { CHATELAINE_URL: app.url, CHATELAINE_API_KEY: ROOT_KEY })),
  )

  expect(ended.map(({ code, stdout }) => [code, stdout.includes('root')])).toEqual([
    [0, true],
    [2, false],
    [2, false],
    [3, false],
  ])
})

describe('a refusal', () => {
  /** A command that must exit with this code, print nothing on standard output and write nothing; gives standard error. */
  async function refuse(code: number, args: string[], key: string = ROOT_KEY): Promise<string> {
    const ended = await withoutWriting(app, () => run(args, key))
    expect({ code: ended.code, stdout: ended.stdout }, ended.stderr).toEqual({ code, stdout: '' })
    return ended.stderr
  }

  test('by the server exits with the code of its kind and names the reason', async () => {
    const bob = await createUser(app, 'bob')
    const grant = ['grant-roles', 'bob', '--roles']

    expect(await refuse(5, ['create-project', 'x'], bob.key)).toMatch(/^chatelaine: [^\n]*projects\.manage[^\n]*\n$/)
    expect(await refuse(6, ['create-user', 'BOB'])).toMatch(/^chatelaine: [^\n]*bob[^\n]*\n$/i)
    expect(await refuse(2, ['create-user', 'a b'])).toMatch(/^chatelaine: username: [^\n]+\n$/)
    expect(await refuse(4, [...grant, 'NONE,everywhere=true'])).toMatch(/^chatelaine: [^\n]+\n$/)
    expect(await refuse(6, ['delete-user', 'root'])).toMatch(/^chatelaine: [^\n]+\n$/)
  })

  test('in read-only mode exits 3: it can be tried again', async () => {
    await run(['set-read-only', 'true'])

    expect(await refuse(3, ['create-project', 'x'])).toMatch(/^chatelaine: [^\n]*read-only[^\n]*\n$/i)
  })

  test('of a missing or invalid key exits 5 and names the key', async () => {
    for (const key of ['', 'a-bad-key']) {
      expect(await refuse(5, ['users'], key)).toMatch(/^chatelaine: [^\n]*(key|credential|sign)[^\n]*\n$/i)
    }
    expect(await refuse(5, ['users'], '')).toContain('CHATELAINE_API_KEY')
  })

  test.each([
    ['an unknown command', ['create-everything', 'x'], /create-everything/],
    ['no command', [], /Usage: chatelaine/],
    ['an unknown option', ['users', '--nothing'], /--nothing/],
    ['a missing argument', ['create-user'], /username/],
    ['a missing option', ['create-role', 'x'], /--permissions/],
    ['an extra argument', ['create-user', 'x', 'y'], /too many arguments/],
    ['a first name alone', ['create-service-user', 'x', '--first-name', 'Ann'], /--last-name/],
    ['a last name alone', ['create-user', 'x', '--last-name', 'Lee'], /--first-name/],
  ])('of %s exits 2 and names the problem', async (_name, args, message) => {
    expect(await refuse(2, args)).toMatch(message)
  })

  test('of values that the schema does not accept exits 2 and names their field', async () => {
    expect(await refuse(2, ['users', '--first', '101'])).toContain('first')
    expect(await refuse(2, ['users', '--order-by', 'SHOE_SIZE'])).toContain('CREATED_AT, USERNAME')
    expect(await refuse(2, ['create-service-user', 'x', '--email', 'no-address'])).toContain('email')
  })
})

describe('a server', () => {
  /** Sends a command to the address. */
  const ask = (url: string, ...args: string[]) => runCommand(['--url', url, ...args], { CHATELAINE_API_KEY: ROOT_KEY })

  test('that does not run makes the command exit 3 and name the address', async () => {
    const { code, stdout, stderr } = await ask('http://127.0.0.1:1/graphql', 'users')

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: [^\n]*http:\/\/127\.0\.0\.1:1\/graphql[^\n]*\n$/)
  })

  test.each([
    ['a page', '<!doctype html>', 'text/html'],
    ['nothing', 'null', 'application/json'],
    ['something else', '{"status":"ok"}', 'application/json'],
    ['an error of another kind', '{"errors":"no"}', 'application/json'],
  ])('that answers with %s makes the command exit 3', async (_name, body, type) => {
    const { code, stdout, stderr } = await ask(await serveText(body, type), 'users')

    expect({ code, stdout }, stderr).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: [^\n]+\n$/)
  })

  test('can’t send control characters to the terminal in its errors', async () => {
    const message = 'no\u001b[2J\u009b31m\r\nchatelaine: all is well'
    const refusal = { data: null, errors: [{ message, path: ['user', '\u001b]0;title\u0007'] }] }
    const failure = { data: { createProject: { __typename: 'ConflictError', code: 'CONFLICT', message } } }

    for (const [body, args, exit] of [
      [refusal, ['user', 'bob'], 1],
      [failure, ['create-project', 'x'], 6],
    ] as const) {
      const { code, stderr } = await ask(await serveText(JSON.stringify(body)), ...args)

      expect(code).toBe(exit)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
      expect(stderr).toMatch(/^chatelaine: [^\u0000-\u001f\u007f-\u009f]+\n$/)
    }
  })
})

test('a redirect is not followed: neither the key nor a password goes to an address that nobody gave', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const { code, stderr } = await runCommand(['--url', `${origin}/graphql`, 'users'], { CHATELAINE_API_KEY: ROOT_KEY })

  expect(code).toBe(3)
  expect(stderr).toContain(`it redirects to ${origin}/elsewhere: give that address.`)
  expect(asked).toEqual(['/graphql'])
})
