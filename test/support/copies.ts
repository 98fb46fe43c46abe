/** What a database holds, kept aside and brought back: one statement each. */
import { sql } from 'drizzle-orm'
import type pg from 'pg'
import type { Database } from '../../src/db/database.ts'

/** Keeps what every table holds as the copy of this number. */
export function keepCopy(database: Database, copy: number) {
  const schema = `copy_${copy}`
  // Its tables are made once: what is made and dropped again makes the catalogs of the database long.
  return run(
    database,
    `do $do$
      declare
        kept record;
        keep text := '';
        restore text := '';
      begin
        if to_regprocedure('${schema}.keep()') is null then
          execute 'create schema ${schema}';
          for kept in
            select c.relname as name, string_agg(quote_ident(a.attname), ', ') as columns
            from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by c.relname
          loop
            execute format('create table ${schema}.%I as select %s from public.%I with no data', kept.name, kept.columns, kept.name);
            keep := keep || format('delete from ${schema}.%I; insert into ${schema}.%I select %s from public.%I;',
              kept.name, kept.name, kept.columns, kept.name);
            restore := restore || format('delete from public.%I; insert into public.%I (%s) select * from ${schema}.%I;',
              kept.name, kept.name, kept.columns, kept.name);
          end loop;
          execute format('create function ${schema}.keep() returns void language plpgsql as %L', 'begin ' || keep || ' end');
          execute format('create function ${schema}.restore() returns void language plpgsql as %L', 'begin ' || restore || ' end');
        end if;
        perform ${schema}.keep();
      end $do$`,
  )
}

/** Brings back what the copy of this number holds, and nothing else. */
export function restoreCopy(database: Database, copy: number) {
  return run(database, `select copy_${copy}.restore()`)
}

/** What is kept is in order: its references need no look, in whatever order it comes back. */
const WITHOUT_TRIGGERS = `set_config('session_replication_role', 'replica', `

/**
 * A session that changes this setting forgets its plans, so PostgreSQL has a connection for it: on one of the pool, each test
 * would plan all its statements again.
 */
const connections = new WeakMap<Database, Promise<pg.Client>>()

async function run(database: Database, statement: string) {
  if (database.kind === 'POSTGRESQL') {
    const client = await (connections.get(database) ?? connect(database))
    await client.query(statement)
  } else {
    await database.db.execute(sql.raw(`select ${WITHOUT_TRIGGERS}false)`))
    await database.db.execute(sql.raw(statement))
    await database.db.execute(sql.raw(`reset session_replication_role`))
  }
}

function connect(database: Database): Promise<pg.Client> {
  const connecting = database.connectAlone().then(async (client) => {
    // Tests end connections, and the database ends this one when it is dropped.
    client.once('end', () => connections.delete(database))
    await client.query(`select ${WITHOUT_TRIGGERS}false)`)
    return client
  })
  connections.set(database, connecting)
  return connecting
}
