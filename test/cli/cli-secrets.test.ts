/** Secrets on the command line: never in a flag, but from the environment, or lines of standard input. */

import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { deriveCommands } from '../../src/cli/commands.ts'
import { schema } from '../../src/graphql/schema.ts'
import { type Client, startApp } from '../support/app.ts'
import { addCredential, reveal } from '../support/credentials.ts'
import { createStartedStore } from '../support/database.ts'
import { beginProgram, type Ended, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { withoutWriting } from '../support/rows.ts'
import { createPerson, OTHER_PASSWORD, PASSWORD, signIn } from '../support/sessions.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const app = startApp()

let bob: { key: string; client: Client }
/** bob, who has PASSWORD and a key. */
app.world(async () => {
  const { key } = await createPerson(app, 'bob', { withApiKey: true })
  bob = { key: key ?? '', client: app.as(key ?? '') }
})

interface Given {
  key?: string
  input?: string
  [variable: `CHATELAINE_${string}`]: string
}

/** Runs a command against the app, by bob unless another key is given. */
function run(args: string[], { key = bob.key, input = '', ...environment }: Given = {}): Promise<Ended> {
  return runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: key, ...environment }, input)
}

/** Runs a command that must succeed; gives what it printed. */
async function print(args: string[], given: Given = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, given)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** A command that is wrong usage, said without asking the server; gives what it said. */
async function refuse(args: string[], given: Given = {}): Promise<string> {
  const { code, stdout, stderr } = await withoutWriting(app, () => run(args, given))
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
  return stderr
}

test('every secret of a command is marked as a secret', () => {
  const secrets = deriveCommands(schema).flatMap(({ name, parameters }) =>
    parameters.filter(({ isSecret }) => isSecret).map(({ flag }) => `${name} --${flag}`),
  )

  expect(secrets.sort()).toEqual([
    'change-password --confirm-password',
    'change-password --current-password',
    'change-password --new-password',
    'check-access --api-key',
    'create-user --confirm-password',
    'create-user --password',
    'set-user-password --confirm-password',
    'set-user-password --password',
    'sign-in --password',
    'verify-api-key --secret',
    'verify-session --token',
  ])
})

describe('a secret', () => {
  test('is read from its variable', async () => {
    await print(['create-user', 'carol', '--password'], { key: ROOT_KEY, CHATELAINE_PASSWORD: PASSWORD })

    await signIn(app, 'carol')
  })

  test('is read from a line of standard input without changes', async () => {
    const password = '  a=b, "c" --json ä '

    await print(['set-user-password', 'bob'], { key: ROOT_KEY, input: `${password}\n` })

    await signIn(app, 'bob', password)
  })

  test('is one line: the command ends although standard input stays open', async () => {
    const args = ['--url', app.url, 'set-user-password', 'bob']
    const running = beginProgram(args, { CHATELAINE_API_KEY: ROOT_KEY })
    running.write(`${OTHER_PASSWORD}\n`)

    const { code, signal, stderr, afterMs } = await running.ended

    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(afterMs).toBeLessThan(10_000)
    await signIn(app, 'bob', OTHER_PASSWORD)
  })

  test('is one of several lines: the command waits for the last line, and for no more', async () => {
    const args = ['--url', app.url, 'change-password', '--current-password']
    const running = beginProgram(args, { CHATELAINE_API_KEY: bob.key })
    running.write(`${PASSWORD}\n`)
    // When a command that began later has run to its end, this one has long read what there was.
    await print(['viewer'])
    running.write(`${OTHER_PASSWORD}\nwhat is not asked for\n`)

    const { code, stderr, afterMs } = await running.ended

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(afterMs).toBeLessThan(10_000)
    await signIn(app, 'bob', OTHER_PASSWORD)
  })

  test('that is wrong ends the command too', async () => {
    const running = beginProgram(['--url', app.url, 'sign-in', 'bob'], {})
    running.write('wrong-and-hidden\n')

    const { code, signal, afterMs } = await running.ended

    expect({ code, signal }).toEqual({ code: 5, signal: null })
    expect(afterMs).toBeLessThan(10_000)
  })

  test('is read from its variable or from a line, each of several', async () => {
    const args = ['change-password', '--current-password', '--confirm-password']

    await print(args, { CHATELAINE_CURRENT_PASSWORD: PASSWORD, input: `${OTHER_PASSWORD}\n${OTHER_PASSWORD}\n` })

    await signIn(app, 'bob', OTHER_PASSWORD)
  })

  test('that is optional is not read if its flag is missing', async () => {
    const stdout = await print(['create-user', 'carol', '--json'], { key: ROOT_KEY, CHATELAINE_PASSWORD: PASSWORD })

    expect(JSON.parse(stdout).data.createUser.secret).toMatch(/^chl_/)
    await app.nobody.failed(
      'WrongCredentialsError',
      'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }',
      { input: { username: 'carol', password: PASSWORD } },
    )
  })

  test('that is wrong is told by sign-in, which does not ask for an API key', async () => {
    const { code, stdout, stderr } = await runCommand(['--url', app.url, 'sign-in', 'bob'], {
      CHATELAINE_PASSWORD: OTHER_PASSWORD,
    })

    expect([code, stdout, stderr]).toEqual([5, '', 'chatelaine: The username or password is not right.\n'])
  })

  test.each([
    ['sign-in', ['sign-in', 'bob'], 'CHATELAINE_PASSWORD'],
    ['create-user', ['create-user', 'x', '--password'], 'CHATELAINE_PASSWORD'],
    ['verify-session', ['verify-session'], 'CHATELAINE_TOKEN'],
  ])('that is missing is wrong usage of %s, and the message names the variable', async (_name, args, variable) => {
    expect(await refuse(args)).toMatch(new RegExp(`^chatelaine: [^\\n]*${variable}[^\\n]*\\n$`))
  })

  test('that is the subject of a question is not the key of the request', async () => {
    const args = [
      'check-access',
      '--api-key',
      '--questions',
      'permission.permission=users.manage,permission.everywhere=true',
    ]

    const stdout = await print([...args, '--json'], { key: ROOT_KEY, input: `${bob.key}\n` })

    const [answer] = JSON.parse(stdout).data.checkAccess
    expect(answer).toMatchObject({ isAllowed: false, code: 'NOT_HELD', ways: [], grantors: ['root'] })
    expect(answer.missing).toEqual([{ allOf: [{ text: 'users.manage everywhere' }] }])
  })

  test.each([
    ['create-user', ['create-user', 'x', '--password=spelled-out-secret']],
    ['create-user', ['create-user', 'x', '--password', 'spelled-out-secret']],
    ['sign-in', ['sign-in', 'bob', '--password=spelled-out-secret']],
    ['verify-session', ['verify-session', '--token=spelled-out-secret']],
    ['verify-session', ['verify-session', 'spelled-out-secret']],
    ['verify-api-key', ['verify-api-key', '--secret', 'spelled-out-secret']],
  ])('on the command line is wrong usage of %s: %j', async (_name, args) => {
    await refuse(args, { key: ROOT_KEY, CHATELAINE_PASSWORD: PASSWORD, CHATELAINE_TOKEN: 'x', CHATELAINE_SECRET: 'x' })
  })
})

describe('signing in', () => {
  test('prints the token, which verify-session accepts', async () => {
    const signedIn = await print(['sign-in', 'bob', '--json'], { CHATELAINE_PASSWORD: PASSWORD })
    const { token } = JSON.parse(signedIn).data.signIn
    const verified = await print(['verify-session', '--json'], { key: ROOT_KEY, CHATELAINE_TOKEN: token })

    expect(JSON.parse(verified).data.verifySession.username).toBe('bob')
    const shown = await print(['verify-api-key', '--json'], { key: ROOT_KEY, input: `${bob.key}\n` })
    expect(JSON.parse(shown).data.verifyApiKey.username).toBe('bob')
  })

  test('with a wrong password exits 5 and does not print the password', async () => {
    const { code, stdout, stderr } = await run(['sign-in', 'bob'], { CHATELAINE_PASSWORD: 'wrong-and-hidden' })

    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: [^\n]+\n$/)
    expect(stderr).not.toContain('wrong-and-hidden')
  })
})

describe('a password that another user set', () => {
  const CHOOSE = 'choose your own first, with "chatelaine change-password --current-password".'
  const SIGNED_IN = `chatelaine: This password was set by another user: put the token into CHATELAINE_API_KEY and ${CHOOSE}\n`

  test.each([[[]], [['--json']]])('is said by sign-in beside the token, with %j', async (flags) => {
    await createPerson(app, 'carol', { mustChangePassword: true })

    const { code, stdout, stderr } = await run(['sign-in', 'carol', ...flags], { CHATELAINE_PASSWORD: PASSWORD })

    expect({ code, stderr }).toEqual({ code: 0, stderr: SIGNED_IN })
    expect(stdout).toMatch(/"?token"?: "?eyJ/)
  })

  test('refuses each other command with what to do, until change-password', async () => {
    await createPerson(app, 'carol', { mustChangePassword: true })
    const { token: key } = await signIn(app, 'carol')
    const passwords = { CHATELAINE_CURRENT_PASSWORD: PASSWORD, CHATELAINE_NEW_PASSWORD: OTHER_PASSWORD }

    const refused = await run(['users'], { key })
    const shown = await print(['viewer'], { key })
    const changed = await print(['change-password', '--current-password'], { key, ...passwords })

    expect(refused).toMatchObject({
      ...{ code: 5, stdout: '' },
      stderr: `chatelaine: This password was set by another user: ${CHOOSE}\n`,
    })
    expect(shown).toMatch(/^mustChangePassword: true$/m)
    expect(changed).toMatch(/^ {2}username: carol$/m)
    expect(await print(['users'], { key })).toContain('carol')
  })
})

describe('a credential', () => {
  const ATTRIBUTES = 'accessKey.accessKey=AKIA,accessKey.secretKey='

  /** The secret of bob’s credential aws. */
  async function kept(client: Client = bob.client) {
    return (await reveal(client, 'aws')).find(({ isSecret }) => isSecret)?.value
  }

  test('reads its secret from the variable if the value is a dash', async () => {
    await print(['add-credential', 'aws', '--attributes', `${ATTRIBUTES}-`], { CHATELAINE_SECRET_KEY: 'a=b,c' })

    expect(await kept()).toBe('a=b,c')
  })

  test('reads its secret from a line of standard input', async () => {
    const stdout = await print(['add-credential', 'aws', '--attributes', `${ATTRIBUTES}-`], { input: 'a=b,c\n' })

    expect(stdout).not.toContain('a=b,c')
    expect(await kept()).toBe('a=b,c')
  })

  test('with its secret on the command line is wrong usage, and the message does not contain it', async () => {
    const said = await refuse(['add-credential', 'aws', '--attributes', `${ATTRIBUTES}spelled-out-secret`])

    expect(said).toMatch(/^chatelaine: --attributes: [^\n]*secretKey=-[^\n]*\n$/)
    expect(said).not.toContain('spelled-out-secret')
  })

  test('is printed with its secret only by reveal-credential', async () => {
    await addCredential(bob.client, 'aws', 'kept-and-hidden')

    expect(await print(['reveal-credential', 'aws'])).toContain('kept-and-hidden')
    const dry = await run(['reveal-credential', 'aws', '--dry-run'])
    expect(dry).toMatchObject({ code: 0, stderr: 'Nothing was changed: this was a dry run.\n' })
    expect(dry.stdout).not.toContain('kept-and-hidden')
    expect(await print(['user', 'bob', '--json'])).not.toContain('kept-and-hidden')
  })
})

describe('the operator', () => {
  test('sets the password of a user, and has no password, credential or session of their own', async () => {
    const { environment: store, remove } = await createStartedStore()
    onTestFinished(remove)
    const operate = (args: string[], variables: Record<string, string> = {}) =>
      runCommand([...args, '--json'], { ...store, ...variables })
    await operate(['create-user', 'carol'])

    const set = await operate(['set-user-password', 'carol'], { CHATELAINE_PASSWORD: PASSWORD })
    const signedIn = await operate(['sign-in', 'carol'], { CHATELAINE_PASSWORD: PASSWORD })
    const own = [
      await operate(['change-password'], { CHATELAINE_NEW_PASSWORD: PASSWORD }),
      await operate(['add-credential', 'aws', '--attributes', 'empty.confirm=true']),
      await operate(['reveal-credential', 'aws']),
      await operate(['sign-out']),
      await operate(['sign-out-everywhere']),
    ]

    expect([set.code, set.stderr]).toEqual([0, ''])
    expect(JSON.parse(signedIn.stdout).data.signIn.token).toMatch(/^eyJ/)
    expect(own.map(({ code, stderr }) => [code, stderr.includes('    at ')])).toEqual(Array(5).fill([4, false]))
  })
})
