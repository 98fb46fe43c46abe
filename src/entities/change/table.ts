import { sql } from 'drizzle-orm'
import { bigint, boolean, check, foreignKey, index, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core'
import { instantNow } from '../../db/columns.ts'
import { auditEvents } from '../audit/table.ts'

/**
 * The changes that have no position yet. A trigger of the database writes the row with the audit row of the change, so that
 * no way of making changes can forget it. It has no foreign key: it stays for about a second.
 */
export const outbox = pgTable(
  'outbox',
  {
    auditEventId: uuid('audit_event_id').primaryKey(),
    writtenAt: instantNow('written_at'),
  },
  (t) => [index('outbox_order').on(t.writtenAt, t.auditEventId)],
)

/**
 * The committed changes in one order. A position is given once, under the lock of the row of `change_stream`: a program that has
 * read up to a position has read everything before it. `organizationId` is that of the audit row, for who may see it.
 */
export const changes = pgTable(
  'changes',
  {
    position: bigint('position', { mode: 'bigint' }).primaryKey(),
    auditEventId: uuid('audit_event_id').notNull(),
    type: text('type').notNull(),
    organizationId: uuid('organization_id'),
  },
  (t) => [
    unique('changes_audit_event_unique').on(t.auditEventId),
    foreignKey({
      name: 'changes_audit_event',
      columns: [t.auditEventId],
      foreignColumns: [auditEvents.id],
    }).onDelete('cascade'),
    index('changes_organization_order').on(t.organizationId, t.position),
    index('changes_type_order').on(t.type, t.position),
  ],
)

/** The last position that was given: one row. It stays where changes are removed, so that no position is given again. */
export const changeStream = pgTable(
  'change_stream',
  {
    id: boolean('id').primaryKey().default(true),
    position: bigint('position', { mode: 'bigint' }).notNull().default(sql`0`),
  },
  (t) => [check('change_stream_one_row', sql`${t.id}`)],
)
