import { sql } from 'drizzle-orm'
import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { migrate, refusePending } from '../db/migrate.ts'
import { openKeyring } from '../encryption/open.ts'
import { queueMissingWarnings } from '../entities/api-key/warnings.ts'
import { openMailerIfWanted } from '../entities/notification/mailer.ts'
import type { Mailer } from '../entities/notification/operations.ts'
import { queueLost } from '../entities/notification/requeue.ts'
import { listen } from '../http/server.ts'
import { log, setLogLevel } from '../log.ts'
import { type Retention, startRetention } from '../retention.ts'
import { createServices } from '../services.ts'
import { VERSION } from '../version.ts'
import { bootstrapAndPrint } from './bootstrap.ts'
import type { Terminal } from './terminal.ts'

/** Migrates, creates root where it is missing, and serves until it is told to stop. */
export async function serve(config: Config, { env, stdout }: Terminal) {
  setLogLevel(config.logLevel)
  const database = await openDatabase(config)
  let mailer: Mailer | null = null
  let retention: Retention | null = null
  try {
    // What is configured is checked before anything is changed.
    const keyring = openKeyring(config)
    await prepareTables(database, config)
    await refreshStatistics(database)
    mailer = await openMailerIfWanted(database, config)
    const services = createServices(database, keyring, config, mailer)
    // The key is printed immediately: it is not shown again, even where something later stops the start.
    await bootstrapAndPrint(services, config, stdout)
    if (mailer) await startMails(database, mailer)
    else stdout.write('SMTP_URL is not set: notifications are kept, and not sent.\n')
    const server = await listen(services)
    database.noteAddress(server.url)
    log.info(
      {
        version: VERSION,
        url: server.url,
        database: database.kind,
        poolSize: config.databasePoolSize,
        mails: mailer !== null,
      },
      'started',
    )
    // This line is printed last, so that a process that waits for it has received all output of the start.
    stdout.write(`Chatelaine listens at ${server.url}\n`)
    retention = startRetention(database, config, (line) => stdout.write(`${line}\n`))
    const signal = await untilStopped(env.npm_lifecycle_event !== undefined)
    server.drain()
    // Whoever sends SIGTERM takes the server out of a load balancer; Ctrl+C and the end of npm have nobody to wait for.
    if (signal === 'SIGTERM') await untilNoticed(config, stdout)
    stdout.write(`${signal}: finishing what is under way.\n`)
    await server.close()
  } finally {
    await retention?.stop()
    await mailer?.close()
    await database.close()
  }
}

/** Waits until load balancers had the time to notice that the server is not ready; a second signal ends the wait. */
async function untilNoticed({ shutdownDelaySeconds }: Config, stdout: Terminal['stdout']) {
  if (shutdownDelaySeconds === 0) return
  stdout.write(`SIGTERM: taking requests for ${shutdownDelaySeconds} s more; a second signal stops that.\n`)
  const again = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => again.resolve())
  const timer = setTimeout(again.resolve, shutdownDelaySeconds * 1000)
  await again.promise
  clearTimeout(timer)
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

/**
 * Waits until the server is told to stop, and returns by what. The signals are handled more than once: for Ctrl+C, both
 * the terminal and npm send one, and the second must not end the process before its requests are finished.
 */
function untilStopped(isLaunchedByNpm: boolean): Promise<string> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve('SIGINT'))
    process.on('SIGTERM', () => resolve('SIGTERM'))
    if (isLaunchedByNpm) onEndOfLauncher(() => resolve('The shell of npm has ended'))
  })
}

const launcher = process.ppid
const LAUNCHER_CHECK_MS = 500

/**
 * npm passes a signal on to its shell alone. Where that shell is not the server itself, as with `npx chatelaine serve`,
 * it ends and the server would keep the port and the data folder without it.
 */
function onEndOfLauncher(stop: () => void) {
  const timer = setInterval(() => {
    if (process.ppid === launcher) return
    clearInterval(timer)
    stop()
  }, LAUNCHER_CHECK_MS)
  timer.unref()
}

/** No background process collects statistics in the embedded database; without them its planner assumes that every table is empty. */
async function refreshStatistics({ kind, transaction }: Database) {
  if (kind === 'EMBEDDED') await transaction((tx) => tx.execute(sql`analyze`), { isPatient: true })
}
