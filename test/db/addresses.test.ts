/** DATABASE_URL takes what other programs of PostgreSQL take, and DATABASE_POOLER says what a pooler in between does. */
import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { readAddresses } from '../../src/db/addresses.ts'
import { type Database, openDatabase, readRows, runStatement } from '../../src/db/database.ts'
import { ConnectionLostError } from '../../src/db/errors.ts'
import { ConfigError } from '../../src/variables.ts'
import { onServer } from '../support/database.ts'
import { freePort } from '../support/postgres-server.ts'

const server = new URL(inject('serverUrl') ?? '')

/** The address of an empty database. */
async function createDatabase(): Promise<URL> {
  const name = `addresses_${randomBytes(6).toString('hex')}`
  await onServer(server.href, `create database ${name}`)
  onTestFinished(() => onServer(server.href, `drop database ${name} with (force)`))
  return Object.assign(new URL(server), { pathname: `/${name}` })
}

async function open(databaseUrl: string, settings: Record<string, string> = {}): Promise<Database> {
  const database = await openDatabase(readConfig({ DATABASE_URL: databaseUrl, DATABASE_POOL_SIZE: '2', ...settings }))
  onTestFinished(() => database.close())
  return database
}

async function nameAt(databaseUrl: string): Promise<string> {
  const { db } = await open(databaseUrl)
  const [row] = await readRows<{ name: string }>(db, sql`select current_database() as name`)
  return row?.name ?? ''
}

describe('DATABASE_URL', () => {
  test.each([
    ['postgres://u:p%40ss@db:5433/app', { host: 'db', port: 5433, user: 'u', password: 'p@ss', database: 'app' }],
    ['postgres://u@%2Frun%2Fpostgresql/app', { host: '/run/postgresql', user: 'u', database: 'app' }],
    ['postgres:///app?host=/run/postgresql&user=u', { host: '/run/postgresql', user: 'u', database: 'app' }],
    ['postgres://', { host: '' }],
    ['postgres://db/app?sslmode=require', { host: 'db', ssl: { rejectUnauthorized: false } }],
    ['postgres://db/app?sslmode=verify-full', { host: 'db', ssl: {} }],
    ['postgres://db/app?sslmode=disable', { host: 'db', ssl: false }],
  ])('%s is read as other programs read it', (url, expected) => {
    const { connections, needsWrites } = readAddresses(url)

    expect(connections).toEqual([expect.objectContaining(expected)])
    expect(needsWrites).toBe(false)
  })

  test('with several hosts is one address for each, in their order', () => {
    const { connections, needsWrites } = readAddresses(
      'postgres://u:p@a:5432,b:5433,[::1]/app?target_session_attrs=primary',
    )

    expect(connections.map(({ host, port }) => `${host} ${port}`)).toEqual(['a 5432', 'b 5433', '::1 undefined'])
    expect(
      connections.every(({ user, password, database }) => user === 'u' && password === 'p' && database === 'app'),
    ).toBe(true)
    expect(needsWrites).toBe(true)
  })

  test.each([
    ['postgres://u:secret-word@db/app?target_session_attrs=standby', 'target_session_attrs must be'],
    ['postgres://u:secret-word@db:port/app', 'malformed'],
    [
      'postgres://u:secret-word@db/app?sslmode=verify-full&sslrootcert=/nowhere/ca.pem',
      '/nowhere/ca.pem can’t be read (ENOENT)',
    ],
  ])('%s is refused with its reason, and without the password', async (url, reason) => {
    const error = await openDatabase(readConfig({ DATABASE_URL: url })).catch((thrown: Error) => thrown)

    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain(reason)
    expect(String(error)).not.toContain('secret-word')
  })

  test('of a host that refuses leads on to the next one', async () => {
    const url = await createDatabase()
    const several = url.href.replace(url.host, `127.0.0.1:${await freePort()},${url.host}`)

    expect(await nameAt(several)).toBe(url.pathname.slice(1))
  })

  test('with target_session_attrs=read-write passes over a database that accepts no changes', async () => {
    const url = await createDatabase()
    await onServer(server.href, `alter database ${url.pathname.slice(1)} set default_transaction_read_only = on`)

    await expect(nameAt(`${url.href}?target_session_attrs=read-write`)).rejects.toMatchObject({
      cause: expect.any(ConnectionLostError),
    })
    expect(await nameAt(url.href)).toBe(url.pathname.slice(1))
  })
})

describe('behind a pooler that gives each transaction another session', () => {
  test('nothing is prepared, and each transaction and each statement has its own settings', async () => {
    const { db, transaction } = await open((await createDatabase()).href, { DATABASE_POOLER: 'transaction' })
    const settings = `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
      current_setting('jit') as jit, current_setting('TimeZone') as zone`

    const alone = await runStatement(db, settings, [], true)
    const within = await transaction((tx) => runStatement(tx, settings, [], true))
    for (let use = 0; use < 3; use++) await runStatement(db, 'select 1', [], true)

    const expected = { statement: '3s', lock: '2s', jit: 'off', zone: 'UTC' }
    expect([...alone, ...within]).toEqual([expected, expected])
    expect(await runStatement(db, 'select name from pg_prepared_statements', [], true)).toEqual([])
  })
})
