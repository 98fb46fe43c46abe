import { isNull } from 'drizzle-orm'
import { foreignKey, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, instantNow } from '../../db/columns.ts'
import { users } from '../user/table.ts'

/** A public key with which a user logs in to machines. */
export const sshKeys = pgTable(
  'ssh_keys',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    type: text('type').notNull(),
    blob: text('blob').notNull(),
    comment: text('comment'),
    fingerprint: text('fingerprint').notNull(),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    foreignKey({ name: 'ssh_keys_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    uniqueIndex('ssh_keys_fingerprint_unique').on(t.userId, t.fingerprint).where(isNull(t.deletedAt)),
    index('ssh_keys_user_order').on(t.userId, t.createdAt, t.id),
  ],
)
