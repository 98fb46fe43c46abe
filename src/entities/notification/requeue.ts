/** Queues the mails that no queue has: a backup holds notifications, and not the queue. */
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Database, Transaction } from '../../db/database.ts'
import { apiKeys, notifications } from '../../db/tables.ts'
import { expiryNotices } from '../api-key/notices.ts'
import type { Mailer } from './operations.ts'

/** The lock by which servers that start at the same time queue mails one after the other, so that none is queued twice. */
const REQUEUE_LOCK = 7_307_199_825
const BATCH = 500

/** Queues each notification that is QUEUED and has no job. A warning about a key keeps its time. Running it again changes nothing. */
export async function queueLost(database: Database, mailer: Mailer) {
  let last: string | null = null
  do last = await database.transaction((tx) => queueBatch(tx, mailer, last), { isPatient: true })
  while (last !== null)
}

/** Queues the notifications after this one. Returns the last one of a full batch, and null after the last batch. */
async function queueBatch(tx: Transaction, mailer: Mailer, after: string | null): Promise<string | null> {
  await tx.execute(sql`select pg_advisory_xact_lock(${REQUEUE_LOCK})`)
  const { id, userId, label, createdAt, expiresAt } = apiKeys
  const rows = await tx
    .select({ notification: notifications.id, key: { id, userId, label, createdAt, expiresAt } })
    .from(notifications)
    .leftJoin(apiKeys, sql`${notifications.details} ->> 'apiKeyId' = ${apiKeys.id}::text`)
    .where(
      and(
        eq(notifications.state, 'QUEUED'),
        after === null ? undefined : gt(notifications.id, after),
        sql`not exists (select from pgboss.job where data ->> 'id' = ${notifications.id}::text)`,
      ),
    )
    .orderBy(asc(notifications.id))
    .limit(BATCH)
  for (const { notification, key } of rows) {
    const [notice] = key === null ? [] : expiryNotices(key, Date.parse(key.createdAt))
    await mailer.enqueue(tx, notification, notice?.at ?? null)
  }
  return rows.length === BATCH ? (rows.at(-1)?.notification ?? null) : null
}
