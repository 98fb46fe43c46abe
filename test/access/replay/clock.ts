/** The database’s clock, and how time passes without anybody waiting for it. */
import { sql } from 'drizzle-orm'
import type { TestApp } from '../../support/app.ts'
import { query } from '../../support/rows.ts'

/** The time by the database’s clock, in whole milliseconds: as much as `at` can say, and after all that was written. */
export async function readClock(app: TestApp): Promise<number> {
  const [row] = await query<{ at: number }>(
    app,
    sql`select ceil(extract(epoch from clock_timestamp()) * 1000)::float8 as at`,
  )
  return row?.at ?? Number.NaN
}

/**
 * Lets everything that is written, planned ends too, have been written so many milliseconds earlier; `except` are tables
 * that stay as they are.
 */
export async function letPass(app: Pick<TestApp, 'database'>, ms: number, except: string[] = []) {
  const columns = await query<{ name: string; columns: string[] }>(
    app,
    sql`select c.table_name as name, array_agg(c.column_name::text) as columns from information_schema.columns as c
      join information_schema.tables as t using (table_schema, table_name)
      where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.data_type = 'timestamp with time zone'
      group by c.table_name`,
  )
  for (const { name, columns: times } of columns.filter((table) => !except.includes(table.name))) {
    const moved = times.map((time) => sql`${sql.identifier(time)} = ${sql.identifier(time)} - ${`${ms} ms`}::interval`)
    await query(app, sql`update ${sql.identifier(name)} set ${sql.join(moved, sql`, `)}`)
  }
}
