import { and, eq, sql } from 'drizzle-orm'
import { LRUCache } from 'lru-cache'
import { isUsableKey } from '../../authentication/validity.ts'
import { NOW } from '../../authority/held.ts'
import type { Database } from '../../db/database.ts'
import { apiKeys } from '../../db/tables.ts'
import { logError } from '../../log.ts'
import { noteSeen } from '../user/seen.ts'

const NOTED_EVERY_MS = 60_000

/**
 * Records that the key with this hash was used, and that its owner was seen, where there is a valid key with this hash. The request does not wait
 * for the write. All servers together write it at most once a minute.
 */
export type NoteUse = (hash: Buffer) => void

export function createNoteUse({ db }: Database): NoteUse {
  const noted = new LRUCache<string, true>({ max: 10_000, ttl: NOTED_EVERY_MS })
  const isStale = sql`(${apiKeys.lastUsedAt} is null or ${apiKeys.lastUsedAt} < ${NOW} - interval '1 minute')`
  return (hash) => {
    const name = hash.toString('base64')
    if (noted.has(name)) return
    noted.set(name, true)
    const used = sql`update ${apiKeys} set last_used_at = ${NOW}
      where ${and(eq(apiKeys.hash, hash), isUsableKey(apiKeys, NOW), isStale)} returning user_id`
    db.execute(sql`with used as (${used}) ${noteSeen(sql`(select user_id from used)`)}`).catch((error: unknown) =>
      logError(error, null),
    )
  }
}
