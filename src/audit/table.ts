import { sql } from 'drizzle-orm'
import { check, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instantNow } from '../db/columns.ts'

/**
 * One row per change, written in the change's own transaction. `before` and `after` hold the changed fields by name,
 * never a secret. No foreign keys: an audit row outlives whatever it names.
 */
export const auditEvents = pgTable(
  'audit_events',
  {
    id: uuid('id').primaryKey(),
    at: instantNow('at'),
    action: text('action').notNull(),
    actorKind: text('actor_kind', { enum: ['USER', 'OPERATOR', 'SYSTEM'] }).notNull(),
    actorId: uuid('actor_id'),
    apiKeyId: uuid('api_key_id'),
    address: text('address'),
    requestId: uuid('request_id'),
    targetType: text('target_type').notNull(),
    targetId: uuid('target_id').notNull(),
    organizationId: uuid('organization_id'),
    before: jsonb('before'),
    after: jsonb('after'),
  },
  (t) => [
    index('audit_events_at_order').on(t.at, t.id),
    index('audit_events_target_order').on(t.targetId, t.at, t.id),
    check('audit_events_actor_kind', sql`${t.actorKind} in ('USER', 'OPERATOR', 'SYSTEM')`),
  ],
)
