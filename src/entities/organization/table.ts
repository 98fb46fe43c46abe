import { isNull, sql } from 'drizzle-orm'
import { check, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, instantNow, nameKey } from '../../db/columns.ts'

export const organizations = pgTable(
  'organizations',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    nameKey: nameKey('name_key', 'name'),
    title: text('title'),
    tokenTtlSeconds: integer('token_ttl_seconds').notNull().default(3600),
    /** The longest life of a new API key of a member; null where there is none. */
    maxKeyTtlSeconds: integer('max_key_ttl_seconds'),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    uniqueIndex('organizations_name_unique').on(t.nameKey).where(isNull(t.deletedAt)),
    index('organizations_name_order').on(t.nameKey, t.id),
    index('organizations_created_order').on(t.createdAt, t.id),
    check('organizations_token_ttl_range', sql`${t.tokenTtlSeconds} between 60 and 2592000`),
  ],
)
