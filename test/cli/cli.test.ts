/** The command line on a database, without a server, as the operator runs it. */
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { createStartedStore, isPostgres, type Store } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { createStore, type Ended, lookInto, runCommand } from '../support/program.ts'
import { query, readGrants, snapshot } from '../support/rows.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

let store: Store
beforeAll(async () => {
  store = await createStartedStore()
})
afterAll(() => store.remove())

const EMAIL = 'person.in.charge@example.test'

/** Runs a command on the store. */
function run(...args: string[]): Promise<Ended> {
  return runCommand(args, store.environment)
}

/** Runs a command that must succeed and print nothing on standard error; gives what it printed. */
async function print(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

function look<T>(reader: (holder: { database: Database }) => Promise<T>): Promise<T> {
  return lookInto(store.environment, (database) => reader({ database }))
}

/** A service user's id, display name, hashes of keys, and grants. */
function lookAtUser(username: string) {
  return look(async (holder) => {
    const [user] = await query<{ id: string; display_name: string }>(
      holder,
      sql`select id, display_name from users where username = ${username} and deleted_at is null`,
    )
    const id = user?.id ?? ''
    const keys = await query(holder, sql`select encode(hash, 'hex') as hash from api_keys where user_id = ${id}`)
    return { id, displayName: user?.display_name, keys, grants: (await readGrants(holder, id)).map(({ role }) => role) }
  })
}

describe('create-service-user', () => {
  const created = ['--email', EMAIL, '--first-name', 'CodePipeline', '--last-name', 'Uploader']

  test('prints the user and its token, and updates the user without a token if it is run again', async () => {
    const stdout = await print('create-service-user', 'test', ...created, '--role', 'VERSION_MANAGER')

    expect(stdout).toMatch(/^ {2}username: api-test$/m)
    expect(stdout).toMatch(/^ {2}displayName: CodePipeline Uploader$/m)
    expect(stdout).toContain(`\n  email: ${EMAIL}\n`)
    expect(stdout).toMatch(/^created: true$/m)
    const [, token = ''] = /^secret: (chl_\S+)$/m.exec(stdout) ?? []
    const made = await lookAtUser('api-test')
    const hash = createHash('sha256').update(token).digest('hex')
    expect(made).toMatchObject({ keys: [{ hash }], grants: ['VERSION_MANAGER'] })

    for (const name of ['test', 'api-test']) {
      const again = await print('create-service-user', name, '--display-name', 'Nightly')

      expect(again).toMatch(/^ {2}displayName: Nightly$/m)
      expect(again).toMatch(/^created: false$/m)
      expect(again).not.toContain('chl_')
    }
    expect(await lookAtUser('api-test')).toEqual({ ...made, displayName: 'Nightly' })
  })

  test('with --if-exists FAIL changes nothing and exits 6 if the user exists', async () => {
    await print('create-service-user', 'twice', ...created)
    const before = await look(snapshot)

    const { code, stdout, stderr } = await run('create-service-user', 'twice', '--email', EMAIL, '--if-exists', 'FAIL')

    expect({ code, stdout }).toEqual({ code: 6, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: .*api-twice.*\n$/)
    expect(await look(snapshot)).toEqual(before)
  })
})

describe('the operator', () => {
  test('grants several roles in one command, and every audit row names the operator', async () => {
    await print('create-project', 'project2')
    await print('create-user', 'bar')
    const stdout = await print(
      ...['grant-roles', 'bar', '--roles', 'role=PROJECT_MANAGER,project=project2'],
      ...['--roles', 'VERSION_MANAGER,everywhere=true'],
    )

    expect(stdout).toMatch(/^changed: true$/m)
    const { id, grants } = await lookAtUser('bar')
    expect(grants.sort()).toEqual(['PROJECT_MANAGER', 'VERSION_MANAGER'])
    const audit = await look((holder) =>
      query(
        holder,
        sql`select action, actor_kind, actor_id, api_key_id from audit_events
          where target_id = ${id} or action = 'createProject' order by at, id`,
      ),
    )
    const operator = { actor_kind: 'OPERATOR', actor_id: null, api_key_id: null }
    expect(audit).toEqual(['createProject', 'createUser', 'grantRoles'].map((action) => ({ action, ...operator })))
  })

  test('can’t revoke the last key of an administrator, or disable or delete root, and gets the reason', async () => {
    const [key] = await look((holder) =>
      query<{ id: string }>(holder, sql`select id from api_keys where source = 'ENVIRONMENT'`),
    )
    const before = await look(snapshot)

    const revoked = await run('revoke-api-key', `key_${key?.id}`)
    const disabled = await run('disable-user', 'root')
    const deleted = await run('delete-user', 'root')

    for (const { code, stdout, stderr } of [revoked, disabled, deleted]) {
      expect({ code, stdout }).toEqual({ code: 6, stdout: '' })
      expect(stderr).toMatch(/^chatelaine: [^\n]+\n$/)
    }
    expect(revoked.stderr).toContain('administrator')
    expect(await look(snapshot)).toEqual(before)
  })

  test('with --dry-run gets the result, without a token, and nothing is kept', async () => {
    const before = await look(snapshot)

    const { code, stdout, stderr } = await run('create-user', 'dry', '--dry-run')

    expect({ code, stderr }).toEqual({ code: 0, stderr: 'Nothing was changed: this was a dry run.\n' })
    expect(stdout).toMatch(/^ {2}username: dry$/m)
    expect(stdout).toMatch(/^secret: -$/m)
    expect(stdout).toMatch(/\n\nAccess would not change\.\n$/)
    expect(await look(snapshot)).toEqual(before)
  })

  test('gets a whole list with --all', async () => {
    const { code, stdout, stderr } = await run('permissions', '--all')

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('users.manage')
  })

  test('gets an error from "viewer" that names the operator', async () => {
    const { code, stderr } = await run('viewer')

    expect(code).toBe(4)
    expect(stderr).toMatch(/operator/i)
  })
})

describe('the database', () => {
  test('of a running server is refused with its address if it is embedded, and shared on PostgreSQL', async () => {
    const url = 'http://127.0.0.1:4321/graphql'
    const held = await lookInto(store.environment, (database) => {
      database.noteAddress(url)
      return run('user', 'root')
    })

    if (isPostgres()) expect(held.code).toBe(0)
    else {
      expect({ code: held.code, stdout: held.stdout }).toEqual({ code: 1, stdout: '' })
      expect(held.stderr).toMatch(/^chatelaine: [^\n]+\n$/)
      expect(held.stderr).toContain(`--url ${url}`)
    }
  })

  test('that is empty is set up if it is embedded, and needs "migrate" on PostgreSQL', async () => {
    const empty = await createStore()

    const { code, stdout, stderr } = await runCommand(['user', 'root', '--json'], empty)

    if (isPostgres()) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^chatelaine: [^\n]*migrate[^\n]*\n$/)
    } else {
      expect(code).toBe(0)
      expect(JSON.parse(stdout).data.user).toMatchObject({ username: 'root', isAdmin: true })
      expect(stderr).toMatch(/^The key of root, shown this once: chl_\S+\n$/)
    }
  })

  test('that can’t be reached makes the command exit 3, without internal details', async () => {
    const environment = { DATABASE_URL: 'postgres://someone:hidden-password@127.0.0.1:1/none', ENCRYPTION_KEY }

    const { code, stdout, stderr } = await runCommand(['users'], environment)

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: [^\n]+\n$/)
    expect(stderr).not.toMatch(/hidden-password|select|node_modules/)
  })

  test('with a wrong configuration makes the command exit 1 and name the variable', async () => {
    const { code, stdout, stderr } = await runCommand(['users'], { DATABASE_URL: 'mysql://127.0.0.1/none' })

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^chatelaine: DATABASE_URL [^\n]+\n$/)
  })
})
