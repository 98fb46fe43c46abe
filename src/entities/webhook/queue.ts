/** What a webhook is to be sent next, and what became of what was sent. A server that sends holds a claim meanwhile. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { OPERATOR } from '../../authority/caller.ts'
import { type Connection, readRows, type Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { webhookDeliveries, webhooks } from '../../db/tables.ts'
import { recordChange } from '../audit/operations.ts'
import { target } from '../audit/targets.ts'
import { type Mailer, notify } from '../notification/operations.ts'
import { giveUpDelivery, NOTHING_FAILS, type Webhook } from './operations.ts'

/** Longer than a request takes with all that belongs to it. A server that was killed holds its claim until then. */
const CLAIM = sql`clock_timestamp() + interval '30 seconds'`

/** A webhook that this server sends to now. */
export type Claimed = Pick<
  Webhook,
  'id' | 'organizationId' | 'ownerId' | 'url' | 'types' | 'secrets' | 'deliveryId'
> & {
  claim: string
}

/** A change that comes next for a webhook. */
export interface Next {
  position: string
  auditEventId: string
  type: string
}

export interface Answered {
  status: number | null
  excerpt: string | null
  error: string | null
}

const isOpen = sql`w.deleted_at is null and w.paused_at is null and w.disabled_at is null`
const isDue = sql`(w.claimed_until is null or w.claimed_until <= clock_timestamp())
  and (w.next_attempt_at is null or w.next_attempt_at <= clock_timestamp())
  and w.position < (select s.position from change_stream as s)`
const isTest = sql`d.state = 'QUEUED' and d.audit_event_id is null and (d.next_attempt_at is null or d.next_attempt_at <= clock_timestamp())`

/** Whether there is anything to send. It only reads: every server asks again and again. */
export async function hasWork(db: Connection): Promise<boolean> {
  const [row] = await readRows<{ is: boolean }>(
    db,
    sql`select exists (select from webhooks as w where ${isOpen} and ${isDue}) or exists (select from webhook_deliveries as d where ${isTest}) as is`,
  )
  return row?.is ?? false
}

/** Claims the webhook that was served least lately; null where none is due. */
export async function claimNext(db: Connection): Promise<Claimed | null> {
  const claim = createId()
  const [row] = await db
    .update(webhooks)
    .set({ claim, claimedUntil: CLAIM })
    .where(
      sql`${webhooks.id} = (select w.id from webhooks as w where ${isOpen} and ${isDue}
        order by w.claimed_until nulls first limit 1 for update skip locked)`,
    )
    .returning()
  return row ? { ...row, claim } : null
}

/** Finds the change that comes next. Where there is none, the webhook has come to the end. Null where the claim is lost. */
export async function findNext(db: Connection, { id, claim }: Claimed): Promise<Next | 'NONE' | null> {
  const [row] = await readRows<Partial<Next> & { upTo: string }>(
    db,
    sql`select s.position::text as "upTo", n.* from webhooks as w cross join change_stream as s left join lateral (
        select c.position::text as position, c.audit_event_id as "auditEventId", c.type from changes as c
        where c.position > w.position and c.position <= s.position
          and (w.organization_id is null or c.organization_id = w.organization_id)
          and (w.types is null or w.types @> to_jsonb(c.type))
        order by c.position limit 1) as n on true
      where w.id = ${id} and w.claim = ${claim} and ${isOpen}`,
  )
  if (!row) return null
  if (row.position) return row as Next
  await db
    .update(webhooks)
    .set({ position: BigInt(row.upTo) })
    .where(isMine({ id, claim }))
  return 'NONE'
}

/** Passes over a change that the owner may not see, whether it was sent before or not. */
export async function passOver(tx: Transaction, claimed: Claimed, { position }: Next) {
  await tx
    .update(webhooks)
    .set({ position: BigInt(position), ...NOTHING_FAILS })
    .where(isMine(claimed))
  if (claimed.deliveryId !== null) await giveUpDelivery(tx, claimed.id)
}

/** Gives the claim back. */
export async function release(db: Connection, claimed: Claimed) {
  await db.update(webhooks).set({ claim: null, claimedUntil: sql`clock_timestamp()` }).where(isMine(claimed))
}

function isMine({ id, claim }: Pick<Claimed, 'id' | 'claim'>): SQL | undefined {
  return and(eq(webhooks.id, id), eq(webhooks.claim, claim))
}

/** Notes that a change was accepted. Returns whether the claim is still held. */
export async function noteDelivered(
  tx: Transaction,
  claimed: Claimed,
  next: Next,
  answered: Answered,
): Promise<boolean> {
  const rows = await tx
    .update(webhooks)
    .set({
      position: BigInt(next.position),
      claimedUntil: CLAIM,
      ...NOTHING_FAILS,
    })
    .where(isMine(claimed))
    .returning({ id: webhooks.id })
  await writeDelivery(tx, claimed, next, { ...answered, state: 'DELIVERED', nextAttemptAt: null })
  return rows.length > 0
}

/** What ends a webhook: a change that failed for a day, or a receiver that wants nothing more. */
export type DisabledReason = NonNullable<Webhook['disabledReason']>

/** The delay doubles with each attempt, up to an hour. */
const DELAY = sql`least(interval '1 hour', interval '1 second' * power(2, least(attempts, 12)))`
const GIVEN_UP_AFTER = sql`interval '1 day'`

/** Notes that a change was not accepted. It is tried again later, for a day. Returns why it is not any more; null where it is. */
export async function noteFailed(
  tx: Transaction,
  claimed: Claimed,
  next: Next,
  answered: Answered,
): Promise<DisabledReason | null> {
  const deliveryId = claimed.deliveryId ?? createId()
  const [row] = await tx
    .update(webhooks)
    .set({
      attempts: sql`attempts + 1`,
      failingSince: sql`coalesce(failing_since, clock_timestamp())`,
      nextAttemptAt: sql`clock_timestamp() + ${DELAY}`,
      ...{ deliveryId, claim: null, claimedUntil: sql`clock_timestamp()` },
    })
    .where(isMine(claimed))
    .returning({
      nextAttemptAt: webhooks.nextAttemptAt,
      isLate: sql<boolean>`failing_since < clock_timestamp() - ${GIVEN_UP_AFTER}`,
    })
  const reason = answered.status === GONE ? 'GONE' : row?.isLate ? 'FAILED' : null
  const isLast = reason !== null || !row
  const nextAttemptAt = isLast ? null : row.nextAttemptAt
  await writeDelivery(tx, { ...claimed, deliveryId }, next, {
    ...answered,
    state: isLast ? 'FAILED' : 'QUEUED',
    nextAttemptAt,
  })
  return row ? reason : null
}

const GONE = 410

interface Written extends Answered {
  state: 'DELIVERED' | 'QUEUED' | 'FAILED'
  nextAttemptAt: string | null
}

async function writeDelivery(
  tx: Transaction,
  { id, deliveryId }: Pick<Claimed, 'id' | 'deliveryId'>,
  { auditEventId, type }: Pick<Next, 'auditEventId' | 'type'>,
  written: Written,
) {
  const values = { ...columnsOf(written), attempts: 1 }
  await tx
    .insert(webhookDeliveries)
    .values({ id: deliveryId ?? createId(), webhookId: id, auditEventId, type, ...values })
    .onConflictDoUpdate({
      target: webhookDeliveries.id,
      set: { ...values, attempts: sql`${webhookDeliveries.attempts} + 1` },
    })
}

function columnsOf({ state, nextAttemptAt, status, excerpt, error }: Written) {
  const attemptedAt = sql`clock_timestamp()`
  return { state, nextAttemptAt, attemptedAt, responseStatus: status, responseExcerpt: excerpt, error }
}

const SYSTEM = { caller: null, requestId: null, address: null }

const REASONS: Record<DisabledReason, string> = {
  FAILED: 'a change could not be sent for a day',
  GONE: 'the receiver answered 410',
  OWNER_INACTIVE: 'its owner is not active',
  OWNER_MAY_NOT_READ: 'its owner no longer holds audit.read',
}

/** Disables a webhook, and says so: in the audit, and to the owner by mail. */
export async function disable(tx: Transaction, mailer: Mailer | null, id: string, reason: DisabledReason) {
  const [webhook] = await tx
    .update(webhooks)
    .set({ disabledAt: sql`clock_timestamp()`, disabledReason: reason, claim: null, nextAttemptAt: null })
    .where(sql`id = ${id} and deleted_at is null and disabled_at is null`)
    .returning()
  if (!webhook) return
  await giveUpDelivery(tx, id)
  const { url, organizationId, ownerId } = webhook
  const about = target('Webhook', { id, organizationId, url })
  await recordChange(tx, SYSTEM, 'disableWebhook', { ...about, after: { isPaused: true, reason } })
  const details = { url, reason: REASONS[reason], actor: 'the server' }
  await notify(tx, mailer, OPERATOR, [{ userId: ownerId, kind: 'WEBHOOK_DISABLED', details }])
}

/** A test that is to be sent. */
export interface Test extends Pick<Claimed, 'url' | 'secrets'> {
  id: string
  webhookId: string
}

/** Takes the test that waits longest; null where none waits. A server that is killed leaves it to another one. */
export async function takeTest(db: Connection): Promise<Test | null> {
  const [row] = await readRows<Test>(
    db,
    sql`update webhook_deliveries as d set attempts = d.attempts + 1, attempted_at = clock_timestamp(), next_attempt_at = ${CLAIM}
      from webhooks as w where w.id = d.webhook_id and d.id = (
        select d.id from webhook_deliveries as d where ${isTest} order by d.created_at limit 1 for update skip locked)
      returning d.id, w.id as "webhookId", w.url, w.secrets`,
  )
  return row ?? null
}

/** Notes what became of a test. */
export async function noteTest(db: Connection, { id }: Test, answered: Answered) {
  const state = answered.error === null ? 'DELIVERED' : 'FAILED'
  await db
    .update(webhookDeliveries)
    .set(columnsOf({ ...answered, state, nextAttemptAt: null }))
    .where(eq(webhookDeliveries.id, id))
}
