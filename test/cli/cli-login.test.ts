/** The servers that a person signs in to: `login`, `use`, `whoami` and `logout`. */
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { createFolder, type Ended, runCommand, runProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { withoutWriting } from '../support/rows.ts'
import { createPerson, PASSWORD } from '../support/sessions.ts'

const app = startApp()

const world = app.world(async () => {
  const { key } = await createPerson(app, 'bob', { withApiKey: true })
  return { key: key ?? '' }
})

/** A person at a terminal, with a folder of their own. */
function createHome() {
  const folder = createFolder()
  const file = join(folder, 'chatelaine', 'profiles.json')
  const run = (args: string[], variables: Record<string, string> = {}): Promise<Ended> =>
    runCommand(args, { XDG_CONFIG_HOME: folder, ...variables })
  return {
    file,
    run,
    kept: () => JSON.parse(readFileSync(file, 'utf8')),
    login: (...args: string[]) =>
      run(['login', app.url, '--username', 'bob', ...args], { CHATELAINE_PASSWORD: PASSWORD }),
    /** As which user, and by what, commands are done. */
    async who(...args: string[]): Promise<unknown[]> {
      const { user, profile, by } = JSON.parse((await run(['whoami', '--json', ...args])).stdout)
      return [user, profile, by]
    },
  }
}

const HOST = () => new URL(app.url).host

describe('login', () => {
  test('with a password keeps the session, and commands are done by it from then on', async () => {
    const { file, kept, login, run, who } = createHome()

    const { code, stdout, stderr } = await login()

    const { profiles, current } = kept()
    expect({ code, stderr, current }).toEqual({ code: 0, stderr: '', current: HOST() })
    expect(stdout).toMatch(/^Signed in to http:\S+ as bob until [\d-]+T[\d:]+Z\. The profile is "\S+"\.\n$/)
    expect(stdout).not.toContain(profiles[HOST()].key)
    expect([statSync(file).mode & 0o777, statSync(join(file, '..')).mode & 0o777]).toEqual([0o600, 0o700])
    expect((await run(['viewer', '--fields', 'user.username'])).stdout).toBe('user.username: bob\n')
    expect(await who()).toEqual(['bob', HOST(), 'a session'])
  })

  test('with a key keeps the key', async () => {
    const { run, who } = createHome()

    const { code, stdout } = await run(['login', app.url, '--with-key', '--name', 'prod'], {
      CHATELAINE_API_KEY: world().key,
    })

    expect({ code, stdout }).toEqual({ code: 0, stdout: `Signed in to ${app.url} as bob. The profile is "prod".\n` })
    expect(await who()).toEqual(['bob', 'prod', expect.stringMatching(/^the key "first key" \(…\w{4}\)$/)])
  })

  test('takes the address of a server without the path of its API', async () => {
    const { kept, run } = createHome()

    await run(['login', new URL(app.url).origin, '--with-key'], { CHATELAINE_API_KEY: ROOT_KEY })

    expect(kept().profiles[HOST()].url).toBe(app.url)
  })

  test.each([
    ['a wrong password', ['login', '--username', 'bob'], { CHATELAINE_PASSWORD: 'wrong-and-hidden' }, 5],
    ['a wrong key', ['login', '--with-key'], { CHATELAINE_API_KEY: 'wrong-and-hidden' }, 5],
    ['no username', ['login'], { CHATELAINE_PASSWORD: PASSWORD }, 2],
    ['no password', ['login', '--username', 'bob'], {}, 2],
    ['no key', ['login', '--with-key'], {}, 2],
  ])('with %s keeps nothing', async (_name, args, variables, expected) => {
    const { file, run } = createHome()

    const { code, stdout } = await run([...args, '--url', app.url], variables)

    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
    expect(existsSync(file)).toBe(false)
  })

  test('says that a password which another user set must be changed', async () => {
    await createPerson(app, 'carol', { mustChangePassword: true })
    const { run } = createHome()

    const { code, stderr } = await run(['login', app.url, '--username', 'carol'], { CHATELAINE_PASSWORD: PASSWORD })

    expect(code).toBe(0)
    expect(stderr).toMatch(/chatelaine change-password --current-password/)
  })

  test('to an address that is none, or without one, is wrong usage', async () => {
    const { run } = createHome()

    for (const args of [['login'], ['login', 'ftp://x']]) {
      const { code, stderr } = await run(args)
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: 'chatelaine: Name the server: chatelaine login https://chatelaine.example.com\n',
      })
    }
  })
})

test('without a server and a database a command makes none, and says what to do', async () => {
  const { code, stdout, stderr } = await runProgram(['users'], {}, '', createFolder())

  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toBe(
    'chatelaine: There is no database in data: sign in to a server with "chatelaine login", or start one with "chatelaine serve".\n',
  )
})

describe('profiles', () => {
  async function createTwo() {
    const home = createHome()
    await home.login('--name', 'test')
    await home.run(['login', app.url, '--with-key', '--name', 'prod'], { CHATELAINE_API_KEY: ROOT_KEY })
    return home
  }

  test('are listed without their keys, and "use" changes the current one', async () => {
    const { run, who } = await createTwo()

    const listed = await run(['use', '--json'])
    const used = await run(['use', 'test'])

    expect(JSON.parse(listed.stdout)).toEqual([
      {
        profile: 'test',
        isCurrent: false,
        url: app.url,
        username: 'bob',
        by: 'password',
        expiresAt: expect.any(String),
      },
      { profile: 'prod', isCurrent: true, url: app.url, username: 'root', by: 'key', expiresAt: null },
    ])
    expect(used).toMatchObject({ code: 0, stdout: `Commands are sent to ${app.url} as bob.\n` })
    expect(await who()).toEqual(['bob', 'test', 'a session'])
    expect((await who('--profile', 'prod'))[0]).toBe('root')
  })

  test('that do not exist are wrong usage, and the message names those that do', async () => {
    const { run } = await createTwo()

    for (const args of [
      ['use', 'none'],
      ['users', '--profile', 'none'],
      ['logout', 'none'],
    ]) {
      const { code, stdout, stderr } = await run(args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toBe('chatelaine: There is no profile "none". There are test, prod.\n')
    }
  })

  test('are not used with another address: their keys are sent to their own server alone', async () => {
    const { run } = await createTwo()
    const another = app.url.replace('127.0.0.1', 'localhost')

    const own = await run(['whoami', '--json', '--url', app.url])
    const other = await run(['users', '--url', another])

    expect(JSON.parse(own.stdout).user).toBe('root')
    expect(other.code).toBe(5)
    expect(other.stderr).toContain('run "chatelaine login"')
  })

  test('use their own key, and not that of the environment, which belongs to an address', async () => {
    const { run } = await createTwo()

    const other = { CHATELAINE_API_KEY: world().key }
    const flag = await run(['whoami', '--json', '--profile', 'prod'], {
      ...other,
      CHATELAINE_URL: 'http://127.0.0.1:1',
    })
    const variable = await run(['whoami', '--json'], { ...other, CHATELAINE_PROFILE: 'prod' })

    expect([flag, variable].map(({ stdout }) => JSON.parse(stdout).user)).toEqual(['root', 'root'])
  })

  test('are refused where other users can read the file', async () => {
    const { file, run } = await createTwo()
    chmodSync(file, 0o640)

    const { code, stdout, stderr } = await run(['users'])

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: \S+ holds keys, and other users can read it: run "chmod 600 \S+"\.\n$/)
  })

  test('are not used with --local, and exclude it and --url', async () => {
    const { run } = await createTwo()

    expect((await run(['whoami', '--local'])).stdout).toMatch(/^user: the operator$/m)
    for (const other of [
      ['--local', '--profile', 'prod'],
      ['--url', app.url, '--profile', 'prod'],
    ]) {
      expect(await run(['whoami', ...other])).toMatchObject({
        ...{ code: 2, stdout: '' },
        stderr: 'chatelaine: --url, --profile and --local exclude each other.\n',
      })
    }
  })
})

describe('logout', () => {
  test('ends the session at the server and forgets the profile', async () => {
    const { kept, login, run } = createHome()
    await login('--name', 'test')
    const { key } = kept().profiles.test

    const { code, stdout } = await run(['logout'])

    expect({ code, stdout }).toEqual({ code: 0, stdout: 'The profile "test" is forgotten. Its session is ended.\n' })
    expect(kept()).toEqual({ current: null, profiles: {} })
    await app.as({ authorization: `Bearer ${key}` }).refused('UNAUTHENTICATED', '{ viewer { expiresAt } }')
  })

  test('of a key forgets it, and the key stays valid', async () => {
    const { kept, run } = createHome()
    await run(['login', app.url, '--with-key', '--name', 'prod'], { CHATELAINE_API_KEY: world().key })

    const { code, stdout } = await withoutWriting(app, () => run(['logout', 'prod']))

    expect({ code, profiles: kept().profiles }).toEqual({ code: 0, profiles: {} })
    expect(stdout).toContain('Its API key stays valid')
    expect((await run(['logout'])).code).toBe(2)
  })
})
