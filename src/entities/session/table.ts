import { sql } from 'drizzle-orm'
import { foreignKey, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { JWK } from 'jose'
import { instant, instantNow } from '../../db/columns.ts'
import { users } from '../user/table.ts'

/** One sign-in. The token names its row and is valid only while the session is open: no token outlives its session. */
export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    address: text('address'),
    createdAt: instantNow('created_at'),
    expiresAt: instant('expires_at').notNull(),
    endedAt: instant('ended_at'),
    endedBy: uuid('ended_by'),
  },
  (t) => [
    foreignKey({ name: 'sessions_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    foreignKey({ name: 'sessions_ended_by', columns: [t.endedBy], foreignColumns: [users.id] }).onDelete('restrict'),
    index('sessions_user_order').on(t.userId, t.createdAt, t.id),
    index('sessions_end_order').on(sql`least(${t.expiresAt}, ${t.endedAt})`),
  ],
)

/**
 * The keys that sign tokens. The newest key that is not retired signs; a retired key verifies until its last token
 * expires. A key that was withdrawn, because it leaked, is retired and verifies nothing.
 */
export const signingKeys = pgTable('signing_keys', {
  id: uuid('id').primaryKey(),
  publicKey: jsonb('public_key').$type<JWK>().notNull(),
  /** The private JWK, encrypted as a JWE. */
  privateKey: text('private_key').notNull(),
  createdAt: instantNow('created_at'),
  retiredAt: instant('retired_at'),
  withdrawnAt: instant('withdrawn_at'),
})
