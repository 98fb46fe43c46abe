import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { type Database, type Executor, readRows } from '../database.ts'
import { greet, NewerDatabaseError, refuseNewer, refuseUnreachable } from '../migrate.ts'
import { BackupError, type Batch, type Contents, createHeader, type TableSummary } from './contents.ts'
import { identifierOf, knownMigrations, setForBackup, summarize, tablesAfter } from './tables.ts'

/**
 * Reads the database in one transaction that sees one state of it, while others write. The contents can be read until `use`
 * has ended. @throws BackupError where the database is empty, NewerDatabaseError, DatabaseUnreachableError
 */
export async function readContents<T>(database: Database, use: (contents: Contents) => Promise<T>): Promise<T> {
  const client = await database.connectAlone().catch(refuseUnreachable)
  try {
    const db = drizzle({ client })
    await greet(db)
    return await db.transaction(
      async (tx) => {
        await setForBackup(tx)
        const migrations = await appliedMigrations(tx)
        if (migrations.length === 0) throw new BackupError('The database is empty: there is nothing to back up.')
        const tables: TableSummary[] = []
        for (const table of tablesAfter(migrations)) tables.push(await summarize(tx, table))
        return use({ header: createHeader(migrations, tables), batches: () => readTables(tx, tables) })
      },
      { isolationLevel: 'repeatable read', accessMode: 'read only' },
    )
  } finally {
    await client.end()
  }
}

/** A newer database may let this program work on its tables; what else it holds, this program can't know. @throws NewerDatabaseError */
async function appliedMigrations(tx: Executor): Promise<string[]> {
  const applied = await refuseNewer(tx)
  const known = knownMigrations()
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new NewerDatabaseError(unknown)
  return applied
}

async function* readTables(tx: Executor, tables: TableSummary[]): AsyncGenerator<Batch> {
  for (const table of tables) yield* readTable(tx, table)
}

async function* readTable(tx: Executor, table: TableSummary): AsyncGenerator<Batch> {
  await tx.execute(
    sql`declare backup no scroll cursor for select to_jsonb(t)::text as row from ${identifierOf(table)} as t`,
  )
  for (;;) {
    const rows = await readRows<{ row: string }>(tx, sql`fetch 500 from backup`)
    if (rows.length === 0) break
    yield { table, rows: rows.map(({ row }) => row) }
  }
  await tx.execute(sql`close backup`)
}
