import { eq } from 'drizzle-orm'
import { inOrganization } from '../../authority/caller.ts'
import type { rulesFor } from '../../authority/rule.ts'
import { webhooks } from '../../db/tables.ts'
import { ConflictError, type Issue } from '../../errors.ts'
import { nullIssues } from '../../graphql/input-checks.ts'
import { readId } from '../../graphql/node-id.ts'
import { mutation } from '../../mutation/declare.ts'
import { type Finder, findRow, unchanging } from '../../mutation/lookup.ts'
import { urlProblem } from '../../webhook-address.ts'
import { SERVER, target } from '../audit/targets.ts'
import { unknownType } from '../change/types.ts'
import { findHomeOrganization } from '../organization/lookup.ts'
import { Organization } from '../organization/type.ts'
import { changeWebhook, insertWebhook, removeWebhook, type Webhook as WebhookRow } from './operations.ts'
import { createSecret } from './secrets.ts'
import { Webhook } from './type.ts'

export interface WebhookRefs {
  webhook: WebhookRow
}

export function findWebhook(finder: Finder, id: string) {
  const fits = eq(webhooks.id, readId('webhook', id, 'webhook'))
  return findRow(finder, webhooks, Webhook.visible, fits, { path: 'webhook', what: 'The webhook', lock: 'CHANGE' })
}

export const webhookTarget = ({ webhook }: WebhookRefs) => target('Webhook', webhook)

const ofWebhook = ({ webhook }: WebhookRefs) => inOrganization(webhook.organizationId)

/**
 * Where a webhook sends to is as much as to read what it sends: the caller must hold both. Its owner reads no more there than
 * holders of `audit.read`, so another manager gains nothing by changing it.
 */
export function mayDirect(by: ReturnType<typeof rulesFor<WebhookRefs>>) {
  const over = 'over what the webhook gets'
  return by.both(by.permission('webhooks.manage', over, ofWebhook), by.permission('audit.read', over, ofWebhook))
}

function urlIssues(url: string | null | undefined, allowed: readonly string[]): Issue[] {
  if (url === undefined || url === null) return []
  const message = urlProblem(url, allowed)
  return message ? [{ path: 'url', message }] : []
}

function typeIssues(types: readonly string[] | null | undefined): Issue[] {
  if (!types) return []
  if (types.length === 0) return [{ path: 'types', message: 'Give at least one type.' }]
  return types.flatMap((type, index) =>
    unknownType([type]) ? [{ path: `types.${index}`, message: 'There is no such type of a change.' }] : [],
  )
}

const TYPES = 'The types of the changes to send, like `user.created`: see `ChangeEdge.type`.'
const URL_TEXT =
  'The address, with `https://`. Addresses that are not public are refused, and so is `http://`, unless the operator allows them by WEBHOOK_ALLOWED_NETWORKS.'

mutation({
  name: 'createWebhook',
  makes: true,
  description:
    'Creates a webhook, which gets the changes from now on: of an organization, or of the whole server. What is sent is what the caller may see at the time when it is sent; it is signed as Standard Webhooks says.',
  input: (t) => ({
    url: t.string({ required: true, description: URL_TEXT }),
    types: t.stringList({ description: `${TYPES} All types where it is omitted.` }),
    description: t.string({ description: 'A text that says what it is for.' }),
    organization: t.string({
      description: 'The name or id of the organization; by default the caller’s home organization.',
    }),
    everywhere: t.boolean({
      required: true,
      defaultValue: false,
      description: 'True for the changes of the whole server, in place of one organization.',
    }),
  }),
  payload: (p) => ({
    webhook: p.loaded(Webhook, 'The webhook that was created.'),
    secret: p.secret(
      'The secret with which the receiver verifies what it gets. It is shown only now; null in a dry run.',
    ),
  }),
  check: ({ url, types, organization, everywhere }, { webhookAllowedNetworks }) => [
    ...urlIssues(url, webhookAllowedNetworks),
    ...typeIssues(types),
    ...nullIssues('', { types, organization }),
    ...(everywhere && organization ? [{ path: 'everywhere', message: 'Give either this or "organization".' }] : []),
  ],
  find: (finder, { organization, everywhere }) => ({
    organization: everywhere ? unchanging(null) : findHomeOrganization(finder, organization, 'organization'),
  }),
  target: ({ organization }) => (organization ? target('Organization', organization) : SERVER),
  may(by) {
    const over = 'in the organization, or everywhere for the whole server'
    const scope = (refs: { organization: { id: string } | null }) => inOrganization(refs.organization?.id ?? null)
    return by.both(by.permission('webhooks.manage', over, scope), by.permission('audit.read', over, scope))
  },
  shownOn: [{ on: Organization, as: 'CreateWebhook', refs: (organization) => ({ organization }) }],
  grants: 'nothing',
  // A webhook goes on reading for its owner after the key that made it has ended.
  makesWayIn: true,
  errors: ['CONFLICT'],
  async run({ ctx: { services }, tx, caller, input, refs: { organization }, dryRun }) {
    if (caller.userId === null) throw new ConflictError('A webhook belongs to a user: make it with a key of that user.')
    const { url, types = null, description = null } = input
    const secret = createSecret()
    const organizationId = organization?.id ?? null
    const fields = { organizationId, ownerId: caller.userId, url, types: types ?? null, description }
    const id = await insertWebhook(tx, services.keyring, fields, secret)
    const after = { url, types, description, organization: organization?.name ?? null }
    return {
      values: { webhook: id, secret: dryRun ? null : secret },
      change: { target: target('Webhook', { id, organizationId }), after },
    }
  },
})

mutation({
  name: 'updateWebhook',
  description:
    'Changes, pauses or resumes a webhook. Fields that are omitted stay as they are. A webhook that the server disabled is resumed by `isPaused: false`; what happened meanwhile is sent then.',
  input: (t) => ({
    webhook: t.id({ required: true, description: 'The id of the webhook.' }),
    url: t.string({ description: URL_TEXT }),
    types: t.stringList({ description: TYPES }),
    allTypes: t.boolean({
      required: true,
      defaultValue: false,
      description: 'True to send changes of all types from now on.',
    }),
    description: t.string({ description: 'A text that says what it is for; null removes it.' }),
    isPaused: t.boolean({ description: 'True pauses it, false resumes it.' }),
  }),
  payload: (p) => ({ webhook: p.loaded(Webhook, 'The webhook after the change.') }),
  check: ({ url, types, allTypes, isPaused }, { webhookAllowedNetworks }) => [
    ...urlIssues(url, webhookAllowedNetworks),
    ...typeIssues(types),
    ...nullIssues('', { url, types, isPaused }),
    ...(allTypes && types ? [{ path: 'allTypes', message: 'Give either this or "types".' }] : []),
  ],
  find: (finder, { webhook }) => ({ webhook: findWebhook(finder, webhook) }),
  target: webhookTarget,
  may: (by) => mayDirect(by),
  shownOn: [{ on: Webhook, as: 'Update', refs: (webhook) => ({ webhook }) }],
  grants: 'nothing',
  makesWayIn: ({ url, types, allTypes, isPaused }) => Boolean(url || types || allTypes || isPaused === false),
  async run({ tx, input, refs: { webhook } }) {
    const former = {
      url: webhook.url,
      types: webhook.types,
      description: webhook.description,
      isPaused: webhook.pausedAt !== null || webhook.disabledAt !== null,
    }
    const after = {
      url: input.url ?? former.url,
      types: input.allTypes ? null : (input.types ?? former.types),
      description: input.description === undefined ? former.description : input.description,
      isPaused: input.isPaused ?? former.isPaused,
    }
    const { url, types, description } = after
    await changeWebhook(tx, webhook.id, { url, types, description, isPaused: input.isPaused ?? undefined })
    return { values: { webhook: webhook.id }, change: { before: former, after } }
  },
})

mutation({
  name: 'deleteWebhook',
  description: 'Deletes a webhook with its secret. Nothing more is sent, but for what is being sent at that moment.',
  input: (t) => ({ webhook: t.id({ required: true, description: 'The id of the webhook.' }) }),
  payload: (p) => ({
    deletedId: p.value('ID', 'The id of the deleted webhook.'),
    name: p.string('The address that it had.'),
  }),
  find: (finder, { webhook }) => ({ webhook: findWebhook(finder, webhook) }),
  target: webhookTarget,
  may: (by) => by.permission('webhooks.manage', 'over what the webhook gets', ofWebhook),
  shownOn: [{ on: Webhook, as: 'Delete', refs: (webhook) => ({ webhook }) }],
  grants: 'nothing',
  async run({ tx, refs: { webhook } }) {
    await removeWebhook(tx, webhook.id)
    const { id, url, types, description } = webhook
    return {
      values: { deletedId: `webhook_${id}`, name: url },
      change: { before: { url, types, description } },
    }
  },
})
