import { sql } from 'drizzle-orm'
import { type Database, readRows, type Transaction } from '../../db/database.ts'
import { CHANGE_TYPES } from './types.ts'

/** The state of the stream: the last position, as a decimal number, and whether changes wait for one. */
export interface StreamState {
  position: string
  isWaiting: boolean
}

const STEP = 500

/** Gives positions to all changes that wait for one. It ends early where another server does it, or when it is told to. */
export async function placeChanges({ transaction }: Database, signal?: AbortSignal) {
  while (!signal?.aborted) {
    const count = await transaction(placeNext)
    if (count !== STEP) return
  }
}

/**
 * Gives positions to the changes that have waited longest. Where two changes are about one thing, the later one was written
 * after the earlier one was committed: a server that sees the later one sees the earlier one too, and places it before.
 * Returns how many changes it placed; null where another server is placing.
 */
async function placeNext(tx: Transaction): Promise<number | null> {
  const [stream] = await readRows<{ position: string }>(
    tx,
    sql`select position::text as position from change_stream for update skip locked`,
  )
  if (!stream) return null
  const [placed] = await readRows<{ count: number }>(
    tx,
    sql`with waiting as (
        delete from outbox where audit_event_id in (
          select audit_event_id from outbox order by written_at, audit_event_id limit ${STEP})
        returning audit_event_id, written_at),
      placed as (
        insert into changes (position, audit_event_id, type, organization_id)
        select ${stream.position}::bigint + row_number() over (order by w.written_at, w.audit_event_id), e.id,
          coalesce(${JSON.stringify(CHANGE_TYPES)}::jsonb ->> e.action, e.action), e.organization_id
        from waiting as w join audit_events as e on e.id = w.audit_event_id
        returning position),
      moved as (
        update change_stream set position = (select max(position) from placed) where exists (select from placed))
      select count(*)::int as count from waiting`,
  )
  return placed?.count ?? 0
}

/** Reads the state of the stream, which costs little: every server asks for it again and again. */
export async function readStream({ db }: Pick<Database, 'db'>): Promise<StreamState> {
  const [state] = await readRows<StreamState>(
    db,
    sql`select position::text as position, exists (select from outbox) as "isWaiting" from change_stream`,
  )
  return state ?? { position: '0', isWaiting: false }
}
