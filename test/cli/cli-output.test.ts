/** The forms in which a command prints its answer. */
import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { type Ended, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createUser } from '../support/seed.ts'

const app = startApp()

const world = app.world(async () => {
  const bob = await createUser(app, 'bob', { displayName: 'Bob, the "builder"' })
  const amy = await createUser(app, 'bobby')
  await change(app.root, 'createController', { name: 'gce1', type: 'gce' })
  return { bob, amy }
})

const B = ['users', '--filter', 'username.startsWith=b']

/** Runs a command against the app, by root. */
function run(...args: string[]): Promise<Ended> {
  return runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: ROOT_KEY })
}

/** Runs a command that must succeed and print nothing on standard error; gives what it printed. */
async function print(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** Runs a command in a terminal of this width; gives the lines that it printed. */
async function look(columns: number, ...args: string[]): Promise<string[]> {
  let text = ''
  const sink = () =>
    new Writable({
      write(chunk, _encoding, done) {
        text += chunk
        done()
      },
    })
  const stdout = Object.assign(sink(), { isTTY: true, columns })
  const env = { CHATELAINE_API_KEY: ROOT_KEY }
  const code = await main(['--url', app.url, ...args], { env, stdin: process.stdin, stdout, stderr: sink() })
  expect(code, text).toBe(0)
  return text.trimEnd().split('\n')
}

describe('--fields', () => {
  test('chooses the columns in their order, in any case, also of what is related', async () => {
    expect((await print(...B, '--fields', 'EMAIL,username,organization.name,roles.name')).split('\n')).toEqual([
      'EMAIL               USERNAME  ORGANIZATION.NAME  ROLES.NAME',
      'bob@example.test    bob       default            -',
      'bobby@example.test  bobby     default            -',
      '',
    ])
  })

  test('asks for fields that are not shown otherwise', async () => {
    expect(await print('user', 'bob', '--fields', 'username,mustChangePassword')).toBe(
      'username: bob\nmustChangePassword: -\n',
    )
  })

  test('with --json prints only these fields', async () => {
    expect(JSON.parse(await print(...B, '--fields', 'username,isActive', '--json'))).toEqual([
      { username: 'bob', isActive: true },
      { username: 'bobby', isActive: true },
    ])
    const made = await print('create-project', 'x', '--json', '--fields', 'project.code,project.organization.name')
    expect(JSON.parse(made)).toEqual({ 'project.code': 'x', 'project.organization.name': 'default' })
  })

  test('with --json prints the whole answer where there is an error', async () => {
    const { code, stdout } = await run('create-user', 'bob', '--json', '--fields', 'user.username')

    expect(code).not.toBe(0)
    expect(JSON.parse(stdout).data.createUser).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' })
  })

  test.each([
    ['that does not exist', 'shoeSize', /--fields knows no "shoeSize" of User, but id, username, displayName, /],
    ['in a field without fields', 'username.first', /there is nothing in "username"/],
  ])('of a field %s is wrong usage, and the message names the fields', async (_name, fields, message) => {
    const { code, stdout, stderr } = await run('users', '--fields', fields)

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})

describe('--csv', () => {
  test('prints a head and a line for each item, with quotes where they are needed', async () => {
    expect(await print(...B, '--csv', '--fields', 'username,displayName,isAdmin')).toBe(
      'username,displayName,isAdmin\r\nbob,"Bob, the ""builder""",false\r\nbobby,,false\r\n',
    )
  })

  test('holds nothing that a spreadsheet would take for a formula', async () => {
    await change(app.root, 'updateUser', { user: 'bobby', displayName: '=HYPERLINK("http://x")' })

    const lines = await print('users', '--filter', 'username.equals=bobby', '--csv', '--fields', 'displayName')

    expect(lines).toBe(`displayName\r\n"'=HYPERLINK(""http://x"")"\r\n`)
  })

  test('has the columns of the wide table, and a head where nothing is found', async () => {
    const heads = 'id,username,displayName,kind,isActive,email,organization,isAdmin,createdAt,lastSeenAt\r\n'

    expect(await print('users', '--filter', 'username.equals=none', '--csv')).toBe(heads)
    const [head, line] = (await print('users', '--filter', 'username.equals=bobby', '-o', 'csv')).split('\r\n')
    expect(`${head}\r\n`).toBe(heads)
    expect(line).toMatch(new RegExp(`^${world().amy.id},bobby,,HUMAN,true,bobby@example.test,default,false,[^,]+Z,$`))
  })

  test('prints all pages with one head', async () => {
    const lines = (await print(...B, '--csv', '--all', '--fields', 'username')).split('\r\n')

    expect(lines).toEqual(['username', 'bob', 'bobby', ''])
  })
})

test('two forms at once, and an unknown form, are wrong usage', async () => {
  for (const args of [
    ['--json', '--csv'],
    ['-o', 'xml'],
  ]) {
    const { code, stdout, stderr } = await run('users', ...args)

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: (One form at a time|-o takes table, wide, json, csv, not "xml")/)
  }
})

describe('a terminal', () => {
  test('gets a table that fits: without empty columns, then with large ones shortened, then without the last ones', async () => {
    expect(await look(200, ...B, '--fields', 'username,displayName,signInLockedUntil')).toEqual([
      'USERNAME  DISPLAYNAME         SIGNINLOCKEDUNTIL',
      'bob       Bob, the "builder"  -',
      'bobby     -                   -',
    ])
    expect(await look(40, ...B, '--fields', 'username,signInLockedUntil,kind,email')).toEqual([
      'USERNAME  KIND   EMAIL  …',
      'bob       HUMAN  bob@example.test',
      'bobby     HUMAN  bobby@example.test',
    ])
    expect(await look(32, ...B, '--fields', 'username,kind,email')).toEqual([
      'USERNAME  KIND  …',
      'bob       HUMAN',
      'bobby     HUMAN',
    ])
    for (const line of await look(80, 'users')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('gets nothing shortened with -o wide', async () => {
    const [head = ''] = await look(40, 'users', '-o', 'wide')

    expect(head.split(/ {2,}/)).toHaveLength(10)
  })

  test('gets the name of what an object belongs to, and all of that with -o wide', async () => {
    expect(await look(100, 'controller', 'gce1')).toContain('organization: default')
    expect(await look(100, 'controller', 'gce1', '-o', 'wide')).toContain('  name: default')
  })
})
