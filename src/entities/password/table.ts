import { sql } from 'drizzle-orm'
import { boolean, foreignKey, index, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { instantNow } from '../../db/columns.ts'
import { users } from '../user/table.ts'

/** The hash of a user's password: argon2id, or that of another system until it is used first. It has its own table, so that no list of users can read it by mistake. */
export const passwords = pgTable(
  'passwords',
  {
    userId: uuid('user_id').primaryKey(),
    hash: text('hash').notNull(),
    setAt: instantNow('set_at'),
    setBy: uuid('set_by'),
    /** True where another caller set it and its user must change it first. */
    mustChange: boolean('must_change').notNull().default(false),
  },
  (t) => [
    foreignKey({ name: 'passwords_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    foreignKey({ name: 'passwords_set_by', columns: [t.setBy], foreignColumns: [users.id] }).onDelete('restrict'),
  ],
)

/**
 * The number of guesses per digest of what is limited. rate-limiter-flexible writes it and determines the column names.
 * The second part of a key is the digest of the username, where guesses at a user are counted.
 */
export const passwordGuesses = pgTable(
  'password_guesses',
  {
    key: text('key').primaryKey(),
    points: integer('points').notNull(),
    expire: timestamp('expire', { withTimezone: true, mode: 'date' }),
  },
  (t) => [index('password_guesses_of_user').on(sql`split_part(${t.key}, ':', 2)`)],
)
