/** The mutations of webhooks, each with a sample. */
import type { SampleChange } from './changes.ts'

const WEBHOOK = 'webhook { id url types description isEverywhere organization { name } owner { username } state }'

export const webhookChanges: SampleChange[] = [
  {
    name: 'createWebhook',
    input: () => ({
      url: 'https://hooks.example.test/new',
      types: ['user.created'],
      description: 'New users',
      organization: 'acme',
    }),
    payload: `secret ${WEBHOOK}`,
    targetType: 'Webhook',
    targetId: (payload) => payload.webhook.id,
  },
  {
    name: 'updateWebhook',
    input: ({ webhookId }) => ({
      webhook: webhookId,
      url: 'https://hooks.example.test/other',
      types: ['user.deleted'],
      description: 'Users that are gone',
      isPaused: true,
    }),
    payload: WEBHOOK,
    targetType: 'Webhook',
    targetId: (_payload, { webhookId }) => webhookId,
  },
  {
    name: 'rotateWebhookSecret',
    input: ({ webhookId }) => ({ webhook: webhookId }),
    payload: `secret ${WEBHOOK}`,
    targetType: 'Webhook',
    targetId: (_payload, { webhookId }) => webhookId,
  },
  {
    name: 'testWebhook',
    input: ({ webhookId }) => ({ webhook: webhookId }),
    payload: 'delivery { id type state attempts }',
    targetType: 'Webhook',
    targetId: (_payload, { webhookId }) => webhookId,
  },
  {
    name: 'replayWebhook',
    input: ({ webhookId }) => ({ webhook: webhookId, after: '' }),
    payload: WEBHOOK,
    targetType: 'Webhook',
    targetId: (_payload, { webhookId }) => webhookId,
  },
  {
    name: 'deleteWebhook',
    input: ({ webhookId }) => ({ webhook: webhookId }),
    payload: 'deletedId name',
    targetType: 'Webhook',
    targetId: (_payload, { webhookId }) => webhookId,
  },
]
