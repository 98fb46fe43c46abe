/** What a database holds, kept aside and brought back: one statement each. */
import { sql } from 'drizzle-orm'
import type { Database } from '../../src/db/database.ts'

/** Keeps what every table holds as the copy of this number. */
export async function keepCopy({ db }: Database, copy: number) {
  const schema = `copy_${copy}`
  // What is kept is in order: its references need no look, in whatever order it comes back.
  await db.execute(
    sql.raw(`do $do$
      declare
        kept record;
        restore text := 'perform set_config(''session_replication_role'', ''replica'', true);';
      begin
        execute 'drop schema if exists ${schema} cascade';
        execute 'create schema ${schema}';
        for kept in
          select c.relname as name, string_agg(quote_ident(a.attname), ', ') as columns
          from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
          where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by c.relname
        loop
          execute format('create table ${schema}.%I as table public.%I', kept.name, kept.name);
          restore := restore || format('delete from public.%I; insert into public.%I (%s) select %s from ${schema}.%I;',
            kept.name, kept.name, kept.columns, kept.columns, kept.name);
        end loop;
        execute format('create function ${schema}.restore() returns void language plpgsql as %L', 'begin ' || restore || ' end');
      end $do$`),
  )
}

/** Brings back what the copy of this number holds, and nothing else. */
export async function restoreCopy({ db }: Database, copy: number) {
  await db.execute(sql.raw(`select copy_${copy}.restore()`))
}
