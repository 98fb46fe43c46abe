import { sql } from 'drizzle-orm'
import { boolean, check, pgTable } from 'drizzle-orm/pg-core'

/** The settings that administrators change while the server runs: one row, or no row before the first setting. */
export const settings = pgTable(
  'settings',
  {
    id: boolean('id').primaryKey().default(true),
    readOnly: boolean('read_only').notNull().default(false),
  },
  (t) => [check('settings_one_row', sql`${t.id}`)],
)
