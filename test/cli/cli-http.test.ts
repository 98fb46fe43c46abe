/** The command line over HTTP, with `--url` and CHATELAINE_API_KEY: what it prints and changes. */
import { sql } from 'drizzle-orm'
import { describe, expect, test, vi } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { type Ended, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query, withoutWriting } from '../support/rows.ts'
import { createProject, createUser } from '../support/seed.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const app = startApp()

/** Runs a command against the app, by root unless a key is given. */
function run(args: string[], key: string = ROOT_KEY): Promise<Ended> {
  return runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: key })
}

/** Runs a command that must succeed and print nothing on standard error; gives what it printed. */
async function print(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('a query', () => {
  test('prints a list as a table, or the whole answer as JSON', async () => {
    const { id } = await createUser(app, 'bob')
    const args = ['users', '--filter', 'username.startsWith=b']

    const lines = (await print(...args)).split('\n')
    const wide = (await print(...args, '-o', 'WIDE')).split('\n')
    const { data } = JSON.parse(await print(...args, '--json'))

    const heads = 'USERNAME DISPLAYNAME KIND ISACTIVE EMAIL ORGANIZATION ISADMIN CREATEDAT LASTSEENAT'.split(' ')
    expect(lines).toHaveLength(3)
    expect(lines[0]?.split(/ {2,}/)).toEqual(heads)
    expect(lines[1]).toMatch(/^bob +- +HUMAN +true +bob@example\.test +default +false +[\d-]+T\d\d:\d\d:\d\dZ +-$/)
    expect(wide[0]?.split(/ {2,}/)).toEqual(['ID', ...heads])
    expect(wide[1]).toMatch(new RegExp(`^${id} {2}bob +- +HUMAN +true +bob@example\\.test .*\\d\\.\\d+Z +-$`))
    expect(wide[1]?.indexOf('bob')).toBe(wide[0]?.indexOf('USERNAME'))
    expect(data.users.nodes).toHaveLength(1)
    expect(data.users.nodes[0]).toMatchObject({ id, username: 'bob', organization: { name: 'default' } })
  })

  test('has flags that filter, sort and page a list', async () => {
    for (const name of ['bz', 'ba', 'bm', 'cara']) await createUser(app, name)
    const read = async (...flags: string[]) => {
      const args = ['users', '--filter', 'username.startsWith=b', '--first', '1', '--json', ...flags]
      const { stdout, stderr } = await run(args)
      expect(stderr).toBe('1 of 3 · --all for the rest\n')
      return JSON.parse(stdout).data.users
    }

    const first = await read('--order-by', 'CREATED_AT')
    const last = await read('--order-by', 'field=USERNAME,direction=DESC')
    const second = await read('--order-by', 'CREATED_AT', '--after', first.pageInfo.endCursor)

    expect(first.nodes).toMatchObject([{ username: 'bz' }])
    expect(first.pageInfo.hasNextPage).toBe(true)
    expect(last.nodes).toMatchObject([{ username: 'bz' }])
    expect(second.nodes).toMatchObject([{ username: 'ba' }])
  })

  test('of a user prints the keys with their ids and the roles with their scopes', async () => {
    await createProject(app, 'project1')
    const bob = await createUser(app, 'bob', { roles: [{ role: 'VERSION_MANAGER', project: 'project1' }] })

    const stdout = await print('user', 'BOB')

    expect(stdout).toMatch(/^username: bob$/m)
    expect(stdout).toMatch(/^email: bob@example\.test$/m)
    expect(stdout).toMatch(
      /^ {2}NAME +SCOPE +ORGANIZATION +PROJECT .*\n {2}VERSION_MANAGER +PROJECT +default +project1 /m,
    )
    expect(stdout).toMatch(/^ {2}PERMISSION +SCOPE .*\n {2}version\.create +PROJECT +default +project1 /m)
    expect(stdout).toContain(bob.keyId)
  })

  test('of a missing or hidden object exits 4 and prints nothing on standard output', async () => {
    const bob = await createUser(app, 'bob')

    const said = (name: string) => `chatelaine: The user "${name}" does not exist, or you may not see it.\n`
    expect(await run(['user', 'nobody'])).toMatchObject({ code: 4, stdout: '', stderr: said('nobody') })
    expect(await run(['user', 'root'], bob.key)).toMatchObject({ code: 4, stdout: '', stderr: said('root') })
  })

  test('prints the visible fields, and the refused ones on standard error', async () => {
    await createProject(app, 'project1')
    await change(app.root, 'createRole', { name: 'GRANTER', permissions: ['roles.grant'] })
    const bob = await createUser(app, 'bob', { roles: [{ role: 'GRANTER', project: 'project1' }] })
    await createUser(app, 'carol')

    const { code, stdout, stderr } = await run(['user', 'carol', '--json'], bob.key)
    const plain = await run(['user', 'carol'], bob.key)

    expect(code).toBe(0)
    expect(JSON.parse(stdout).data.user).toMatchObject({ username: 'carol', isActive: true, email: null, roles: null })
    expect(plain.stdout).toMatch(/^username: carol$/m)
    expect(plain.stdout).not.toContain('carol@example.test')
    expect(plain.stderr).toContain('(user.email)')
    expect(stderr + plain.stderr).not.toContain('carol@example.test')
  })

  test('can take the address from the environment', async () => {
    const { code, stdout } = await runCommand(['viewer', '--json'], {
      CHATELAINE_URL: app.url,
      CHATELAINE_API_KEY: ROOT_KEY,
    })

    expect(code).toBe(0)
    expect(JSON.parse(stdout).data.viewer.user.username).toBe('root')
  })

  test('prints no control characters from the database', async () => {
    const evil = 'a\u001b[2J\u0007\u009b31m\u007f\r\nroot'
    await createUser(app, 'bob', { displayName: evil })

    const outputs = [await print('user', 'bob'), await print('users'), await print('users', '--json')]

    for (const output of outputs) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
      expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    }
    expect(outputs[1]?.split('\n')).toHaveLength(4)
    expect(JSON.parse(outputs[2] ?? '').data.users.nodes[0].displayName).toBe(evil)
  })
})

describe('a change', () => {
  test.each(['display-name', 'displayName'])('with --clear %s clears the value and keeps the others', async (name) => {
    await createUser(app, 'bob', { displayName: 'Bob B.' })
    const values = () => query(app, sql`select email, display_name from users where username = 'bob'`)

    await print('update-user', 'bob', '--clear', 'email')
    expect(await values()).toEqual([{ email: null, display_name: 'Bob B.' }])
    await print('update-user', 'bob', '--clear', name, '--email', 'bob@example.test')

    expect(await values()).toEqual([{ email: 'bob@example.test', display_name: null }])
  })

  test('stores the word "null" where it is the value of a flag: only --clear removes a value', async () => {
    await createUser(app, 'bob', { displayName: 'Bob B.' })

    await print('update-user', 'bob', '--display-name', 'null')
    const { code, stderr } = await run(['update-user', 'bob', '--display-name', ''])

    expect(await query(app, sql`select display_name from users where username = 'bob'`)).toEqual([
      { display_name: 'null' },
    ])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'chatelaine: displayName: A title has 1 to 200 characters; --clear removes it.\n',
    })
  })

  test('with --dry-run prints the result, says that nothing was saved, and keeps nothing', async () => {
    const plain = ['create-user', 'dry', '--with-api-key', '--dry-run']
    const [table, json, long] = await withoutWriting(app, () =>
      Promise.all([run(plain), run([...plain, '--json']), run(['create-user', 'dry', '--dry-run', 'true'])]),
    )

    const said = { code: 0, stderr: 'Nothing was changed: this was a dry run.\n' }
    for (const { code, stderr } of [table, json, long]) expect({ code, stderr }).toEqual(said)
    expect(table.stdout).toMatch(/^ {2}username: dry$/m)
    expect(table.stdout).toMatch(/^secret: -$/m)
    expect(JSON.parse(json.stdout).data.createUser.user).toMatchObject({ username: 'dry' })
  })

  test('with --dry-run of a change that fails prints only why', async () => {
    const { code, stderr } = await run(['create-project', 'a b', '--dry-run'])

    expect({ code, stderr: stderr.split('\n').length }).toEqual({ code: 2, stderr: 2 })
    expect(stderr).not.toContain('dry run')
  })

  test('prints the access difference with --dry-run as a table, and not without', async () => {
    await createUser(app, 'bob')
    await createProject(app, 'apollo')
    const words = ['grant-roles', 'bob', '--roles', 'VERSION_MANAGER,project=apollo']

    const dry = await withoutWriting(app, () => run([...words, '--dry-run']))
    const real = await print(...words)

    expect(dry.stderr).toBe('Nothing was changed: this was a dry run.\n')
    expect(dry.stdout.slice(dry.stdout.indexOf('\nAccess'))).toBe(`
Access would change: 3 gained, 0 lost.

CHANGE    USER  WHAT            WHERE           UNTIL
+ gained  bob   version.create  project apollo  -
+ gained  bob   version.delete  project apollo  -
+ gained  bob   version.update  project apollo  -
`)
    expect(real).toMatch(/^changed: true$/m)
    expect(real).not.toContain('Access would')
  })

  test('has boolean flags that accept true and false, and mean true without a value', async () => {
    await print('create-user', 'a', '--is-admin', '--with-api-key', 'false')
    await print('create-user', 'b', '--is-admin', 'false', '--with-api-key', 'true')

    const { users } = await app.root.ok('{ users(first: 2) { nodes { username isAdmin apiKeys { totalCount } } } }')
    expect(users.nodes).toEqual([
      { username: 'a', isAdmin: true, apiKeys: { totalCount: 0 } },
      { username: 'b', isAdmin: false, apiKeys: { totalCount: 1 } },
    ])
  })
})
