import { type SQL, sql } from 'drizzle-orm'
import { LRUCache } from 'lru-cache'
import { isOpenSession } from '../../authentication/validity.ts'
import type { Caller } from '../../authority/caller.ts'
import { NOW } from '../../authority/held.ts'
import type { Database } from '../../db/database.ts'
import { logError } from '../../log.ts'

/**
 * Notes that these users sent a request, where the last one was noted a day ago. A user whose row is locked just now is left out:
 * a request must not wait for it.
 */
export function noteSeen(ids: SQL): SQL {
  return sql`update users set last_seen_at = ${NOW} where id in (
    select u.id from users as u
    where u.id in ${ids} and (u.last_seen_at is null or u.last_seen_at < ${NOW} - interval '1 day')
    for no key update skip locked)`
}

/** Records that the user of a session or of a password sent a request. The request does not wait for the write. */
export type NoteVisit = (caller: Pick<Caller, 'userId' | 'session'>) => void

const VISIT_MS = 60 * 60 * 1000

export function createNoteVisit({ db }: Database): NoteVisit {
  const noted = new LRUCache<string, true>({ max: 10_000, ttl: VISIT_MS })
  return ({ userId, session }) => {
    if (userId === null || noted.has(userId)) return
    noted.set(userId, true)
    const isOpen = isOpenSession({ endedAt: sql`s.ended_at`, expiresAt: sql`s.expires_at` }, NOW)
    const ids = session
      ? sql`(select s.user_id from sessions as s where s.id = ${session.id} and ${isOpen})`
      : sql`(${userId})`
    db.execute(noteSeen(ids)).catch((error: unknown) => logError(error, null))
  }
}
