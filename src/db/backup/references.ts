/** What is done to tables before and after rows are loaded into them in any order. */

import { type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../database.ts'

/** Removes the foreign keys, as `pg_dump` does it: rows refer to rows that come later. `makeReferences` brings them back. */
export async function dropReferences(tx: Executor) {
  await tx.execute(sql`create temporary table backup_references on commit drop as
    select conrelid::regclass::text as owner, conname::text as name, pg_get_constraintdef(oid) as definition
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`)
  await tx.execute(sql`do $do$ declare reference record; begin
    for reference in select * from pg_temp.backup_references loop
      execute format('alter table %s drop constraint %I', reference.owner, reference.name);
    end loop; end $do$`)
}

/** Makes the foreign keys that were removed, which looks at all rows. */
export async function makeReferences(tx: Executor) {
  await tx.execute(sql`do $do$ declare reference record; begin
    for reference in select * from pg_temp.backup_references order by owner, name loop
      execute format('alter table %s add constraint %I %s', reference.owner, reference.name, reference.definition);
    end loop; end $do$`)
}

/** What the triggers of tables write is in a backup too: while rows are loaded, they must not write it. */
export async function setTriggers(tx: Executor, tables: SQL[], state: 'enable' | 'disable') {
  for (const table of tables) await tx.execute(sql`alter table ${table} ${sql.raw(state)} trigger user`)
}

/** Lets the numbers that the database gives continue after the greatest one that there is. */
export async function setSequences(tx: Executor) {
  await tx.execute(sql`do $do$ declare numbered record; begin
    for numbered in
      select c.oid::regclass as owner, a.attname as name, pg_get_serial_sequence(c.oid::regclass::text, a.attname) as sequence
      from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relkind = 'r' and c.relnamespace in ('public'::regnamespace, 'drizzle'::regnamespace)
    loop
      continue when numbered.sequence is null;
      execute format('select setval(%L, coalesce(max(%I), 1), max(%I) is not null) from %s',
        numbered.sequence, numbered.name, numbered.name, numbered.owner);
    end loop; end $do$`)
}
