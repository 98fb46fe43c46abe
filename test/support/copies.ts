/** What a database holds, kept aside and brought back: one statement, a few milliseconds. */
import { sql } from 'drizzle-orm'
import type { Database } from '../../src/db/database.ts'

/** Keeps what every table holds as the copy of this number. */
export async function keepCopy({ db }: Database, copy: number) {
  const tables = await readTables(db)
  const schema = `copy_${copy}`
  const restore = tables.flatMap(({ name, columns }) => [
    `delete from public.${name};`,
    `insert into public.${name} (${columns}) select ${columns} from ${schema}.${name};`,
  ])
  await db.execute(sql.raw(`drop schema if exists ${schema} cascade`))
  await db.execute(sql.raw(`create schema ${schema}`))
  for (const { name } of tables) await db.execute(sql.raw(`create table ${schema}.${name} as table public.${name}`))
  // What was kept was in order: its references need no look, in whatever order it comes back.
  await db.execute(
    sql.raw(`create function ${schema}.restore() returns void language plpgsql as $body$ begin
      perform set_config('session_replication_role', 'replica', true); ${restore.join(' ')} end $body$`),
  )
}

/** Brings back what the copy of this number holds, and nothing else. */
export async function restoreCopy({ db }: Database, copy: number) {
  await db.execute(sql.raw(`select copy_${copy}.restore()`))
}

/** The tables with their columns that are not computed. */
async function readTables(db: Database['db']) {
  const rows = await db.execute<{ name: string; columns: string }>(sql`
    select c.relname as name, string_agg(quote_ident(a.attname), ', ') as columns
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by c.relname`)
  return [...rows]
}
