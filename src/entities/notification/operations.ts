import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Connection, Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { apiKeys, notifications, users } from '../../db/tables.ts'
import type { NotificationKind } from './text.ts'

/** A message that is to be sent about a user. */
export interface Notice {
  userId: string
  kind: NotificationKind
  details?: Record<string, string>
  /** The address that the user had before the change, where the mail goes to that instead of the current one. */
  formerEmail?: string
  /** The time when the mail is to be sent; by default it is sent at once. */
  at?: Date
}

/**
 * Writes and queues mails about a change in the transaction of the change, so that no mail is sent for a change that is
 * not committed. A user without an e-mail address gets no mail. Without a mailer, the notification is stored as not
 * sent. A mail that is to be sent later goes to the e-mail address that the user has at that time.
 */
export async function notify(tx: Transaction, mailer: Mailer | null, caller: Caller, notices: readonly Notice[]) {
  if (notices.length === 0) return
  const actor = await actorName(tx, caller)
  for (const { userId, kind, details, formerEmail, at } of notices) {
    const [user] = await tx
      .select({ email: users.email, username: users.username })
      .from(users)
      .where(eq(users.id, userId))
    if (!user) continue
    const email = formerEmail ?? user.email
    if (email === null && !at) continue
    const id = createId()
    await tx.insert(notifications).values({
      id,
      userId,
      kind,
      email,
      details: { username: user.username, actor, at: now(), ...details, ...(formerEmail && { isFormer: 'true' }) },
      state: mailer ? 'QUEUED' : 'NOT_SENT',
    })
    await mailer?.enqueue(tx, id, at ?? null)
  }
}

async function actorName(tx: Transaction, { actor, userId }: Caller): Promise<string> {
  if (actor === 'OPERATOR' || userId === null) return 'the operator'
  const [user] = await tx.select({ username: users.username }).from(users).where(eq(users.id, userId))
  return user?.username ?? ''
}

function now(): string {
  return new Date().toISOString()
}

/** Reads a queued notification and its recipient. Returns null where it was already sent or no longer exists. */
export async function readQueued(db: Connection, id: string) {
  const [row] = await db
    .select({
      kind: notifications.kind,
      details: notifications.details,
      email: notifications.email,
      user: { email: users.email, username: users.username },
    })
    .from(notifications)
    .innerJoin(users, eq(users.id, notifications.userId))
    .where(and(eq(notifications.id, id), eq(notifications.state, 'QUEUED')))
  if (!row) return null
  const { user, ...queued } = row
  if (!('apiKeyId' in queued.details)) return queued
  return { ...queued, email: user.email, details: { ...queued.details, username: user.username } }
}

/**
 * Whether a mail that was queued for a later time is still true. Only a warning about an expiring key can become
 * untrue.
 */
export async function isStillTrue(db: Connection, { apiKeyId, until }: Record<string, string>): Promise<boolean> {
  if (!apiKeyId || !until) return true
  const rows = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.id, apiKeyId),
        isNull(apiKeys.revokedAt),
        isNull(apiKeys.replacedBy),
        sql`date_trunc('milliseconds', ${apiKeys.expiresAt}) = ${until}::timestamptz`,
      ),
    )
  return rows.length > 0
}

/** Records the outcome of an attempt to send a mail to this address. */
export async function noteAttempt(
  db: Connection,
  id: string,
  outcome: { email: string; state: 'SENT' | 'QUEUED' | 'FAILED'; lastError: string | null },
) {
  const attempts = sql`${notifications.attempts} + 1`
  const sentAt = outcome.state === 'SENT' ? sql`clock_timestamp()` : null
  await db
    .update(notifications)
    .set({ ...outcome, attempts, sentAt })
    .where(eq(notifications.id, id))
}

/** Records that a mail was not sent, because at its time it was no longer true or had no recipient. */
export async function noteDropped(db: Connection, id: string) {
  await db.update(notifications).set({ state: 'DROPPED' }).where(eq(notifications.id, id))
}

export interface Mailer {
  /** Puts a notification into the queue, in the transaction that wrote it. */
  enqueue(tx: Transaction, id: string, at: Date | null): Promise<void>
  /** Starts sending queued mails. */
  work(): Promise<void>
  /** Waits for the mails that are being sent, and closes the mailer. */
  close(): Promise<void>
}
