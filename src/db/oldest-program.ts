/** Which programs may run on the tables: during an upgrade, servers of the version before restart beside those of the next one. */

import { sql } from 'drizzle-orm'
import { type Executor, readRows } from './database.ts'

/**
 * The migration that a program must know to run on the tables as this program leaves them. A migration that only adds
 * leaves it as it is. One that an older program cannot work with, or whose rule an older program would not keep, is named here.
 */
export const OLDEST_PROGRAM = '20261128055630_must_change_password'

/** Returns what the newest program that migrated this database wrote; null where none did. */
export async function readOldestProgram(db: Executor): Promise<string | null> {
  const [table] = await readRows<{ name: string | null }>(db, sql`select to_regclass('drizzle.oldest_program') as name`)
  if (!table?.name) return null
  const [row] = await readRows<{ migration: string }>(db, sql`select migration from drizzle.oldest_program`)
  return row?.migration ?? null
}

/**
 * Writes which programs may run on the tables of this one. It is written before the tables are migrated: where the
 * migration is interrupted after that, no program is let in that may not be.
 */
export async function writeOldestProgram(db: Executor) {
  const present = await readOldestProgram(db)
  if (present !== null && present >= OLDEST_PROGRAM) return
  await db.execute(sql`create schema if not exists drizzle`)
  await db.execute(sql`create table if not exists drizzle.oldest_program (migration text not null)`)
  // It is one statement, so that there is never none and never two.
  await db.execute(sql`with old as (delete from drizzle.oldest_program)
    insert into drizzle.oldest_program values (${OLDEST_PROGRAM})`)
}
