import { and, isNull, sql } from 'drizzle-orm'
import { holdsEverywhere, holdsInOrganization } from '../../authority/visibility.ts'
import { builder, reads } from '../../graphql/builder.ts'
import { fitsArgument } from '../../graphql/references.ts'
import { AuditEvent } from '../audit/type.ts'
import { Organization } from '../organization/type.ts'
import { User } from '../user/type.ts'

const WebhookState = builder.enumType('WebhookState', {
  description: 'Whether a webhook sends.',
  values: {
    ACTIVE: { description: 'It sends each change, and tries again where that fails.' },
    PAUSED: { description: 'A user paused it. What happens meanwhile is sent once it is resumed.' },
    DISABLED: { description: 'The server ended it, for its `disabledReason`. It can be resumed by `updateWebhook`.' },
  },
})

const DisabledReason = builder.enumType('WebhookDisabledReason', {
  description: 'Why the server disabled a webhook.',
  values: {
    FAILED: { description: 'One change could not be sent for a day.' },
    GONE: { description: 'The receiver answered 410: it wants nothing more.' },
    OWNER_INACTIVE: { description: 'The user who made it was disabled or deleted.' },
    OWNER_MAY_NOT_READ: { description: 'The user who made it no longer holds `audit.read` there.' },
  },
})

const DeliveryState = builder.enumType('WebhookDeliveryState', {
  description: 'What became of a delivery.',
  values: {
    QUEUED: { description: 'It is to be sent, or to be sent again after an error.' },
    DELIVERED: { description: 'The receiver answered with a status from 200 to 299.' },
    FAILED: { description: 'It was not accepted, and is not tried again.' },
  },
})

export const Webhook = reads.type('Webhook', {
  table: 'webhooks',
  id: 'webhook',
  description:
    'An address to which changes are sent as they happen: those of an organization, or of the whole server, that its owner may see at that moment. Holders of `webhooks.manage` there can see it. Its secret is shown only when it is made or rotated.',
  authScopes: { signedIn: true },
  visible: (webhook, caller) =>
    and(
      isNull(webhook.deletedAt),
      holdsEverywhere(caller, 'webhooks.manage')
        ? undefined
        : holdsInOrganization(caller, 'webhooks.manage', webhook.organizationId),
    ),
  fields: (f) => ({
    url: f.column('url', { type: 'String', description: 'The address that changes are sent to by POST.' }),
    types: f.expression({
      type: ['String'],
      nullable: true,
      description: 'The types of the changes that are sent, like `user.created`; null where all types are.',
      sql: (webhook) => sql`${webhook.types}`,
    }),
    description: f.column('description', { type: 'String', description: 'A text that says what it is for.' }),
    isEverywhere: f.expression({
      type: 'Boolean',
      description: 'True where it gets the changes of the whole server; it then has no organization.',
      sql: (webhook) => sql`${webhook.organizationId} is null`,
    }),
    organization: f.one('organization', Organization, {
      description: 'The organization whose changes it gets; null where it gets those of the whole server.',
    }),
    owner: f.one('owner', User, {
      nullable: true,
      description: 'The user who made it, and whose permissions decide what is sent; null where they were deleted.',
    }),
    state: f.expression({
      type: WebhookState,
      description: 'Whether it sends now.',
      sql: ({ disabledAt, pausedAt }) =>
        sql`case when ${disabledAt} is not null then 'DISABLED' when ${pausedAt} is not null then 'PAUSED' else 'ACTIVE' end`,
    }),
    disabledReason: f.column('disabledReason', {
      type: DisabledReason,
      description: 'Why the server disabled it; null where it did not.',
    }),
    failingSince: f.column('failingSince', {
      type: 'DateTime',
      description: 'Since when the change that comes next could not be sent; null where nothing fails.',
    }),
    nextAttemptAt: f.column('nextAttemptAt', {
      type: 'DateTime',
      description: 'When that change is sent again; null where nothing fails.',
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when it was made.' }),
  }),
})

export const WebhookDelivery = reads.type('WebhookDelivery', {
  table: 'webhookDeliveries',
  id: 'delivery',
  description:
    'What was sent to a webhook, with the last answer. A delivery that is tried again stays one delivery. It is kept for 30 days, and seen by those who see the webhook.',
  authScopes: { signedIn: true },
  visible: (delivery, caller) => {
    if (holdsEverywhere(caller, 'webhooks.manage')) return undefined
    const isHeld = holdsInOrganization(caller, 'webhooks.manage', sql`w.organization_id`)
    return sql`exists (select from webhooks as w where w.id = ${delivery.webhookId} and w.deleted_at is null and ${isHeld})`
  },
  fields: (f) => ({
    event: f.one('event', AuditEvent, {
      nullable: true,
      description:
        'The change that was sent; null for a test, where the audit no longer keeps it, and where the caller may not read it.',
    }),
    type: f.column('type', { type: 'String', description: 'The type of the change; `webhook.test` for a test.' }),
    state: f.column('state', { type: DeliveryState, description: 'What became of it.' }),
    attempts: f.column('attempts', { type: 'Int', description: 'How many times it was sent.' }),
    createdAt: f.column('createdAt', {
      type: 'DateTime',
      description: 'When it was first sent; of a test, asked for.',
    }),
    attemptedAt: f.column('attemptedAt', { type: 'DateTime', description: 'When it was last sent.' }),
    nextAttemptAt: f.column('nextAttemptAt', {
      type: 'DateTime',
      description: 'When it is sent again; null where it is not.',
    }),
    responseStatus: f.column('responseStatus', {
      type: 'Int',
      description: 'The HTTP status of the last answer; null where there was none.',
    }),
    responseExcerpt: f.column('responseExcerpt', {
      type: 'String',
      description: 'The beginning of the last answer, at most 200 characters; null where there was none.',
    }),
    error: f.column('error', {
      type: 'String',
      description: 'Why there was no answer, or why it was not accepted; null where it was.',
    }),
  }),
})

const WebhookDeliveryConnection = reads.connection('WebhookDelivery', {
  table: 'webhookDeliveries',
  node: WebhookDelivery,
  orders: { CREATED_AT: ['createdAt'] },
  defaultOrder: 'CREATED_AT',
  defaultDirection: 'desc',
  filters: {
    state: {
      type: DeliveryState,
      description: 'Only deliveries of which this became.',
      where: (row, args, path) => sql`${row.state} = ${args.param(path, 'text')}`,
    },
  },
})

reads.extend(Webhook, (f) => ({
  deliveries: f.connection('deliveries', WebhookDeliveryConnection, {
    description: 'What was sent to it in the last 30 days, newest first.',
  }),
}))

const WebhookConnection = reads.connection('Webhook', {
  table: 'webhooks',
  node: Webhook,
  orders: { CREATED_AT: ['createdAt'] },
  defaultOrder: 'CREATED_AT',
  filters: {
    organization: {
      type: 'String',
      description: 'Only webhooks of the organization with this name or id.',
      column: 'organizationId',
      where: (webhook, args, path) =>
        sql`${webhook.organizationId} in (select o.id from organizations as o where ${fitsArgument('organization', { id: sql`o.id`, key: sql`o.name_key` }, args, path)})`,
    },
  },
})

reads.queryConnection('webhooks', WebhookConnection, {
  description:
    'The webhooks that the caller may manage, oldest first: those of organizations over which they hold `webhooks.manage`.',
  authScopes: { permission: ['webhooks.manage'] },
})
