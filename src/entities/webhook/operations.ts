import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { readRows, type Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { webhookDeliveries, webhooks } from '../../db/tables.ts'
import type { Keyring } from '../../encryption/keyring.ts'
import { ConflictError } from '../../errors.ts'
import { createSecret, openSecrets, sealSecrets } from './secrets.ts'

export type Webhook = typeof webhooks.$inferSelect

const MOST_OF_AN_ORGANIZATION = 50

export const NOTHING_FAILS = { deliveryId: null, failingSince: null, attempts: 0, nextAttemptAt: null }
/** The webhook is tried at once. The server that is sending stops after this delivery, for its claim is gone. */
const AFRESH = { ...NOTHING_FAILS, claim: null, claimedUntil: null }

/** Creates a webhook that begins with the next change. Returns its id. @throws ConflictError where there are too many */
export async function insertWebhook(
  tx: Transaction,
  keyring: Keyring,
  fields: Pick<Webhook, 'organizationId' | 'ownerId' | 'url' | 'types' | 'description'>,
  secret: string,
): Promise<string> {
  const { organizationId } = fields
  const [of] = await readRows<{ count: number; position: string }>(
    tx,
    sql`select (select count(*)::int from ${webhooks} where organization_id is not distinct from ${organizationId}::uuid and deleted_at is null) as count,
      (select position::text from change_stream) as position`,
  )
  if (of && of.count >= MOST_OF_AN_ORGANIZATION)
    throw new ConflictError(`There are ${of.count} webhooks here already: delete one first.`)
  const id = createId()
  const sealed = await sealSecrets(keyring, id, secret)
  await tx.insert(webhooks).values({ id, ...fields, ...sealed, position: BigInt(of?.position ?? 0) })
  return id
}

/** What failed and was to be sent again is given up: the webhook begins afresh. */
export async function giveUpDelivery(tx: Transaction, webhookId: string) {
  await tx
    .update(webhookDeliveries)
    .set({ state: 'FAILED', nextAttemptAt: null })
    .where(
      and(
        eq(webhookDeliveries.webhookId, webhookId),
        eq(webhookDeliveries.state, 'QUEUED'),
        isNotNull(webhookDeliveries.auditEventId),
      ),
    )
}

/** Changes a webhook, which begins afresh where it stopped. */
export async function changeWebhook(
  tx: Transaction,
  id: string,
  { isPaused, ...fields }: Pick<Webhook, 'url' | 'types' | 'description'> & { isPaused: boolean | undefined },
) {
  const resumed = { pausedAt: null, disabledAt: null, disabledReason: null }
  const state = isPaused ? { pausedAt: sql`coalesce(paused_at, clock_timestamp())` } : resumed
  const changes = { ...fields, ...AFRESH, ...(isPaused !== undefined && state) }
  await tx.update(webhooks).set(changes).where(eq(webhooks.id, id))
  await giveUpDelivery(tx, id)
}

/** Gives a webhook another secret, and returns it; the one before it signs beside it for a day. @throws SealError */
export async function rotateSecret(tx: Transaction, keyring: Keyring, webhook: Webhook): Promise<string> {
  const secret = createSecret()
  const sealed = await sealSecrets(keyring, webhook.id, secret, await openSecrets(keyring, webhook))
  await tx
    .update(webhooks)
    .set({ ...sealed, ...AFRESH })
    .where(eq(webhooks.id, webhook.id))
  await giveUpDelivery(tx, webhook.id)
  return secret
}

/** Lets a webhook begin again after this position. */
export async function rewindWebhook(tx: Transaction, id: string, position: bigint) {
  await tx
    .update(webhooks)
    .set({ ...AFRESH, position })
    .where(eq(webhooks.id, id))
  await giveUpDelivery(tx, id)
}

/** Deletes a webhook with its secrets. Its deliveries are kept as long as those of others. */
export async function removeWebhook(tx: Transaction, id: string) {
  await tx
    .update(webhooks)
    .set({ ...AFRESH, deletedAt: sql`clock_timestamp()`, secrets: null, keyId: null })
    .where(eq(webhooks.id, id))
  await giveUpDelivery(tx, id)
}

export const TEST_TYPE = 'webhook.test'

/** Queues a test, which is sent whatever state the webhook has. Returns the id of its delivery. @throws ConflictError where one waits */
export async function queueTest(tx: Transaction, webhookId: string): Promise<string> {
  const [waiting] = await tx
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.webhookId, webhookId),
        eq(webhookDeliveries.state, 'QUEUED'),
        isNull(webhookDeliveries.auditEventId),
      ),
    )
  if (waiting) throw new ConflictError('A test is being sent already: see its delivery.')
  const id = createId()
  await tx.insert(webhookDeliveries).values({ id, webhookId, type: TEST_TYPE, state: 'QUEUED', attempts: 0 })
  return id
}
