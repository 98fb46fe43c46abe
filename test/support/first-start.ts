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

/** The last migration that this program knows. */
export const NEWEST = readdirSync(MIGRATIONS).sort().at(-1) ?? ''

export const FIRST_COUNTS = [{ users: 1, keys: 1, organizations: 1, migrations: readdirSync(MIGRATIONS).length }]

export async function readMigrations({ db }: Database) {
  return [...(await readRows(db, sql`select name from drizzle.__drizzle_migrations order by name`))]
}

export const TOMORROW = '20991231000000_tomorrow'

/** Leaves what a newer version would, beside which programs that know the migration `oldest` may run; gives all migrations. */
export async function addLaterMigration(database: Database, oldest = TOMORROW) {
  await database.db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at, name, applied_at)
    values ('0', 4102444800000, ${TOMORROW}, now())`)
  await database.db.execute(sql`update drizzle.oldest_program set migration = ${oldest}`)
  return readMigrations(database)
}

export async function readOldest({ db }: Database) {
  return [...(await readRows(db, sql`select migration from drizzle.oldest_program`))]
}
