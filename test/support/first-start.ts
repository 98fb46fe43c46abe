/** What a first start leaves in its database. */
import { readdirSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import { type Database, readRows } from '../../src/db/database.ts'

const MIGRATIONS = new URL('../../drizzle', import.meta.url)

/** How many there are of what is made once, however many servers start. */
export async function readCounts({ db }: Database) {
  return [
    ...(await readRows(
      db,
      sql`select (select count(*)::int from users) as users, (select count(*)::int from api_keys) as keys,
      (select count(*)::int from organizations) as organizations, (select count(*)::int from drizzle.__drizzle_migrations) as migrations`,
    )),
  ]
}

export const FIRST_COUNTS = [{ users: 1, keys: 1, organizations: 1, migrations: readdirSync(MIGRATIONS).length }]

export async function readMigrations({ db }: Database) {
  return [...(await readRows(db, sql`select name from drizzle.__drizzle_migrations order by name`))]
}

/** Leaves what a newer version would; gives all migrations. */
export async function addLaterMigration(database: Database) {
  await database.db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at, name, applied_at)
    values ('0', 4102444800000, '20991231000000_tomorrow', now())`)
  return readMigrations(database)
}
