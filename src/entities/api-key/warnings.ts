/** Queues the warnings about expiring keys that no server with a mail server has queued yet. */
import { and, asc, eq, gt, isNotNull, isNull, or, sql } from 'drizzle-orm'
import { isUsableKey } from '../../authentication/validity.ts'
import type { Database, Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { apiKeys, notifications, users } from '../../db/tables.ts'
import type { Mailer } from '../notification/operations.ts'
import { expiryNotices } from './notices.ts'

/** The lock by which servers that start at the same time queue warnings one after the other, so that none is queued twice. */
const WARNINGS_LOCK = 7_307_199_824
const BATCH = 500

/**
 * Queues a warning for each usable key with an end that has none in the queue, such as a key that was created while no
 * mail server was configured. A warning that is overdue is sent at once. Running it again changes nothing.
 */
export async function queueMissingWarnings(database: Database, mailer: Mailer) {
  let last: string | null = null
  // Where many servers start at the same time, the last one waits for all the others.
  do last = await database.transaction((tx) => queueBatch(tx, mailer, last), { isPatient: true })
  while (last !== null)
}

type Warned = Awaited<ReturnType<typeof readUnwarned>>[number]

/** Queues the warnings of the keys after this one. Returns the last key of a full batch, and null after the last batch. */
async function queueBatch(tx: Transaction, mailer: Mailer, after: string | null): Promise<string | null> {
  await tx.execute(sql`select pg_advisory_xact_lock(${WARNINGS_LOCK})`)
  const keys = await readUnwarned(tx, after)
  for (const key of keys) await queueWarning(tx, mailer, key)
  return keys.length === BATCH ? (keys.at(-1)?.id ?? null) : null
}

function readUnwarned(tx: Transaction, after: string | null) {
  const { id, userId, label, createdAt, expiresAt } = apiKeys
  const ofKey = sql`${notifications.details} ->> 'apiKeyId' = ${apiKeys.id}::text`
  return tx
    .select({
      id,
      userId,
      label,
      createdAt,
      expiresAt,
      username: users.username,
      email: users.email,
      written: notifications.id,
    })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .leftJoin(notifications, and(eq(notifications.kind, 'KEY_EXPIRING'), ofKey))
    .where(
      and(
        after === null ? undefined : gt(apiKeys.id, after),
        isUsableKey(apiKeys, sql`clock_timestamp()`),
        isNotNull(apiKeys.expiresAt),
        isNull(apiKeys.replacedBy),
        or(isNull(notifications.id), eq(notifications.state, 'NOT_SENT')),
      ),
    )
    .orderBy(asc(apiKeys.id))
    .limit(BATCH)
}

/** Queues the warning that was written without a mail server, or a new one. */
async function queueWarning(tx: Transaction, mailer: Mailer, { createdAt, username, email, written, ...key }: Warned) {
  for (const { kind, details, at } of expiryNotices(key, Date.parse(createdAt))) {
    const id = written ?? createId()
    if (written) await tx.update(notifications).set({ state: 'QUEUED' }).where(eq(notifications.id, written))
    else {
      const now = new Date().toISOString()
      const all = { username, at: now, ...details }
      await tx.insert(notifications).values({ id, userId: key.userId, kind, email, details: all, state: 'QUEUED' })
    }
    await mailer.enqueue(tx, id, at ?? null)
  }
}
