import { isDeepStrictEqual } from 'node:util'
import { DrizzleQueryError, type SQL, sql } from 'drizzle-orm'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/pg-core/async/session'
import { type Database, type Executor, readRows } from '../database.ts'
import { databaseError, endsConnection } from '../errors.ts'
import { DatabaseUnreachableError, greet, MIGRATION_LOCK, migrationsFolder, refuseUnreachable } from '../migrate.ts'
import { writeOldestProgram } from '../oldest-program.ts'
import {
  BackupError,
  type Batch,
  type Contents,
  createCounter,
  type Header,
  type Progress,
  refuseNewerBackup,
  type TableSummary,
} from './contents.ts'
import { dropReferences, makeReferences, setSequences, setTriggers } from './references.ts'
import { identifierOf, knownMigrations, setForBackup, summarize, tablesAfter } from './tables.ts'

/** Drizzle's migrator takes any connection of Drizzle's; in a transaction it makes a savepoint. */
type MigratorConnection = Parameters<typeof migrate>[1]

/**
 * Loads a backup into an empty database: all of it in one transaction, or nothing. The tables are made as they were in the
 * backup, filled and compared with it, and then migrated to this version.
 * @throws BackupError, DatabaseUnreachableError, ConfigError
 */
export async function loadContents(database: Database, { header, batches }: Contents, report: Progress) {
  const migrations = readMigrationFiles({ migrationsFolder })
  refuseNewerBackup(header, knownMigrations())
  const client = await database.connectAlone().catch(refuseUnreachable)
  let isSaving = false
  try {
    const db = drizzle({ client })
    await greet(db)
    await db.transaction(async (tx) => {
      await setForBackup(tx)
      // A server that starts meanwhile waits, and then finds the tables.
      await tx.execute(sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`)
      await refuseFilled(tx)
      const on = tx as unknown as MigratorConnection
      const ofBackup = migrations.filter(({ name }) => header.migrations.includes(name))
      await migrate(ofBackup, on, { migrationsFolder })
      await fill(tx, { header, batches }, report)
      await writeOldestProgram(tx)
      await migrate(migrations, on, { migrationsFolder })
      isSaving = true
    })
    // Without statistics the planner takes every table for empty.
    await db.execute(sql`analyze`).catch(() => {})
  } catch (error) {
    throw explainLoad(error, isSaving)
  } finally {
    await client.end().catch(() => {})
  }
}

/** @throws BackupError where a table of this program is in the database already */
async function refuseFilled(tx: Executor) {
  const [table] = await readRows<{ name: string }>(
    tx,
    sql`select n.nspname || '.' || c.relname as name from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where n.nspname in ('public', 'drizzle', 'pgboss') and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
      order by name limit 1`,
  )
  if (!table) return
  throw new BackupError(`The database is not empty (it has ${table.name}): a backup is restored into an empty one.`)
}

/** Fills the tables, which have the rows of their migrations, with those of the backup. @throws BackupError where they differ then */
async function fill(tx: Executor, { header, batches }: Contents, report: Progress) {
  refuseForeign(header)
  const tables = header.tables.map(identifierOf)
  await setTriggers(tx, tables, 'disable')
  await tx.execute(sql`truncate ${sql.join(tables, sql`, `)}`)
  await dropReferences(tx)
  const counter = createCounter(report)
  const columns = new Map<TableSummary, SQL>()
  for await (const batch of batches()) {
    const known = columns.get(batch.table) ?? (await columnsOf(tx, batch.table))
    columns.set(batch.table, known)
    await insert(tx, batch, known)
    counter.add(batch)
  }
  await makeReferences(tx)
  await setTriggers(tx, tables, 'enable')
  await setSequences(tx)
  for (const table of header.tables) {
    const { rows, fingerprint } = await summarize(tx, table)
    if (rows === table.rows && fingerprint === table.fingerprint) continue
    throw new BackupError(
      `The ${rows} rows of ${table.name} are not the ${table.rows} of the backup: nothing was restored.`,
    )
  }
}

/** The names of tables become part of statements: only those that the migrations make may be there. @throws BackupError */
function refuseForeign({ tables, migrations }: Header) {
  const namesOf = (list: { schema: string; name: string }[]) =>
    list.map(({ schema, name }) => `${schema}.${name}`).sort()
  if (isDeepStrictEqual(namesOf(tables), namesOf(tablesAfter(migrations)))) return
  throw new BackupError('The backup is damaged: its tables are not those of its migrations.')
}

/** The columns whose values are not generated. */
async function columnsOf(tx: Executor, table: TableSummary): Promise<SQL> {
  const columns = await readRows<{ name: string }>(
    tx,
    sql`select attname as name from pg_attribute where attrelid = ${`${table.schema}.${table.name}`}::regclass
      and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
  )
  return sql.join(
    columns.map(({ name }) => sql.identifier(name)),
    sql`, `,
  )
}

async function insert(tx: Executor, { table, rows }: Batch, columns: SQL) {
  const target = identifierOf(table)
  await tx.execute(sql`insert into ${target} (${columns}) overriding system value
    select ${columns} from jsonb_populate_recordset(null::${target}, ${`[${rows.join(',')}]`}::jsonb)`)
}

/** Says why the backup was not loaded, without values. */
function explainLoad(error: unknown, isSaving: boolean): unknown {
  if (!(error instanceof DrizzleQueryError)) return error
  const known = databaseError(error)
  if (known && !endsConnection(known.code)) {
    if (known.code === DISK_FULL) return new BackupError('The disk of the database is full: nothing was restored.')
    const where = known.table ? `${known.code}, ${known.table}` : known.code
    return new BackupError(`The database refused the backup (${where}): nothing was restored.`)
  }
  return new DatabaseUnreachableError(
    isSaving
      ? 'The connection to the database was lost while the backup was being saved: see whether its users are there before you repeat it.'
      : 'The connection to the database was lost: nothing was restored.',
  )
}

const DISK_FULL = '53100'
