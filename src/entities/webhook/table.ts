import { sql } from 'drizzle-orm'
import { bigint, check, foreignKey, index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant, instantNow } from '../../db/columns.ts'
import { organizations } from '../organization/table.ts'
import { users } from '../user/table.ts'

/** An address to which the changes of an organization, or of the whole server, are sent: those that its owner may see. */
export const webhooks = pgTable(
  'webhooks',
  {
    id: uuid('id').primaryKey(),
    /** Null is the whole server. */
    organizationId: uuid('organization_id'),
    ownerId: uuid('owner_id').notNull(),
    url: text('url').notNull(),
    /** The types of changes that are sent; null is all types. */
    types: jsonb('types').$type<string[]>(),
    description: text('description'),
    /** A JWE of the secrets that sign, bound to the row. They are deleted with the webhook. */
    secrets: text('secrets'),
    /** The id of the encryption key that `secrets` is encrypted with. */
    keyId: text('key_id'),
    /** Every change up to this position was sent, or is not for this webhook. */
    position: bigint('position', { mode: 'bigint' }).notNull(),
    pausedAt: instant('paused_at'),
    disabledAt: instant('disabled_at'),
    disabledReason: text('disabled_reason', { enum: ['FAILED', 'GONE', 'OWNER_INACTIVE', 'OWNER_MAY_NOT_READ'] }),
    /** The delivery that fails now, since when, how often, and when it is tried again. */
    deliveryId: uuid('delivery_id'),
    failingSince: instant('failing_since'),
    attempts: integer('attempts').notNull().default(0),
    nextAttemptAt: instant('next_attempt_at'),
    /** Which server sends now, and until when no other may. A change of the webhook takes the claim away. */
    claim: uuid('claim'),
    claimedUntil: instant('claimed_until'),
    createdAt: instantNow('created_at'),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    foreignKey({
      name: 'webhooks_organization',
      columns: [t.organizationId],
      foreignColumns: [organizations.id],
    }).onDelete('restrict'),
    foreignKey({ name: 'webhooks_owner', columns: [t.ownerId], foreignColumns: [users.id] }).onDelete('restrict'),
    index('webhooks_organization_index').on(t.organizationId),
    index('webhooks_owner_index').on(t.ownerId),
    index('webhooks_created_order').on(t.createdAt, t.id),
    check(
      'webhooks_disabled_reason',
      sql`${t.disabledReason} in ('FAILED', 'GONE', 'OWNER_INACTIVE', 'OWNER_MAY_NOT_READ')`,
    ),
  ],
)

/** What was sent to a webhook, and what it answered last. A delivery that is tried again stays one row. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    id: uuid('id').primaryKey(),
    webhookId: uuid('webhook_id').notNull(),
    /** Null for a test. */
    auditEventId: uuid('audit_event_id'),
    type: text('type').notNull(),
    state: text('state', { enum: ['QUEUED', 'DELIVERED', 'FAILED'] }).notNull(),
    attempts: integer('attempts').notNull(),
    createdAt: instantNow('created_at'),
    attemptedAt: instant('attempted_at'),
    nextAttemptAt: instant('next_attempt_at'),
    responseStatus: integer('response_status'),
    responseExcerpt: text('response_excerpt'),
    error: text('error'),
  },
  (t) => [
    foreignKey({
      name: 'webhook_deliveries_webhook',
      columns: [t.webhookId],
      foreignColumns: [webhooks.id],
    }).onDelete('restrict'),
    index('webhook_deliveries_order').on(t.webhookId, t.createdAt, t.id),
    index('webhook_deliveries_created_order').on(t.createdAt, t.id),
    index('webhook_deliveries_tests').on(t.createdAt).where(sql`state = 'QUEUED' and audit_event_id is null`),
    check('webhook_deliveries_state', sql`${t.state} in ('QUEUED', 'DELIVERED', 'FAILED')`),
  ],
)
