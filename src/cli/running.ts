/** What a process that serves is made of, from the database to the listener, and in which order it ends. */
import { sql } from 'drizzle-orm'
import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { migrate, refusePending } from '../db/migrate.ts'
import type { Keyring } from '../encryption/keyring.ts'
import { openKeyring } from '../encryption/open.ts'
import { queueMissingWarnings } from '../entities/api-key/warnings.ts'
import { openMailerIfWanted } from '../entities/notification/mailer.ts'
import type { Mailer } from '../entities/notification/operations.ts'
import { queueLost } from '../entities/notification/requeue.ts'
import { type Listening, listen } from '../http/server.ts'
import { log } from '../log.ts'
import { type Placing, startPlacing } from '../placing.ts'
import { type Retention, startRetention } from '../retention.ts'
import { createServices } from '../services.ts'
import { VERSION } from '../version.ts'
import { startWebhooks, type Webhooks } from '../webhooks/worker.ts'
import { bootstrapAndPrint } from './bootstrap.ts'
import type { Terminal } from './terminal.ts'
import { startTraces } from './traces.ts'

/** An open database, with what its secrets are encrypted with. */
interface Opened {
  database: Database
  keyring: Keyring
}

/** Opens the database; what is configured is checked before anything is changed. */
export async function withDatabase(config: Config, work: (opened: Opened) => Promise<void>) {
  const database = await openDatabase(config)
  try {
    await work({ database, keyring: openKeyring(config) })
  } finally {
    await database.close()
  }
}

/** Runs a server while `work` runs. `prepare` sees to it that the tables are there. */
export async function withServer(
  config: Config,
  { stdout }: Pick<Terminal, 'stdout'>,
  prepare: (opened: Opened) => Promise<void>,
  work: (server: Listening) => Promise<void>,
) {
  const endTraces = config.tracesUrl === null ? null : await startTraces(config.tracesUrl)
  const serving = withDatabase(config, async ({ database, keyring }) => {
    let mailer: Mailer | null = null
    let retention: Retention | null = null
    let placing: Placing | null = null
    let webhooks: Webhooks | null = null
    try {
      await prepare({ database, keyring })
      mailer = await openMailerIfWanted(database, config)
      if (mailer) await startMails(database, mailer)
      const services = createServices(database, keyring, config, mailer)
      const server = await listen(services)
      database.noteAddress(server.url)
      logStart(server, database, config)
      placing = startPlacing(services)
      webhooks = startWebhooks(services)
      retention = startRetention(database, config, (line) => stdout.write(`${line}\n`))
      await work(server)
    } finally {
      await retention?.stop()
      await Promise.all([placing?.stop(), webhooks?.stop()])
      await mailer?.close()
    }
  })
  await serving.finally(endTraces)
}

function logStart({ url }: Listening, { kind }: Database, { databasePoolSize, smtpUrl }: Config) {
  log.info({ version: VERSION, url, database: kind, poolSize: databasePoolSize, mails: smtpUrl !== null }, 'started')
}

/** Brings the tables up to date, makes root where it is missing, and prints what the operator must learn of it. */
export async function prepareStart({ database, keyring }: Opened, config: Config, stdout: Terminal['stdout']) {
  await prepareTables(database, config)
  await refreshStatistics(database)
  // The key is printed immediately: it is not shown again, even where something later stops the start.
  await bootstrapAndPrint({ database, keyring }, config, stdout)
  if (config.smtpUrl === null) stdout.write('SMTP_URL is not set: notifications are kept, and not sent.\n')
}

/** Brings the tables up to date, where this server may: a pooler that mixes sessions cannot hold the lock of a migration. */
async function prepareTables(database: Database, config: Config) {
  if (!config.migrate || database.isMixed) return refusePending(database)
  await migrate(database)
}

/** Starts sending mails, after what is missing from the queue was added to it. */
async function startMails(database: Database, mailer: Mailer) {
  await queueLost(database, mailer)
  await queueMissingWarnings(database, mailer)
  await mailer.work()
}

/** No background process collects statistics in the embedded database; without them its planner assumes that every table is empty. */
async function refreshStatistics({ kind, transaction }: Database) {
  if (kind === 'EMBEDDED') await transaction((tx) => tx.execute(sql`analyze`), { isPatient: true })
}
