import { and, eq, isNull, ne } from 'drizzle-orm'
import { boolean, bytea, foreignKey, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, instantNow } from '../../db/columns.ts'
import { organizations } from '../organization/table.ts'
import { projects } from '../project/table.ts'
import { roles } from '../role/table.ts'
import { users } from '../user/table.ts'

/**
 * The secret of a key is never stored: `hash` is its SHA-256, and `hint` is its last four characters. `limited` stays
 * true when the last limit of the key no longer has an effect, so that deleting a role or a project never extends what
 * a key may do.
 */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id').notNull(),
    label: text('label').notNull(),
    hint: text('hint').notNull(),
    hash: bytea('hash').notNull(),
    source: text('source', { enum: ['CREATED', 'ENVIRONMENT', 'IMPORTED'] })
      .notNull()
      .default('CREATED'),
    limited: boolean('limited').notNull().default(false),
    readOnly: boolean('read_only').notNull().default(false),
    createdAt: instantNow('created_at'),
    createdBy: uuid('created_by'),
    expiresAt: instant('expires_at'),
    /** When the planned end was changed: a successor lives as long as was left then. Null where it is the first one. */
    endSetAt: instant('end_set_at'),
    revokedAt: instant('revoked_at'),
    revokedBy: uuid('revoked_by'),
    lastUsedAt: instant('last_used_at'),
    /** The key that replaced this key when it was rotated. */
    replacedBy: uuid('replaced_by'),
  },
  (t) => [
    foreignKey({ name: 'api_keys_user', columns: [t.userId], foreignColumns: [users.id] }).onDelete('restrict'),
    foreignKey({ name: 'api_keys_created_by', columns: [t.createdBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    foreignKey({ name: 'api_keys_revoked_by', columns: [t.revokedBy], foreignColumns: [users.id] }).onDelete(
      'restrict',
    ),
    foreignKey({ name: 'api_keys_replaced_by', columns: [t.replacedBy], foreignColumns: [t.id] }).onDelete('restrict'),
    uniqueIndex('api_keys_hash_unique').on(t.hash).where(isNull(t.revokedAt)),
    uniqueIndex('api_keys_environment_once')
      .on(t.source)
      .where(and(eq(t.source, 'ENVIRONMENT'), isNull(t.revokedAt)) ?? isNull(t.revokedAt)),
    // Keys of another form than ours are found by their hash; one that was imported and ended is never imported again.
    uniqueIndex('api_keys_imported_hash_unique').on(t.hash).where(eq(t.source, 'IMPORTED')),
    index('api_keys_foreign_hash_index').on(t.hash).where(ne(t.source, 'CREATED')),
    index('api_keys_user_order').on(t.userId, t.createdAt, t.id),
    index('api_keys_created_order').on(t.createdAt, t.id),
  ],
)

/**
 * One row per limit of a key, with the same columns as a role grant: the key can do at most what this role allows on
 * this scope.
 */
export const apiKeyLimits = pgTable(
  'api_key_limits',
  {
    id: uuid('id').primaryKey(),
    apiKeyId: uuid('api_key_id').notNull(),
    roleId: uuid('role_id').notNull(),
    organizationId: uuid('organization_id'),
    projectId: uuid('project_id'),
  },
  (t) => [
    foreignKey({ name: 'api_key_limits_api_key', columns: [t.apiKeyId], foreignColumns: [apiKeys.id] }).onDelete(
      'cascade',
    ),
    foreignKey({ name: 'api_key_limits_role', columns: [t.roleId], foreignColumns: [roles.id] }).onDelete('restrict'),
    foreignKey({
      name: 'api_key_limits_organization',
      columns: [t.organizationId],
      foreignColumns: [organizations.id],
    }).onDelete('restrict'),
    foreignKey({
      name: 'api_key_limits_project',
      columns: [t.projectId, t.organizationId],
      foreignColumns: [projects.id, projects.organizationId],
    }).onDelete('restrict'),
    index('api_key_limits_api_key_index').on(t.apiKeyId, t.id),
  ],
)
