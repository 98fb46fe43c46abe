import { isNotNull, sql } from 'drizzle-orm'
import { customType, index, type PgColumn, timestamp, uuid } from 'drizzle-orm/pg-core'

/** A `text` that is sorted and compared by bytes, so that order, prefix search and cursors agree on every database. */
export const byteText = customType<{ data: string }>({ dataType: () => 'text collate "C"' })

/** The lower case of another column, which the database generates: uniqueness, order and search of names use it. */
export function nameKey(name: string, source: string) {
  return byteText(name)
    .notNull()
    .generatedAlwaysAs(sql.raw(`lower("${source}" collate "C")`))
}

/** The same of a column that may be null, and that has more than ASCII: only A to Z become lower case. */
export function textKey(name: string, source: string) {
  return byteText(name).generatedAlwaysAs(sql.raw(`lower("${source}" collate "C")`))
}

/** A point in time with microseconds, which is read as text. */
export function instant(name: string) {
  return timestamp(name, { withTimezone: true, precision: 6, mode: 'string' })
}

/** The beginning of a fact: the database's clock at that moment, never the start of the transaction. */
export function instantNow(name: string) {
  return instant(name).notNull().default(sql`clock_timestamp()`)
}

/**
 * The columns of every fact with a history. The fact holds at t where `since` ≤ t < the earlier of `expiresAt` (planned
 * end) and `endedAt`. A change ends one row and begins another; no row is ever rewritten. `grantedBy` and `endedBy` are
 * users; null is the operator or the server itself.
 */
export function history() {
  return {
    since: instantNow('since'),
    grantedBy: uuid('granted_by'),
    expiresAt: instant('expires_at'),
    endedAt: instant('ended_at'),
    endedBy: uuid('ended_by'),
  }
}

/** The indexes with which the facts that began or ended in a short time are found among many. */
export function historyIndexes(table: string, t: { since: PgColumn; expiresAt: PgColumn; endedAt: PgColumn }) {
  return [
    index(`${table}_since_index`).on(t.since),
    index(`${table}_expires_index`).on(t.expiresAt).where(isNotNull(t.expiresAt)),
    index(`${table}_ended_index`).on(t.endedAt).where(isNotNull(t.endedAt)),
  ]
}
