/** Removes what has been kept long enough, in small steps between the requests. docs/retention.md says what stays, and why. */
import { setTimeout as sleep } from 'node:timers/promises'
import { and, inArray, lt, ne, not, type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { isUsableKey } from './authentication/validity.ts'
import { NOW } from './authority/held.ts'
import type { Config } from './config.ts'
import { type Database, type FirstRow, readRows, type Transaction } from './db/database.ts'
import {
  auditEvents,
  authorityVersions,
  idempotencyKeys,
  notifications,
  passwordGuesses,
  sessions,
  webhookDeliveries,
} from './db/tables.ts'
import { AS_CHANGE, isReadOnly } from './entities/settings/operations.ts'
import { logError } from './log.ts'

/** The rows of one table that have been kept long enough, with the order of the index that finds them. */
interface Old {
  what: keyof typeof TITLES
  table: PgTable
  which: SQL | undefined
  order: SQL
}

const TITLES = {
  sessions: 'ended sessions',
  notifications: 'notifications',
  refusals: 'audited refusals',
  auditEvents: 'other audit events',
  idempotencyKeys: 'idempotency keys',
  passwordGuesses: 'counts of password guesses',
  webhookDeliveries: 'deliveries of webhooks',
  authorityVersions: 'versions of authorities',
}

/** How many rows were removed; what is 0 is left out. */
export type Removed = Partial<Record<keyof typeof TITLES, number>>

const A_YEAR_AGO = sql`${NOW} - interval '1 year'`
const DONE_STATES = ['SENT', 'FAILED', 'DROPPED', 'NOT_SENT'] as const

/** A warning that was deleted while its key works would be missing to the next start, which would send it again. */
const IS_OF_WORKING_KEY = sql`(${notifications.kind} = 'KEY_EXPIRING' and exists (select from api_keys as k
  where k.id = (${notifications.details} ->> 'apiKeyId')::uuid and ${isUsableKey({ revokedAt: sql`k.revoked_at`, expiresAt: sql`k.expires_at` }, NOW)}))`

function oldRows({ auditRetention }: Config): Old[] {
  const sessionEnd = sql`least(${sessions.expiresAt}, ${sessions.endedAt})`
  const sent = sql`coalesce(${notifications.sentAt}, ${notifications.createdAt})`
  const ofAudit = { table: auditEvents, order: sql`${auditEvents.at}, ${auditEvents.id}` }
  return [
    { what: 'sessions', table: sessions, which: lt(sessionEnd, A_YEAR_AGO), order: sessionEnd },
    {
      what: 'notifications',
      table: notifications,
      which: and(
        inArray(notifications.state, DONE_STATES),
        lt(notifications.createdAt, A_YEAR_AGO),
        lt(sent, A_YEAR_AGO),
        not(IS_OF_WORKING_KEY),
      ),
      order: sql`${notifications.createdAt}, ${notifications.id}`,
    },
    { what: 'refusals', ...ofAudit, which: and(ne(auditEvents.outcome, sql`'DONE'`), lt(auditEvents.at, A_YEAR_AGO)) },
    ...(auditRetention === null
      ? []
      : [{ what: 'auditEvents' as const, ...ofAudit, which: lt(auditEvents.at, before(auditRetention)) }]),
    {
      what: 'idempotencyKeys',
      table: idempotencyKeys,
      which: lt(idempotencyKeys.createdAt, before('P1D')),
      order: sql`${idempotencyKeys.createdAt}`,
    },
    {
      what: 'passwordGuesses',
      table: passwordGuesses,
      which: lt(passwordGuesses.expire, before('PT1H')),
      order: sql`${passwordGuesses.expire}`,
    },
    {
      what: 'webhookDeliveries',
      table: webhookDeliveries,
      which: and(ne(webhookDeliveries.state, sql`'QUEUED'`), lt(webhookDeliveries.createdAt, before('P30D'))),
      order: sql`${webhookDeliveries.createdAt}, ${webhookDeliveries.id}`,
    },
    // Servers keep what rests on a version for an hour. What has not changed for a day can do without one.
    {
      what: 'authorityVersions',
      table: authorityVersions,
      which: lt(authorityVersions.movedAt, before('P1D')),
      order: sql`${authorityVersions.ownerId}`,
    },
  ]
}

/** The time that is one ISO 8601 duration before now. */
function before(duration: string): SQL {
  return sql`${NOW} - ${duration}::interval`
}

/** The lock of a step: of many servers one removes at a time. */
const RETENTION_LOCK = 7_307_199_826
const STEP = 500

/**
 * Removes everything that has been kept long enough. It ends early where it is told to, where another server is removing,
 * and in read-only mode.
 */
export async function removeOld(database: Database, config: Config, signal?: AbortSignal): Promise<Removed> {
  const removed: Removed = {}
  for (const old of config.readOnly ? [] : oldRows(config)) {
    const { count, mayGoOn } = await removeAll(database, old, signal)
    if (count > 0) removed[old.what] = count
    if (!mayGoOn) break
  }
  return removed
}

/** Removes the old rows of one table, step by step. `mayGoOn` is false where it is not the turn of this server. */
async function removeAll(database: Database, old: Old, signal: AbortSignal | undefined) {
  let count = 0
  while (!signal?.aborted) {
    const began = performance.now()
    const remove = async (tx: Transaction, first: FirstRow) => (isReadOnly(first) ? null : removeStep(tx, old))
    const step = await database.transaction(remove, { first: AS_CHANGE })
    count += step ?? 0
    if (step !== STEP) return { count, mayGoOn: step !== null }
    // Requests have at least half of the time, on the embedded database too, where only one can work at a time.
    await sleep(performance.now() - began)
  }
  return { count, mayGoOn: false }
}

/** Removes up to STEP rows and returns how many; null where it is not the turn of this server. */
async function removeStep(tx: Transaction, { table, which, order }: Old): Promise<number | null> {
  const [lock] = await readRows<{ mine: boolean }>(tx, sql`select pg_try_advisory_xact_lock(${RETENTION_LOCK}) as mine`)
  if (!lock?.mine) return null
  const [gone] = await readRows<{ count: number }>(
    tx,
    sql`with gone as (delete from ${table} where ctid = any(array(
      select ctid from ${table} where ${which} order by ${order} limit ${STEP} for update skip locked)) returning 1)
      select count(*)::int as count from gone`,
  )
  return gone?.count ?? 0
}

const DAY_MS = 24 * 60 * 60 * 1000

/** The removal that a server repeats while it runs. */
export interface Retention {
  /** Waits for the step that is under way, after which nothing more is removed. */
  stop(): Promise<void>
}

/** Removes now and once a day. `say` gets one line for each time at which something was removed. */
export function startRetention(database: Database, config: Config, say: (line: string) => void): Retention {
  const stopping = new AbortController()
  let running = Promise.resolve()
  const run = () => {
    running = running.then(async () => {
      const line = describeRemoved(await removeOld(database, config, stopping.signal))
      if (line) say(line)
    })
    // What could not be removed is removed on the next day.
    running = running.catch((error: unknown) => logError(error, null))
  }
  const timer = setInterval(run, DAY_MS)
  timer.unref()
  run()
  return {
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await running
    },
  }
}

function describeRemoved(removed: Removed): string | null {
  const parts = Object.entries(TITLES).flatMap(([what, title]) => {
    const count = removed[what as keyof Removed]
    return count ? [`${title} ${count}`] : []
  })
  return parts.length === 0 ? null : `Removed what was kept long enough: ${parts.join(', ')}.`
}
