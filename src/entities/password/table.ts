import { foreignKey, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { instantNow } from '../../db/columns.ts'
import { users } from '../user/table.ts'

/** A user's password, as argon2id keeps it. A table of its own, so that no list of users can read it by mistake. */
export const passwords = pgTable(
  'passwords',
  {
    userId: uuid('user_id').primaryKey(),
    hash: text('hash').notNull(),
    setAt: instantNow('set_at'),
    setBy: uuid('set_by'),
  },
  (t) => [
    foreignKey({ name: 'passwords_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    foreignKey({ name: 'passwords_set_by', columns: [t.setBy], foreignColumns: [users.id] }).onDelete('restrict'),
  ],
)

/** How often was guessed, per digest of what is limited; kept by rate-limiter-flexible, which names the columns. */
export const passwordGuesses = pgTable('password_guesses', {
  key: text('key').primaryKey(),
  points: integer('points').notNull(),
  expire: timestamp('expire', { withTimezone: true, mode: 'date' }),
})
