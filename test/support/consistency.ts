/** What is wrong inside a database: PostgreSQL's own check of tables and indexes, and rows whose references lead nowhere. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { amcheck } from '@electric-sql/pglite/contrib/amcheck'
import pg from 'pg'
import { createFolder } from './program.ts'

type Run = (text: string) => Promise<{ rows: unknown[] }>

const OURS = `from pg_class as c join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('public', 'drizzle', 'pgboss')`
/** Each row of a table is in each of its indexes, in the right order. */
const INDEXES = `select c.relname, bt_index_check(c.oid, true) ${OURS} where c.relkind = 'i'`
/** Rows that are damaged. */
const HEAP = `select c.relname, damage.msg ${OURS} cross join lateral verify_heapam(c.oid) as damage where c.relkind = 'r'`
/** For each foreign key the statement that finds rows without the row that they name. */
const ORPHANS = `select format('select %L as name from %s as child where not exists (select from %s as parent where %s) and %s',
    f.conname, f.conrelid::regclass, f.confrelid::regclass,
    string_agg(format('parent.%I = child.%I', p.attname, c.attname), ' and '),
    string_agg(format('child.%I is not null', c.attname), ' and ')) as text
  from pg_constraint as f cross join lateral unnest(f.conkey, f.confkey) as k (child, parent)
    join pg_attribute as c on c.attrelid = f.conrelid and c.attnum = k.child
    join pg_attribute as p on p.attrelid = f.confrelid and p.attnum = k.parent
  where f.contype = 'f' group by f.oid`

/** The problems of the database that no server has at the moment; the files of an embedded one are copied and stay as they are. */
export async function findDamage({ DATABASE_URL, DATA_DIR = '' }: Record<string, string>): Promise<unknown[]> {
  if (DATABASE_URL !== undefined) {
    const client = new pg.Client({ connectionString: DATABASE_URL })
    await client.connect()
    return findWith((text) => client.query(text)).finally(() => client.end())
  }
  const dataDir = join(createFolder(), 'pglite')
  cpSync(join(DATA_DIR, 'pglite'), dataDir, { recursive: true })
  const database = await PGlite.create({ dataDir, extensions: { amcheck } })
  return findWith((text) => database.query(text)).finally(() => database.close())
}

async function findWith(run: Run): Promise<unknown[]> {
  await run('create extension if not exists amcheck')
  const { rows: indexes } = await run(INDEXES)
  const { rows: keys } = (await run(ORPHANS)) as { rows: { text: string }[] }
  if (indexes.length === 0 || keys.length === 0) return ['Nothing was checked.']
  const orphans = await run(keys.map(({ text }) => text).join(' union all '))
  return [...(await run(HEAP)).rows, ...orphans.rows]
}
