import { index, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instantNow } from '../../db/columns.ts'
import { users } from '../user/table.ts'

/** What a caller made under an idempotency key of theirs, for a day. It holds no secret, and the input only as a digest. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    key: text('key').notNull(),
    mutation: text('mutation').notNull(),
    inputDigest: text('input_digest').notNull(),
    /** The values of the payload, without secrets. */
    values: jsonb('values').notNull(),
    createdAt: instantNow('created_at'),
  },
  (t) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [t.userId, t.key] }),
    index('idempotency_keys_created_at').on(t.createdAt),
  ],
)
