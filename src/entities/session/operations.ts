import { and, eq, ne, type SQL, sql } from 'drizzle-orm'
import { isOpenSession } from '../../authentication/validity.ts'
import type { Caller } from '../../authority/caller.ts'
import { readRows, type Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { sessions } from '../../db/tables.ts'
import type { NewSession } from './token.ts'

export type Session = typeof sessions.$inferSelect

/** Begins a session that lasts as long as the user's organization sets, in whole seconds as in tokens. */
export async function beginSession(tx: Transaction, userId: string, address: string | null): Promise<NewSession> {
  await forgetOldSessions(tx, userId)
  await endOldestSessions(tx, userId)
  const id = createId()
  const [row] = await readRows<{ issued_at: string; expires_at: string }>(
    tx,
    sql`
    insert into ${sessions} (id, user_id, address, created_at, expires_at)
    select ${id}::uuid, u.id, ${address}::text, c.now, c.now + make_interval(secs => o.token_ttl_seconds)
    from users as u join organizations as o on o.id = u.organization_id, (select date_trunc('second', clock_timestamp()) as now) as c
    where u.id = ${userId}
    returning extract(epoch from created_at)::bigint::text as issued_at, extract(epoch from expires_at)::bigint::text as expires_at`,
  )
  if (!row) throw new Error('There is no such user.')
  return { sessionId: id, userId, issuedAt: Number(row.issued_at), expiresAt: Number(row.expires_at) }
}

/**
 * Deletes old sessions, because a user that signs in often would leave many rows. The audit keeps the important facts.
 */
async function forgetOldSessions(tx: Transaction, userId: string) {
  const isOld = sql`least(${sessions.expiresAt}, ${sessions.endedAt}) < statement_timestamp() - interval '30 days'`
  await tx.delete(sessions).where(and(eq(sessions.userId, userId), isOld))
}

/** No person needs this many sessions. A user that signs in more often, by a script, ends their oldest sessions. */
const MAX_OPEN_SESSIONS = 100

async function endOldestSessions(tx: Transaction, userId: string) {
  await tx.execute(sql`
    update ${sessions} set ended_at = clock_timestamp() where id in (
      select s.id from ${sessions} as s where s.user_id = ${userId} and ${isOpenSession({ endedAt: sql`s.ended_at`, expiresAt: sql`s.expires_at` }, sql`clock_timestamp()`)}
      order by s.created_at desc, s.id desc offset ${MAX_OPEN_SESSIONS - 1})`)
}

/** Ends all open sessions of a user, or all except one. Returns the number of ended sessions. */
export function endSessions(
  tx: Transaction,
  caller: { userId: string | null },
  userId: string,
  except: string | null = null,
): Promise<number> {
  return end(tx, caller, and(eq(sessions.userId, userId), except === null ? undefined : ne(sessions.id, except)))
}

/** Ends the session of the request. False where the request did not use a session, or the session had ended. */
export async function endOwnSession(tx: Transaction, caller: Caller): Promise<boolean> {
  return caller.session !== null && endSession(tx, caller, caller.session.id)
}

/** Ends one session. False where it had ended. */
export async function endSession(tx: Transaction, caller: Caller, id: string): Promise<boolean> {
  return (await end(tx, caller, eq(sessions.id, id))) > 0
}

async function end(tx: Transaction, { userId }: { userId: string | null }, which: SQL | undefined): Promise<number> {
  const ended = await tx
    .update(sessions)
    .set({ endedAt: sql`clock_timestamp()`, endedBy: userId })
    .where(and(which, isOpenSession(sessions, sql`clock_timestamp()`)))
    .returning({ id: sessions.id })
  return ended.length
}
