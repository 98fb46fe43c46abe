import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instantNow } from '../../db/columns.ts'

/**
 * One row per change, written in the transaction of the change; and one row with a count per caller, action, target and
 * minute of refused requests. `before` and `after` contain the changed fields by name and never a secret. The table has
 * no foreign keys, because an audit row remains after the rows that it names are deleted.
 */
export const auditEvents = pgTable(
  'audit_events',
  {
    id: uuid('id').primaryKey(),
    at: instantNow('at'),
    action: text('action').notNull(),
    outcome: text('outcome', { enum: ['DONE', 'REFUSED', 'REFUSED_DRY_RUN'] })
      .notNull()
      .default('DONE'),
    /** How often the request was refused within that minute; `at` is the first time. 1 for a change. */
    count: integer('count').notNull().default(1),
    /** The code of a refusal, and the key that its row is counted by. Both are null for a change. */
    code: text('code'),
    refusalKey: text('refusal_key'),
    actorKind: text('actor_kind', { enum: ['USER', 'OPERATOR', 'SYSTEM', 'NOBODY'] }).notNull(),
    actorId: uuid('actor_id'),
    /** The names that the actor and the target had at that time. */
    actorName: text('actor_name'),
    apiKeyId: uuid('api_key_id'),
    sessionId: uuid('session_id'),
    address: text('address'),
    requestId: uuid('request_id'),
    /** The id that a trusted proxy gave to the request, where it does not fit the column above. */
    givenRequestId: text('given_request_id'),
    targetType: text('target_type'),
    targetId: uuid('target_id'),
    targetName: text('target_name'),
    organizationId: uuid('organization_id'),
    before: jsonb('before'),
    after: jsonb('after'),
  },
  (t) => [
    index('audit_events_at_order').on(t.at, t.id),
    index('audit_events_target_order').on(t.targetId, t.at, t.id),
    index('audit_events_actor_order').on(t.actorId, t.at, t.id),
    index('audit_events_action_order').on(t.action, t.at, t.id),
    index('audit_events_organization_order').on(t.organizationId, t.at, t.id),
    index('audit_events_refused_order').on(t.at, t.id).where(sql`outcome <> 'DONE'`),
    uniqueIndex('audit_events_refusal_unique').on(t.refusalKey),
    check('audit_events_actor_kind', sql`${t.actorKind} in ('USER', 'OPERATOR', 'SYSTEM', 'NOBODY')`),
    check('audit_events_outcome', sql`${t.outcome} in ('DONE', 'REFUSED', 'REFUSED_DRY_RUN')`),
  ],
)
