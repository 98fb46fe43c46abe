/** Sends mails through SMTP. pg-boss queues a mail in the transaction of the change that the mail reports. */

import { sql } from 'drizzle-orm'
import { createTransport } from 'nodemailer'
import { fromDrizzle, type JobWithMetadata, PgBoss, type WorkOptions, type WorkWithMetadataHandler } from 'pg-boss'
import packageOfPgBoss from 'pg-boss/package.json' with { type: 'json' }
import type { Config } from '../../config.ts'
import type { Database } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { PendingMigrationsError, runAlone } from '../../db/migrate.ts'
import { asciiAddress } from '../../graphql/email-address.ts'
import { logError } from '../../log.ts'
import { createExecutor, originOf } from './executor.ts'
import type { Mailer } from './operations.ts'
import { isStillTrue, noteAttempt, noteDropped, readQueued } from './operations.ts'
import { mailOf, type NotificationKind } from './text.ts'

/** The content of a job in the queue: the id of a notification. */
interface Queued {
  id: string
}

const QUEUE = 'notifications'
/** The delay doubles with each attempt, up to an hour, so all attempts take about half a day. */
const RETRIES = 16
const LONGEST_WAIT_SECONDS = 3600
const SMTP_TIMEOUT_MS = 10_000
/** Several workers run at once, so that a mail that waits for a slow server does not delay the next mails. */
const WORKERS = { includeMetadata: true, localConcurrency: 4 } as const

/** How often the queue is looked at, in seconds. */
export interface Pace {
  /** For mails. */
  mails: number
  /** For jobs that were given up: its maintenance. */
  lost: number
}

const PACE: Pace = { mails: 1, lost: 60 }

/** Opens the mailer where the configuration has an SMTP_URL. Returns null otherwise. */
export async function openMailerIfWanted(database: Database, config: Config, pace = PACE): Promise<Mailer | null> {
  const { smtpUrl } = config
  return smtpUrl === null ? null : openMailer(database, { ...config, smtpUrl }, pace)
}

/**
 * Makes the tables of the queue where they are missing, and brings them up to date. Servers that may not do this themselves
 * can send mails afterwards.
 */
export async function migrateQueue(database: Database) {
  const boss = createBoss(database, null)
  await migrateAndStart(database, boss)
  await boss.stop({ graceful: false })
}

/** @param pace null where it is not maintained */
function createBoss(database: Database, pace: Pace | null): PgBoss {
  const boss = new PgBoss({
    db: createExecutor(database),
    schedule: false,
    migrate: true,
    supervise: pace !== null,
    ...(pace && { superviseIntervalSeconds: pace.lost, monitorIntervalSeconds: pace.lost }),
  })
  boss.on('error', (error) => logError(originOf(error), null))
  return boss
}

/** pg-boss fails to create its tables where another server creates them at the same time. */
function migrateAndStart(database: Database, boss: PgBoss): Promise<void> {
  return runAlone(database, () => startQueue(boss))
}

/** @throws PendingMigrationsError where the tables of the queue are missing, or older than this version of pg-boss */
async function refusePendingQueue(boss: PgBoss) {
  const version = (await boss.isInstalled()) ? await boss.schemaVersion() : null
  if (version === null || version < packageOfPgBoss.pgboss.schema) throw new PendingMigrationsError()
}

/** Opens the queue, and creates its tables where they are missing and the server may do so. */
async function openMailer(database: Database, config: Config & { smtpUrl: string }, pace: Pace): Promise<Mailer> {
  const boss = createBoss(database, pace)
  if (config.migrate && !database.isMixed) await migrateAndStart(database, boss)
  else {
    await refusePendingQueue(boss)
    await startQueue(boss)
  }
  const transport = createTransport({
    url: config.smtpUrl,
    connectionTimeout: SMTP_TIMEOUT_MS,
    greetingTimeout: SMTP_TIMEOUT_MS,
    socketTimeout: SMTP_TIMEOUT_MS,
  })

  async function send(job: JobWithMetadata<Queued>) {
    const { id } = job.data
    const row = await readQueued(database.db, id)
    if (!row) return
    const { kind, email, details } = row
    if (email === null || !(await isStillTrue(database.db, details))) return noteDropped(database.db, id)
    const mail = mailOf(kind as NotificationKind, details)
    try {
      await transport.sendMail({ from: config.mailFrom ?? undefined, to: asciiAddress(email), ...mail })
    } catch (error) {
      const isFinal = isRefusedPermanently(error)
      const state = isFinal || job.retryCount >= RETRIES ? 'FAILED' : 'QUEUED'
      await noteAttempt(database.db, id, { email, state, lastError: (error as Error).message.slice(0, 1000) })
      // pg-boss runs a job again only after an error.
      if (isFinal) return
      throw error
    }
    await noteAttempt(database.db, id, { email, state: 'SENT', lastError: null })
  }

  return {
    async enqueue(tx, id, at) {
      await boss.send(
        QUEUE,
        { id },
        {
          db: fromDrizzle(tx, sql),
          retryLimit: RETRIES,
          retryDelay: config.mailRetrySeconds,
          retryBackoff: true,
          retryDelayMax: LONGEST_WAIT_SECONDS,
          ...(at ? { startAfter: at } : {}),
        },
      )
    },
    async work() {
      const handle: WorkWithMetadataHandler<Queued> = async ([job]) => {
        if (job) await send(job)
      }
      await boss.work<Queued, void, WorkOptions & { includeMetadata: true }>(
        QUEUE,
        { ...WORKERS, pollingIntervalSeconds: pace.mails },
        handle,
      )
    },
    async close() {
      await boss.stop({ graceful: true, timeout: 5000 })
      transport.close()
    },
  }
}

/**
 * Whether the mail server answered the mail itself, its sender or its recipient, with 5xx, so that another attempt
 * would fail in the same way. A refused sign-in is about the configuration, which can be corrected before the next
 * attempt.
 */
function isRefusedPermanently(error: unknown): boolean {
  const { code = '', responseCode = 0 } = error as { code?: string; responseCode?: number }
  return ['EENVELOPE', 'EMESSAGE'].includes(code) && responseCode >= 500
}

/** Starts pg-boss. Where that fails, it stops every part of pg-boss that was started. */
async function startQueue(boss: PgBoss) {
  try {
    await boss.start()
    await boss.createQueue(QUEUE)
    // This loads the queue into the cache of pg-boss, because it cannot be read through the executor in a transaction.
    await boss.findJobs(QUEUE, { id: createId() })
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {})
    throw error
  }
}
