import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator'
import type pg from 'pg'
import { ConfigError } from '../variables.ts'
import { type Connection, type Database, type Executor, readRows } from './database.ts'
import { readOldestProgram, writeOldestProgram } from './oldest-program.ts'
import { refuseMixingPooler } from './pooler.ts'

/** The path is relative to this file and not to the working directory, so that the command runs from any directory. */
export const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** No database answers at DATABASE_URL, or it refuses this server. */
export class DatabaseUnreachableError extends Error {
  override name = 'DatabaseUnreachableError'
}

/** The oldest supported version is PostgreSQL 15. */
const OLDEST_VERSION = 150_000

/** The database was migrated by a newer version of this server, beside which this version must not run. */
export class NewerDatabaseError extends Error {
  override name = 'NewerDatabaseError'
  constructor(migrations: string[]) {
    super(
      `The database belongs to a newer version of Chatelaine (it has ${migrations.join(', ')}). Start that version, or use another database.`,
    )
  }
}

/** The database lacks migrations of this version. */
export class PendingMigrationsError extends Error {
  override name = 'PendingMigrationsError'
  constructor() {
    super('The database is not up to date: run "chatelaine migrate" or start the server first.')
  }
}

/** The lock is any number, the same on all servers: of servers that start at the same time, one migrates and the others wait. */
export const MIGRATION_LOCK = 7_307_199_820

/**
 * Runs while no other server does this or migrates. The embedded database has no other server.
 * @throws DatabaseUnreachableError
 */
export async function runAlone<T>(database: Database, run: () => Promise<T>): Promise<T> {
  if (database.kind === 'EMBEDDED') return run()
  const client = await connect(database)
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    return await run()
  } finally {
    // The end of the connection is the end of its lock.
    await client.end()
  }
}

/**
 * Migrates the tables, on a separate connection that has no time limits. An interrupted migration is completed.
 * @throws NewerDatabaseError, DatabaseUnreachableError, ConfigError
 */
export async function migrate(database: Database) {
  const client = await connect(database)
  try {
    const db = drizzle({ client })
    await greet(db)
    await refuseMixingPooler(database, () => connect(database))
    await db.execute(sql`select pg_advisory_lock(${MIGRATION_LOCK})`)
    await refuseNewer(db)
    await writeOldestProgram(db)
    await runMigrations(db, { migrationsFolder })
    await db.execute(sql`select pg_advisory_unlock(${MIGRATION_LOCK})`)
  } finally {
    await client.end()
  }
}

function connect(database: Database): Promise<pg.Client> {
  return database.connectAlone().catch(refuseUnreachable)
}

/** Checks the version of the database with its first statement. @throws ConfigError, DatabaseUnreachableError */
export async function greet(db: Connection) {
  const version = await readRows<{ version: number }>(
    db,
    sql`select current_setting('server_version_num')::int as version`,
  ).catch(refuseUnreachable)
  if ((version[0]?.version ?? 0) < OLDEST_VERSION) {
    throw new ConfigError('DATABASE_URL: the database is older than PostgreSQL 15.')
  }
}

/** Says why the database can't be reached, without the address. @throws DatabaseUnreachableError */
export function refuseUnreachable(error: unknown): never {
  let cause = error as { code?: string; message: string; cause?: unknown }
  while (cause.cause instanceof Error) cause = cause.cause as typeof cause
  throw new DatabaseUnreachableError(`DATABASE_URL: the database can’t be reached (${cause.code ?? cause.message}).`)
}

/** @throws PendingMigrationsError, NewerDatabaseError, DatabaseUnreachableError, ConfigError */
export async function refusePending(database: Database) {
  // It comes first: the connections of the pool begin with settings, which such a pooler would keep for others.
  if (!database.isMixed) await refuseMixingPooler(database, () => connect(database))
  const { db } = database
  await greet(db)
  const applied = await refuseNewer(db)
  if (readdirSync(migrationsFolder).some((name) => !applied.includes(name))) throw new PendingMigrationsError()
}

/** Returns the migrations that the database has. @throws NewerDatabaseError where it has some that this program does not know and may not run beside */
export async function refuseNewer(db: Executor): Promise<string[]> {
  const [table] = await readRows<{ name: string | null }>(
    db,
    sql`select to_regclass('drizzle.__drizzle_migrations') as name`,
  )
  if (!table?.name) return []
  const rows = await readRows<{ name: string }>(db, sql`select name from drizzle.__drizzle_migrations`)
  const applied = rows.map(({ name }) => name)
  const known = readdirSync(migrationsFolder).sort()
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length > 0 && !(await mayRunBeside(db, applied, known))) throw new NewerDatabaseError(unknown)
  return applied
}

/** Whether a newer program allows this program to run on its tables. A program that would migrate them itself is not an older one. */
async function mayRunBeside(db: Executor, applied: string[], known: string[]): Promise<boolean> {
  const oldest = await readOldestProgram(db)
  const isOlder = known.every((name) => applied.includes(name))
  return isOlder && oldest !== null && (known.at(-1) ?? '') >= oldest
}
