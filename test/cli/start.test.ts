// Runs with whole servers.
import { sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createStartedStore } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import {
  addLaterMigration,
  FIRST_COUNTS,
  NEWEST,
  readCounts,
  readMigrations,
  readOldest,
} from '../support/first-start.ts'
import { ask, createFolder, createStore, lookInto, runCommand, startProgram, usernameOf } from '../support/program.ts'
import { query } from '../support/rows.ts'
import { serveHere } from '../support/serving.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none'
const FIRST = 'first-value-of-the-variable-0123456789'

/** A database after the first start, which is removed when the test is finished. */
async function createStarted(): Promise<Record<string, string>> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  return environment
}

describe('the first start', () => {
  test('prints the address and the key of root; later starts print no key, are ready within 3 s, and accept the key', async () => {
    const store = await createStore()

    const first = await startProgram(store)
    expect(first.readyAfterMs).toBeLessThan(15_000)
    const key = first.key ?? ''
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/)
    expect(key).toMatch(/^chl_/)
    expect(await usernameOf(first, key)).toBe('root')
    const end = await first.stop()
    expect(end.stdout.split(key)).toHaveLength(2)
    expect(end.stdout.split('SMTP_URL is not set')).toHaveLength(2)
    expect(end.stderr).toBe('')

    const readyAfterMs: number[] = []
    for (let round = 0; round < 3 && !(Math.min(...readyAfterMs) < 3000); round++) {
      const later = await startProgram(store)
      readyAfterMs.push(later.readyAfterMs)
      expect(later.key).toBe(null)
      expect(await usernameOf(later, key)).toBe('root')
      expect((await later.stop()).stdout).not.toContain('chl_')
    }
    expect(Math.min(...readyAfterMs)).toBeLessThan(3000)
  })

  test('with ROOT_API_KEY prints no key, and only the value of the variable is a valid key', async () => {
    const program = await startProgram({ ...(await createStore()), ROOT_API_KEY: FIRST })

    expect(program.key).toBe(null)
    expect(await usernameOf(program, FIRST)).toBe('root')
    for (const guess of [null, 'root', 'admin', 'undefined', 'chl_', FIRST.slice(1)]) {
      expect(await usernameOf(program, guess)).toBe(401)
    }
    const { stdout, stderr } = await program.stop()
    expect(stdout + stderr).not.toContain(FIRST)
  })
})

describe('a start', () => {
  test('with a mail server prints no warning about SMTP_URL, even if the mail server does not answer', async () => {
    const mail = { SMTP_URL: 'smtp://user:hidden-password@127.0.0.1:1', MAIL_FROM: 'chatelaine@example.test' }
    const program = await startProgram({ ...(await createStarted()), ...mail })

    const { code, stdout, stderr } = await program.stop()

    expect(code).toBe(0)
    expect(stdout).not.toContain('SMTP_URL')
    expect(stdout + stderr).not.toContain('hidden-password')
  })

  test('with READ_ONLY=true answers queries, and no request ends the read-only mode', async () => {
    const program = await serveHere({ ...(await createStarted()), READ_ONLY: 'true', ROOT_API_KEY: FIRST })

    const made = await ask(program, FIRST, 'mutation { createProject(input: { code: "x" }) { __typename } }')
    const ended = await ask(
      program,
      FIRST,
      'mutation { setReadOnly(input: { isReadOnly: false }) { __typename ... on ConflictError { message } } }',
    )

    expect(await usernameOf(program, FIRST)).toBe('root')
    expect(made.errors[0].extensions.code).toBe('READ_ONLY')
    expect(ended.data.setReadOnly).toEqual({
      __typename: 'ConflictError',
      message: expect.stringContaining('READ_ONLY'),
    })
  })
})

describe('the start is stopped by', () => {
  /** A store on which everything else is good, and which costs no more than the variable needs. */
  async function storeFor(name: string): Promise<Record<string, string>> {
    if (name === 'HOST') return createStarted()
    return ['ROOT_API_KEY', 'ENCRYPTION_KEY'].includes(name)
      ? createStore()
      : { DATA_DIR: createFolder(), ENCRYPTION_KEY }
  }

  test.each([
    ['PORT', 'abc', 1],
    ['DATABASE_URL', 'mysql://localhost/db', 1],
    ['DATABASE_URL', 'postgres://nobody:secret-password@127.0.0.1:1/none', 3],
    ['ROOT_API_KEY', 'a'.repeat(31), 1],
    ['ROOT_API_KEY', 'a'.repeat(32), 1],
    ['ENCRYPTION_KEY', 'aaaaaaaaaaaaaaaa', 1],
    ['ENCRYPTION_KEY', Buffer.alloc(32).toString('base64'), 1],
    ['SMTP_URL', 'http://nobody:secret-password@127.0.0.1', 1],
    ['READ_ONLY', 'yes', 1],
    ['PASSWORD_MIN_LENGTH', '7', 1],
    ['TRUSTED_PROXIES', 'localhost', 1],
    ['TRUSTED_PROXIES', '0.0.0.0/0', 1],
    ['DATA_DIR', '/dev/null/data', 1],
    ['HOST', 'no.such.host.invalid', 1],
  ])(
    '%s=%s: the message names the variable, the exit code is %i, and there is no stack trace',
    async (name, value, exit) => {
      const store = await storeFor(name)

      const { code, stdout, stderr } = await runCommand(['serve'], { ...store, [name]: value })

      expect(code).toBe(exit)
      expect(stdout).not.toContain('listens')
      expect(stderr).toMatch(new RegExp(`^chatelaine: .*${name}.*\\n$`))
      expect(stderr).not.toMatch(/secret-password|aaaaaaa/i)
    },
  )

  test('a wrong ENCRYPTION_KEY before anything is made in an empty database', async () => {
    const store = await createStore()

    const { code } = await runCommand(['serve'], { ...store, ENCRYPTION_KEY: 'aaaaaaaaaaaaaaaa' })

    expect(code).toBe(1)
    const tables = await lookInto(store, (database) =>
      query(
        { database },
        sql`select tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
      ),
    )
    expect(tables).toEqual([])
  })

  test('a missing MAIL_FROM if SMTP_URL is set: the message names it', async () => {
    const environment = { DATA_DIR: createFolder(), SMTP_URL: 'smtp://nobody:secret-password@127.0.0.1' }

    const { code, stderr } = await runCommand(['serve'], environment)

    expect(code).toBe(1)
    expect(stderr).toMatch(/^chatelaine: MAIL_FROM [^\n]*\n$/)
    expect(stderr).not.toContain('secret-password')
  })

  test('a missing ENCRYPTION_KEY if DATABASE_URL is set: the message names it', async () => {
    const { DATABASE_URL } = await createStore()

    const { code, stdout, stderr } = await runCommand(['serve'], { DATABASE_URL: DATABASE_URL ?? NO_DATABASE })

    expect(code).toBe(DATABASE_URL ? 1 : 3)
    expect(stdout).not.toContain('listens')
    if (DATABASE_URL) expect(stderr).toMatch(/^chatelaine: ENCRYPTION_KEY [^\n]*\n$/)
  })

  test('a port in use: the message says so', async () => {
    const first = await serveHere(await createStarted())
    const { port } = new URL(first.url)

    const { code, stderr } = await runCommand(['serve'], { ...(await createStarted()), PORT: port })

    expect(code).toBe(1)
    expect(stderr).toMatch(/^chatelaine: PORT .*in use.*\n$/)
  })

  test('a database of a newer version: the message says so, and the database is not changed', async () => {
    const store = await createStarted()
    const before = await lookInto(store, (database) => addLaterMigration(database))

    const { code, stdout, stderr } = await runCommand(['serve'], store)

    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^chatelaine: .*newer version.*20991231000000_tomorrow.*\n$/)
    expect(await lookInto(store, readMigrations)).toEqual(before)
  })
})

describe('a database of a newer version that lets this version run beside it', () => {
  test('is served, and its migrations and the oldest version for it are not changed', async () => {
    const store = { ...(await createStarted()), ROOT_API_KEY: FIRST }
    const before = await lookInto(store, (database) => addLaterMigration(database, NEWEST))

    const program = await serveHere(store)
    const username = await usernameOf(program, FIRST)
    const { code, stderr } = await runCommand(['rotate-signing-key'], store)

    expect(username).toBe('root')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await program.stop()
    expect(await lookInto(store, readMigrations)).toEqual(before)
    expect(await lookInto(store, readOldest)).toEqual([{ migration: NEWEST }])
  })

  test('is refused where it lacks a migration of this version: neither is older than the other', async () => {
    const store = await createStarted()
    const remove = sql`delete from drizzle.__drizzle_migrations where name = ${NEWEST}`
    await lookInto(store, (database) => addLaterMigration(database, NEWEST))
    await lookInto(store, ({ db }) => db.execute(remove))

    const { code, stderr } = await runCommand(['serve'], store)

    expect(code).toBe(1)
    expect(stderr).toMatch(/^chatelaine: .*newer version.*20991231000000_tomorrow.*\n$/)
  })
})

describe('servers that start at the same time on one empty database', () => {
  test('all serve, and make root and the queue of mails once', async () => {
    const mail = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'chatelaine@example.test' }
    const store = { ...(await createStore()), ROOT_API_KEY: FIRST, ...mail }

    const servers = await Promise.all([1, 2, 3, 4].map(() => startProgram(store)))

    for (const server of servers) expect(await usernameOf(server, FIRST)).toBe('root')
    await Promise.all(servers.map((server) => server.stop()))
    expect(await lookInto(store, readCounts)).toEqual(FIRST_COUNTS)
  })
})
