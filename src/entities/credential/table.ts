import { isNull } from 'drizzle-orm'
import { foreignKey, index, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, instantNow, nameKey } from '../../db/columns.ts'
import { users } from '../user/table.ts'

/** A user accesses a cloud with a credential. A credential can be added and removed, but never changed. */
export const credentials = pgTable(
  'credentials',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    name: text('name').notNull(),
    nameKey: nameKey('name_key', 'name'),
    type: text('type').notNull(),
    /** The attributes that are not secret, by name. */
    attributes: jsonb('attributes').$type<Record<string, string>>().notNull(),
    /** The names of the secret attributes. */
    secretNames: jsonb('secret_names').$type<string[]>().notNull(),
    /** A JWE of the secret attributes, bound to the row and its owner. It is deleted when the credential is removed. */
    secrets: text('secrets'),
    /** The id of the encryption key that `secrets` is encrypted with. */
    keyId: text('key_id'),
    /**
     * The time since which another user may have had access to the account. The secrets are no longer shown to anyone.
     */
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
