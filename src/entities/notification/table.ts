import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant, instantNow } from '../../db/columns.ts'
import { users } from '../user/table.ts'

/**
 * One row per mail about a user, written in the transaction of the change that the mail reports. The mail is sent from
 * the queue of pg-boss, which contains only the id of the row.
 */
export const notifications = pgTable(
  'notifications',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    kind: text('kind').notNull(),
    /**
     * A mail that is sent later goes to the person in charge at that time. Null while nobody is in charge of the user.
     */
    email: text('email'),
    /** The values that the text contains, which never include a secret. */
    details: jsonb('details').$type<Record<string, string>>().notNull(),
    state: text('state', { enum: ['QUEUED', 'SENT', 'FAILED', 'NOT_SENT', 'DROPPED'] }).notNull(),
    attempts: integer('attempts').notNull().default(0),
    lastError: text('last_error'),
    createdAt: instantNow('created_at'),
    sentAt: instant('sent_at'),
  },
  (t) => [
    foreignKey({ name: 'notifications_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    index('notifications_created_order').on(t.createdAt, t.id),
    index('notifications_user_index').on(t.userId),
    index('notifications_state_order').on(t.state, t.createdAt, t.id),
    check('notifications_state', sql`${t.state} in ('QUEUED', 'SENT', 'FAILED', 'NOT_SENT', 'DROPPED')`),
  ],
)
