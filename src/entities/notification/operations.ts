import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Connection, Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { apiKeys, notifications, users } from '../../db/tables.ts'
import type { NotificationKind } from './text.ts'

/** Something its user is to be told. */
export interface Notice {
  userId: string
  kind: NotificationKind
  details?: Record<string, string>
  /** When it is to be told; at once by default. */
  at?: Date
}

/**
 * Tells users what was done, in its transaction: without it there is no mail. Who has no e-mail is told nothing, and
 * without a mailer it is kept as not sent. What is told later goes to whoever is in charge by then.
 */
export async function notify(tx: Transaction, mailer: Mailer | null, caller: Caller, notices: readonly Notice[]) {
  if (notices.length === 0) return
  const actor = await nameOf(tx, caller)
  for (const { userId, kind, details, at } of notices) {
    const [user] = await tx
      .select({ email: users.email, username: users.username })
      .from(users)
      .where(eq(users.id, userId))
    if (!user || (user.email === null && !at)) continue
    const id = createId()
    await tx.insert(notifications).values({
      id,
      userId,
      kind,
      email: user.email,
      details: { username: user.username, actor, at: now(), ...details },
      state: mailer ? 'QUEUED' : 'NOT_SENT',
    })
    await mailer?.enqueue(tx, id, at ?? null)
  }
}

async function nameOf(tx: Transaction, { actor, userId }: Caller): Promise<string> {
  if (actor === 'OPERATOR' || userId === null) return 'the operator'
  const [user] = await tx.select({ username: users.username }).from(users).where(eq(users.id, userId))
  return user?.username ?? ''
}

function now(): string {
  return new Date().toISOString()
}

/** What is to be sent, and to whom; null where it was sent already, or is not there any more. */
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

/** Is what was to be told at a later time still true? Only of keys that are about to end it may not be. */
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
        sql`${apiKeys.expiresAt} = ${until}::timestamptz`,
      ),
    )
  return rows.length > 0
}

/** What became of an attempt to send to this address. */
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

/** When its time came there was nothing to tell any more, or nobody. */
export async function noteDropped(db: Connection, id: string) {
  await db.update(notifications).set({ state: 'DROPPED' }).where(eq(notifications.id, id))
}

export interface Mailer {
  /** Puts a notification into the queue, in the transaction that wrote it. */
  enqueue(tx: Transaction, id: string, at: Date | null): Promise<void>
  /** Sends what is queued, from now on. */
  work(): Promise<void>
  /** Waits for what is being sent. */
  close(): Promise<void>
}
