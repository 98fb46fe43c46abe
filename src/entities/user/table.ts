import { isNotNull, isNull, sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { history, historyIndexes, instant, instantNow, nameKey, textKey } from '../../db/columns.ts'
import { organizations } from '../organization/table.ts'

export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    organizationId: uuid('organization_id').notNull(),
    username: text('username').notNull(),
    usernameKey: nameKey('username_key', 'username'),
    displayName: text('display_name'),
    displayNameKey: textKey('display_name_key', 'display_name'),
    email: text('email'),
    emailKey: textKey('email_key', 'email'),
    kind: text('kind', { enum: ['HUMAN', 'SERVICE'] }).notNull(),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
    /** When the user sent a request, noted at most once a day. */
    lastSeenAt: instant('last_seen_at'),
  },
  (t) => [
    foreignKey({
      name: 'users_organization',
      columns: [t.organizationId],
      foreignColumns: [organizations.id],
    }).onDelete('restrict'),
    uniqueIndex('users_username_unique').on(t.usernameKey).where(isNull(t.deletedAt)),
    index('users_username_order').on(t.usernameKey, t.id),
    index('users_display_name_index').on(t.displayNameKey),
    index('users_email_index').on(t.emailKey),
    index('users_kind_username_order').on(t.kind, t.usernameKey, t.id),
    index('users_created_order').on(t.createdAt, t.id),
    index('users_deleted_index').on(t.deletedAt).where(isNotNull(t.deletedAt)),
    index('users_last_seen_index').on(t.lastSeenAt),
    index('users_organization_last_seen_index').on(t.organizationId, t.lastSeenAt),
    index('users_organization_username_order').on(t.organizationId, t.usernameKey, t.id),
    index('users_organization_created_order').on(t.organizationId, t.createdAt, t.id),
    check('users_kind', sql`${t.kind} in ('HUMAN', 'SERVICE')`),
  ],
)

/** The suspensions of users. While a suspension is in effect, the user can do nothing. */
export const userSuspensions = pgTable(
  'user_suspensions',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    reason: text('reason'),
    ...history(),
  },
  (t) => [
    foreignKey({ name: 'user_suspensions_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    foreignKey({
      name: 'user_suspensions_granted_by',
      columns: [t.grantedBy],
      foreignColumns: [users.id],
    }).onDelete('restrict'),
    foreignKey({ name: 'user_suspensions_ended_by', columns: [t.endedBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    uniqueIndex('user_suspensions_held_once').on(t.userId).where(isNull(t.endedAt)),
    index('user_suspensions_user_index').on(t.userId),
    ...historyIndexes('user_suspensions', t),
    check('user_suspensions_not_empty', sql`${t.endedAt} > ${t.since}`),
  ],
)
