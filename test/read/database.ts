/** The test's tables in a database, and their rows. */
import { is, SQL, sql } from 'drizzle-orm'
import { getTableConfig, type PgColumn, PgDialect, type PgTable } from 'drizzle-orm/pg-core'
import { type Database, runStatement } from '../../src/db/database.ts'
import type { Reading } from '../../src/read/run.ts'
import type { Context } from './builder.ts'
import type { Caller } from './callers.ts'
import { data } from './data.ts'
import { tables } from './tables.ts'

/** An empty database, filled with the tables of tables.ts and the rows of data.ts. */
export async function openFilledDatabase(open: () => Promise<Database>): Promise<Database> {
  const database = await open()
  for (const table of Object.values(tables)) {
    await database.db.execute(sql.raw(createTable(table)))
    for (const statement of createIndexes(table)) await database.db.execute(sql.raw(statement))
  }
  await database.db.insert(tables.people).values(data.people)
  await database.db.insert(tables.teams).values(data.teams)
  await database.db.insert(tables.members).values(data.members)
  await database.db.insert(tables.tasks).values(data.tasks)
  return database
}

function createTable(table: PgTable): string {
  const { name, columns } = getTableConfig(table)
  return `create table "${name}" (${columns.map(columnText).join(', ')})`
}

function columnText(column: PgColumn): string {
  const generated = column.generated?.as
  return [
    `"${column.name}" ${column.getSQLType()}`,
    column.notNull ? 'not null' : '',
    column.primary ? 'primary key' : '',
    is(generated, SQL) ? `generated always as (${new PgDialect().sqlToQuery(generated).sql}) stored` : '',
  ].join(' ')
}

function createIndexes(table: PgTable): string[] {
  const { name, indexes } = getTableConfig(table)
  return indexes.map(({ config }) => {
    const columns = config.columns.map((column) => `"${(column as { name: string }).name}"`)
    return `create index "${config.name}" on "${name}" (${columns.join(', ')})`
  })
}

type Rows = Record<string, unknown>[]

/** A request's context; `onStatement` sees what is run and what comes. */
export function contextOf(
  database: Database,
  caller: Caller,
  onStatement?: (text: string, rows: Rows) => void,
): Context {
  const reading: Reading = {
    caller,
    async run(text, values, prepare) {
      const rows = (await runStatement(database.db, text, values, prepare)) as Rows
      onStatement?.(text, rows)
      return rows
    },
  }
  return { reading }
}
