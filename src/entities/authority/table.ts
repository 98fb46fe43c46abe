import { bigint, pgTable, uuid } from 'drizzle-orm/pg-core'
import { instantNow } from '../../db/columns.ts'

/**
 * A number for each thing on which authority rests: a user, an organization, a role, a key, a session. Triggers in the
 * database change it with every fact that is written of that thing, by whatever statement. The numbers are random, so that
 * none comes back after changes were lost in a failover. Where there is no row, nothing was written lately.
 */
export const authorityVersions = pgTable('authority_versions', {
  ownerId: uuid('owner_id').primaryKey(),
  version: bigint('version', { mode: 'bigint' }).notNull(),
  movedAt: instantNow('moved_at'),
})
