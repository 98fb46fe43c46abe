import { isNull } from 'drizzle-orm'
import { foreignKey, index, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, instantNow, nameKey } from '../../db/columns.ts'
import { users } from '../user/table.ts'

/** What a user reaches a cloud with. It is added and removed, never changed. */
export const credentials = pgTable(
  'credentials',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    name: text('name').notNull(),
    nameKey: nameKey('name_key', 'name'),
    type: text('type').notNull(),
    /** The attributes that are no secret, by name. */
    attributes: jsonb('attributes').$type<Record<string, string>>().notNull(),
    /** The names of those that are secret. */
    secretNames: jsonb('secret_names').$type<string[]>().notNull(),
    /** JWE of the secret ones, bound to the row and its owner; it goes when the credential is removed. */
    secrets: text('secrets'),
    /** The encryption key that `secrets` is sealed with. */
    keyId: text('key_id'),
    /** Since when somebody else may have had access to the account: its secrets are shown to nobody any more. */
    lockedAt: instant('locked_at'),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    foreignKey({ name: 'credentials_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    uniqueIndex('credentials_name_unique').on(t.userId, t.nameKey).where(isNull(t.deletedAt)),
    index('credentials_user_name_order').on(t.userId, t.nameKey, t.id),
    index('credentials_user_created_order').on(t.userId, t.createdAt, t.id),
    index('credentials_key').on(t.keyId, t.id),
  ],
)
