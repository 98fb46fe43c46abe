import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { inject } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase, openMemoryDatabase } from '../../src/db/database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL server to make databases on; null where this run is on PGlite. */
    serverUrl: string | null
    /** A database (PGlite: a file with its image; PostgreSQL: its name) as it is after the first start. */
    template: string
  }
}

/** An empty database of this run's kind: no tables. */
export function openTestDatabase(): Promise<Database> {
  const serverUrl = inject('serverUrl')
  return serverUrl ? openCopy(serverUrl, 'template0') : openMemoryDatabase(null)
}

/** A database of this run's kind as it is after the first start. */
export function openStartedDatabase(): Promise<Database> {
  const serverUrl = inject('serverUrl')
  const template = inject('template')
  return serverUrl ? openCopy(serverUrl, template) : openMemoryDatabase(readFileSync(template))
}

/** Is this run on a real PostgreSQL? */
export function isPostgres(): boolean {
  return inject('serverUrl') !== null
}

async function openCopy(serverUrl: string, template: string): Promise<Database> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(serverUrl, `create database ${name} template ${template}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const database = await openDatabase(readConfig({ DATABASE_URL: url.href }))
  return {
    ...database,
    async close() {
      await database.close()
      await onServer(serverUrl, `drop database ${name} with (force)`)
    },
  }
}

/** Runs one statement on the server's own database; names are the program's. */
export async function onServer(serverUrl: string, statement: string) {
  const client = postgres(serverUrl, { max: 1, onnotice: () => {} })
  try {
    await client.unsafe(statement)
  } finally {
    await client.end({ timeout: 2 })
  }
}

/** Empties every table. */
export async function truncateAll(database: Database) {
  const rows = await database.db.execute<{ tablename: string }>(
    sql`select tablename from pg_tables where schemaname = 'public'`,
  )
  const names = rows.map(({ tablename }) => sql.identifier(tablename))
  await database.db.execute(sql`truncate ${sql.join(names, sql`, `)} cascade`)
}
