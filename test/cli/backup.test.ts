// Runs on the embedded database.
// Runs with whole servers.
/** Backups of the embedded database: what is restored from them, or moved, is what was there. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { sql } from 'drizzle-orm'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/pg-core/async/session'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { migrationsFolder } from '../../src/db/migrate.ts'
import { OLDEST_PROGRAM, readOldestProgram } from '../../src/db/oldest-program.ts'
import { openProxy } from '../outage/proxy.ts'
import { changeDocument } from '../support/change.ts'
import { createStartedStore, type Store } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { addLaterMigration, readMigrations } from '../support/first-start.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { ask, createFolder, lookInto, runCommand, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query } from '../support/rows.ts'
import { type Callers, countTables, createEmpty, type Environment, fillStore, tell } from './backups.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let postgres: PostgresServer
let store: Store
let callers: Callers
let file: string
/** A database into which nothing may get. */
let empty: Environment
/** The data folder as it was before anybody was told anything. */
let unchanged: string
/** What the command of the backup said. */
let said: string
/** What every caller is told by the database that the backup is of. */
let told: Awaited<ReturnType<typeof tell>>

beforeAll(async () => {
  ;[postgres, store] = await Promise.all([startPostgres(['fsync=off']), createStartedStore()])
  empty = await createEmpty(postgres.url)
  callers = await fillStore(store.environment)
  unchanged = `${store.environment.DATA_DIR}-unchanged`
  cpSync(store.environment.DATA_DIR ?? '', unchanged, { recursive: true })
  file = join(store.environment.DATA_DIR ?? '', 'all.backup')
  said = await run(['backup', file], store.environment)
  told = await tell(store.environment, callers)
})

afterAll(async () => {
  await store.remove()
  rmSync(unchanged, { recursive: true })
  await postgres.stop()
})

/** Runs a command that must succeed; gives what it said. */
async function run(args: string[], environment: Environment): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, environment)
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** Runs a command that must be refused with one sentence; gives that. */
async function refuse(code: number, args: string[], environment: Environment): Promise<string> {
  const ended = await runCommand(args, environment)
  expect(ended.stderr).toMatch(/^chatelaine: [^\n]+\n$/)
  expect(ended.code, ended.stderr).toBe(code)
  return ended.stderr
}

describe('a backup', () => {
  test('restored into PostgreSQL and into an embedded database tells every caller the same as before', async () => {
    const onPostgres = await createEmpty(postgres.url)
    await run(['restore', file], onPostgres)
    const embedded = { DATA_DIR: join(createFolder(), 'data'), ENCRYPTION_KEY }
    await run(['restore', file], embedded)

    expect(said).toMatch(/^users: 7 rows$/m)
    expect(said).toMatch(/\nIt does not hold the encryption key[^\n]*ENCRYPTION_KEY at another place\.\n$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const ofRoot = told.told['the key of root'] ?? []
    expect(ofRoot).toEqual(ofRoot.map(({ data }) => ({ status: 200, data, codes: [] })))
    const statuses = Object.values(told.told).map(([viewer]) => viewer?.status)
    expect(statuses).toEqual([...Array(7).fill(200), ...Array(4).fill(401)])
    expect(await tell(onPostgres, callers)).toEqual(told)
    expect(await tell(embedded, callers)).toEqual(told)
  })

  test('while a server changes the database holds whole changes alone, no request fails, and no copy is left', async () => {
    const { environment, remove } = await createStartedStore()
    const program = await startProgram({ ...environment, ROOT_API_KEY: ROOT_KEY })
    const copies = join(environment.DATA_DIR ?? '', 'copies')
    let isOver = false
    let made = 0
    let madeSinceCopied = 0
    const load = Array.from({ length: 3 }, async (_none, index) => {
      for (let n = 0; !isOver; n++) {
        const input = { username: `u${index}x${n}`, roles: [{ role: 'AUDITOR', everywhere: true }] }
        const { data } = await ask(program, ROOT_KEY, changeDocument('createUser'), { input })
        expect(data.createUser.__typename).toBe('CreateUserPayload')
        made += 1
        // The server waits while it is copied; what is changed much later cannot get into the copy.
        if (existsSync(copies)) madeSinceCopied += 1
        if (madeSinceCopied > 30) isOver = true
      }
    })
    await vi.waitFor(() => expect(made).toBeGreaterThan(5), 20_000)
    const before = made
    const target = await createEmpty(postgres.url)

    await run(['backup', join(environment.DATA_DIR ?? '', 'b')], environment)
    const after = made
    isOver = true
    await Promise.all(load)
    await run(['restore', join(environment.DATA_DIR ?? '', 'b')], target)

    const [counts] = await lookInto(target, (database) =>
      query<{ users: number; grants: number; events: number }>(
        { database },
        sql`select (select count(*)::int from users where username <> 'root') as users,
          (select count(*)::int from role_grants) - 1 as grants,
          (select count(*)::int from audit_events where action = 'createUser') as events`,
      ),
    )
    expect(counts?.users).toBeGreaterThanOrEqual(before)
    expect(counts?.users).toBeLessThanOrEqual(made)
    expect(counts).toEqual({ users: counts?.users, grants: counts?.users, events: counts?.users })
    expect(after).toBeGreaterThan(before)
    expect(readdirSync(copies)).toEqual([])
    expect((await program.stop()).code).toBe(0)
    await remove()
  })

  test('of an older version is migrated to this one', async () => {
    const [old, target] = [await createEmpty(postgres.url), await createEmpty(postgres.url)]
    await lookInto(old, migrateHalf)

    await run(['backup', `${file}.old`], old)
    await run(['restore', `${file}.old`], target)

    const rows = await lookInto(target, (database) =>
      query(
        { database },
        sql`select u.username, o.name, u.created_at::text from users u join organizations o on o.id = u.organization_id`,
      ),
    )
    expect(rows).toEqual([{ username: 'ann', name: 'acme', created_at: '2026-01-02 03:04:05.678901+00' }])
    expect(await lookInto(target, readMigrations)).toEqual(await lookInto(store.environment, readMigrations))
    expect(await lookInto(target, ({ db }) => readOldestProgram(db))).toBe(OLDEST_PROGRAM)
    expect(await run(['migrate'], target)).toContain('The key of root, shown this once')
  })
})

/** Migrates an empty database as an older version did, and adds a user. */
async function migrateHalf(database: Database) {
  const client = await database.connectAlone()
  const db = drizzle({ client })
  await migrate(readMigrationFiles({ migrationsFolder }).slice(0, 3), db, { migrationsFolder })
  const id = '01a22114-7dd6-76bd-9000-632acad6ca05'
  await db.execute(sql`insert into organizations (id, name) values (${id}, 'acme')`)
  await db.execute(sql`insert into users (id, organization_id, username, kind, created_at)
    values (${id}, ${id}, 'ann', 'HUMAN', '2026-01-02 03:04:05.678901+00')`)
  await client.end()
}

/** Adds what a newer version leaves that lets this one run beside it. */
async function addNewer(database: Database) {
  await addLaterMigration(database)
  const row = sql`update drizzle.oldest_program set migration = '20261122033535_heart'`
  await database.db.execute(row)
}

describe('a move to PostgreSQL', () => {
  test('tells every caller the same as before, and says what to set', async () => {
    const { DATABASE_URL } = await createEmpty(postgres.url)
    writeFileSync(join(unchanged, 'encryption.key'), `${ENCRYPTION_KEY}\n`)

    const said = await run(['move', '--to', DATABASE_URL], { DATA_DIR: unchanged })

    expect(said).toMatch(/^users: 7 rows$/m)
    expect(said).toContain(
      `Now set DATABASE_URL to the address that you gave, and ENCRYPTION_KEY to what is in ${unchanged}/encryption.key.`,
    )
    expect(said).not.toContain(DATABASE_URL)
    expect(await tell({ DATABASE_URL, ENCRYPTION_KEY }, callers)).toEqual(told)
  })
})

describe('nothing is restored', () => {
  test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['an empty file', () => Buffer.alloc(0), /The backup is damaged: unexpected end of file/],
    ['another file', () => Buffer.from('hello'), /The file is not a backup/],
    ['another file that is compressed', () => gzipSync('{"format":"other"}\n'), /The file is not a backup/],
    ['a file without its last byte', (bytes) => bytes.subarray(0, -1), /The backup is damaged/],
    ['the first half of a file', (bytes) => bytes.subarray(0, bytes.length / 2), /The backup is damaged/],
    [
      'a file whose last line is missing',
      (bytes) => rewrite(bytes, (text) => text.replace(/\n[^\n]+\n$/, '\n')),
      /The backup is damaged: its end is missing/,
    ],
    [
      'a file in which a row was changed',
      (bytes) => rewrite(bytes, (text) => text.replace('"username": "bob"', '"username": "eve"')),
      /The backup is damaged: its checksum/,
    ],
    [
      'a file in which a row is missing',
      (bytes) => rewrite(bytes, (text) => text.replace(/\n\{[^\n]+\n/, '\n'), true),
      /The backup is damaged: it has \d+ rows/,
    ],
    [
      'a file of a newer version',
      (bytes) =>
        rewrite(bytes, (text) => text.replace('"migrations":[', '"migrations":["20991231000000_tomorrow",'), true),
      /newer version of Chatelaine \(it has 20991231000000_tomorrow\)/,
    ],
    [
      'a file of a newer format',
      (bytes) => rewrite(bytes, (text) => text.replace('"version":1', '"version":2'), true),
      /newer version of Chatelaine \(its format has version 2\)/,
    ],
    [
      'a file that names a table of others',
      (bytes) => rewrite(bytes, (text) => text.replace('"schema":"public"', '"schema":"pg_catalog"'), true),
      /The backup is damaged: its tables/,
    ],
  ])('of %s', async (_name, damage, sentence) => {
    const damaged = join(createFolder(), 'b')
    writeFileSync(damaged, damage(readFileSync(file)))

    expect(await refuse(1, ['restore', damaged], empty)).toMatch(sentence)

    expect(await countTables(empty)).toBe(0)
  })

  test('of a file in which any byte is another', async () => {
    const bytes = readFileSync(file)
    const damaged = join(createFolder(), 'b')

    for (let round = 0; round < 25; round++) {
      const at = Math.floor((bytes.length * (round + 0.5)) / 25)
      writeFileSync(
        damaged,
        bytes.map((byte, index) => (index === at ? byte ^ (1 << (round % 8)) : byte)),
      )
      expect(await refuse(1, ['restore', damaged], empty)).toMatch(/The backup is damaged|not a backup/)
    }

    expect(await countTables(empty)).toBe(0)
  })

  test('without the key that opens its secrets, and the folder is not made', async () => {
    const DATA_DIR = join(createFolder(), 'data')
    const other = createHash('sha256').update('another').digest('base64')

    expect(await refuse(1, ['restore', file], { DATA_DIR, ENCRYPTION_KEY: other })).toMatch(
      /ENCRYPTION_KEY does not open what the backup holds: There is no key "\w{16}"/,
    )
    expect(await refuse(1, ['restore', file], { DATA_DIR })).toMatch(
      /ENCRYPTION_KEY is not set, and there is no .*encryption\.key/,
    )

    expect(existsSync(DATA_DIR)).toBe(false)
  })

  test('into a database that is not empty, which stays as it is', async () => {
    const target = await createEmpty(postgres.url)
    await lookInto(target, ({ db }) => db.execute(sql`create table users (name text)`))

    expect(await refuse(1, ['restore', file], target)).toContain('The database is not empty (it has public.users)')
    expect(await refuse(1, ['move', '--to', target.DATABASE_URL], { DATA_DIR: unchanged, ENCRYPTION_KEY })).toContain(
      'not empty',
    )

    expect(await countTables(target)).toBe(1)
  })

  test('into a database that is lost in the middle, and it can be repeated', async () => {
    const target = await createEmpty(postgres.url)
    const proxy = await openProxy(postgres.port)
    const throughProxy = { ...target, DATABASE_URL: target.DATABASE_URL.replace(/:\d+\//, `:${proxy.port}/`) }

    for (const arrives of [true, false]) {
      proxy.endAt('jsonb_populate_recordset(null::"public"."role_grants"', arrives)
      expect(await refuse(3, ['restore', file], throughProxy)).toBe(
        'chatelaine: The connection to the database was lost: nothing was restored.\n',
      )
      expect(await countTables(target)).toBe(0)
    }
    await run(['restore', file], throughProxy)
    await proxy.close()
  })

  test('by a move to an address where no database answers, and the address is not repeated', async () => {
    const args = ['move', '--to', 'postgres://nobody:secret-password@127.0.0.1:1/none']
    const source = { DATA_DIR: unchanged, ENCRYPTION_KEY }

    expect(await refuse(3, args, source)).toMatch(
      /^chatelaine: --to: the database can’t be reached \(ECONNREFUSED\)\.\n$/,
    )
    expect(await refuse(2, ['move', '--to', 'mysql://nobody:secret-password@127.0.0.1/none'], source)).not.toContain(
      'secret',
    )
    expect(await refuse(2, args, { DATABASE_URL: postgres.url, ENCRYPTION_KEY })).toContain('DATABASE_URL is set')
  })
})

/** Changes the text of a backup; with a checksum that fits, it is what another program wrote. */
function rewrite(bytes: Buffer, change: (text: string) => string, isSigned = false): Buffer {
  const text = change(gunzipSync(bytes).toString())
  if (!isSigned) return gzipSync(text)
  const body = text.replace(/[^\n]+\n$/, '')
  return gzipSync(`${body}["sha256","${createHash('sha256').update(body).digest('hex')}"]\n`)
}

describe('no backup is made', () => {
  test('where there is no database or a newer one, no folder for the file, or a folder in its place', async () => {
    const folder = createFolder()
    const DATA_DIR = join(folder, 'none')

    expect(await refuse(1, ['backup', join(folder, 'b')], { DATA_DIR })).toContain('there is no database in it')
    expect(await refuse(1, ['backup', join(folder, 'no/b')], store.environment)).toContain('can’t be opened (ENOENT)')
    expect(await refuse(1, ['backup', folder], store.environment)).toContain('can’t be written (EISDIR)')
    expect(await refuse(1, ['backup', join(folder, 'b')], empty)).toContain('The database is empty')
    const newer = await createEmpty(postgres.url)
    await run(['migrate'], newer)
    await lookInto(newer, addNewer)
    expect(await refuse(1, ['backup', join(folder, 'b')], newer)).toMatch(/newer version.*20991231000000_tomorrow/)
    expect(await refuse(1, ['restore', join(folder, 'b')], empty)).toContain('can’t be opened (ENOENT)')

    expect(readdirSync(folder)).toEqual([])
  })
})
