/** The tables of a backup, and what their rows come to. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SQL, sql } from 'drizzle-orm'
import { type Executor, readRows } from '../database.ts'
import { migrationsFolder } from '../migrate.ts'
import type { TableSummary } from './contents.ts'

type TableName = Pick<TableSummary, 'schema' | 'name'>

/** The table in which Drizzle keeps the migrations that a database has. */
const MIGRATIONS: TableName = { schema: 'drizzle', name: '__drizzle_migrations' }

/** The migrations that this program knows, oldest first. */
export function knownMigrations(): string[] {
  return readdirSync(migrationsFolder).sort()
}

/**
 * Returns the tables that a database with these migrations has. They come from the snapshot of the last migration and not
 * from the database, which can hold tables of others. The queue of mails is not among them: it is filled again at a start.
 */
export function tablesAfter(migrations: readonly string[]): TableName[] {
  const last = [...migrations].sort().at(-1) ?? ''
  const text = readFileSync(join(migrationsFolder, last, 'snapshot.json'), 'utf8')
  const { ddl } = JSON.parse(text) as { ddl: { entityType: string; schema: string; name: string }[] }
  const tables = ddl.filter(({ entityType }) => entityType === 'tables').map(({ schema, name }) => ({ schema, name }))
  return [...tables.sort((one, other) => one.name.localeCompare(other.name)), MIGRATIONS]
}

export function identifierOf({ schema, name }: TableName): SQL {
  return sql`${sql.identifier(schema)}.${sql.identifier(name)}`
}

/** Makes the texts of rows the same on every database, and lifts the time limits of the transaction. */
export async function setForBackup(tx: Executor) {
  await tx.execute(sql`select set_config(name, value, true) from (values ('TimeZone', 'UTC'), ('bytea_output', 'hex'),
    ('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_in_transaction_session_timeout', '0')) as s (name, value)`)
}

/** Counts the rows of a table, and adds up their hashes. */
export async function summarize(tx: Executor, table: TableName): Promise<TableSummary> {
  const hash = sql`left(encode(sha256(convert_to(to_jsonb(t)::text, 'UTF8')), 'hex'), 15)`
  const [row] = await readRows<{ rows: string; fingerprint: string }>(
    tx,
    sql`select count(*)::text as rows, coalesce(sum(('x' || ${hash})::bit(60)::bigint), 0)::text as fingerprint
      from ${identifierOf(table)} as t`,
  )
  return { ...table, rows: Number(row?.rows), fingerprint: row?.fingerprint ?? '' }
}
