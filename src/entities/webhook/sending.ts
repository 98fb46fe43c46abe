import { InvalidInputError, type Issue } from '../../errors.ts'
import { mutation } from '../../mutation/declare.ts'
import { decodeCursor } from '../../read/cursor.ts'
import { findWebhook, mayDirect, webhookTarget } from './mutations.ts'
import { queueTest, rewindWebhook, rotateSecret } from './operations.ts'
import { Webhook, WebhookDelivery } from './type.ts'

mutation({
  name: 'rotateWebhookSecret',
  makes: true,
  description:
    'Gives a webhook another secret. For a day, what is sent is signed with both secrets, so that the receiver can change to the new one meanwhile.',
  input: (t) => ({ webhook: t.id({ required: true, description: 'The id of the webhook.' }) }),
  payload: (p) => ({
    webhook: p.loaded(Webhook, 'The webhook with the new secret.'),
    secret: p.secret('The new secret. It is shown only now; null in a dry run.'),
  }),
  find: (finder, { webhook }) => ({ webhook: findWebhook(finder, webhook) }),
  target: webhookTarget,
  may: (by) => mayDirect(by),
  shownOn: [{ on: Webhook, as: 'RotateSecret', refs: (webhook) => ({ webhook }) }],
  grants: 'nothing',
  makesWayIn: true,
  errors: ['CONFLICT'],
  async run({ ctx: { services }, tx, refs: { webhook }, dryRun }) {
    const secret = dryRun ? null : await rotateSecret(tx, services.keyring, webhook)
    return { values: { webhook: webhook.id, secret }, change: { after: { url: webhook.url } } }
  },
})

mutation({
  name: 'testWebhook',
  description:
    'Sends a test to a webhook, whatever its state: a change of the type `webhook.test`, once and without further attempts. Its delivery says what the receiver answered.',
  input: (t) => ({ webhook: t.id({ required: true, description: 'The id of the webhook.' }) }),
  payload: (p) => ({ delivery: p.loaded(WebhookDelivery, 'The delivery of the test, which is sent within seconds.') }),
  find: (finder, { webhook }) => ({ webhook: findWebhook(finder, webhook) }),
  target: webhookTarget,
  may: (by) => mayDirect(by),
  shownOn: [{ on: Webhook, as: 'Test', refs: (webhook) => ({ webhook }) }],
  grants: 'nothing',
  errors: ['CONFLICT'],
  async run({ tx, refs: { webhook } }) {
    const delivery = await queueTest(tx, webhook.id)
    return { values: { delivery }, change: { after: { url: webhook.url } } }
  },
})

mutation({
  name: 'replayWebhook',
  description:
    'Sends changes to a webhook again, from a cursor of `changes` on. They have the same ids as before, by which a receiver knows what it has.',
  input: (t) => ({
    webhook: t.id({ required: true, description: 'The id of the webhook.' }),
    after: t.string({
      required: true,
      description: 'A cursor of `changes`: what is after it is sent again. An empty text stands for the beginning.',
    }),
  }),
  payload: (p) => ({ webhook: p.loaded(Webhook, 'The webhook, which sends again.') }),
  check: ({ after }) => (typeof positionOf(after) === 'bigint' ? [] : [positionOf(after) as Issue]),
  find: (finder, { webhook }) => ({ webhook: findWebhook(finder, webhook) }),
  target: webhookTarget,
  may: (by) => mayDirect(by),
  shownOn: [{ on: Webhook, as: 'Replay', refs: (webhook) => ({ webhook }) }],
  grants: 'nothing',
  async run({ tx, input: { after }, refs: { webhook } }) {
    const position = positionOf(after) as bigint
    if (position > webhook.position)
      throw new InvalidInputError([{ path: 'after', message: 'What is after this cursor was not sent yet.' }])
    await rewindWebhook(tx, webhook.id, position)
    return { values: { webhook: webhook.id }, change: { after: { cursor: after } } }
  },
})

/** Returns the position of a cursor of `changes`, or what is wrong with it. */
function positionOf(cursor: string): bigint | Issue {
  if (cursor === '') return 0n
  try {
    return BigInt(decodeCursor('after', cursor, 'POSITION asc', ['bigint'])[0] ?? 0)
  } catch (error) {
    return { path: 'after', message: (error as Error).message }
  }
}
