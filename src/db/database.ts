import { AsyncLocalStorage } from 'node:async_hooks'
import type { EmptyRelations, SQL } from 'drizzle-orm'
import { drizzle, type NodePgClient, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { parse, toClientConfig } from 'pg-connection-string'
import type { Config } from '../config.ts'
import { noteAddress } from './data-folder.ts'
import { currentDeadline } from './deadline.ts'
import { type Embedded, openFolder, openImage } from './embedded.ts'
import {
  CommitUnknownError,
  ConnectionLostError,
  DeadlinePassedError,
  databaseError,
  endsConnection,
  isOutage,
  RolledBackError,
} from './errors.ts'
import { offerCopies, type Pause } from './folder-copy.ts'
import { type Lease, openPool, type Pool, type PoolOptions, type Result, type Statement } from './pool.ts'

/** What Drizzle sends its statements to. */
interface StatementClient {
  query(statement: Statement, values?: unknown[]): Promise<Result>
}

/** A connection on which statements run: the pool, or one transaction. Transactions begin with `Database.transaction` alone. */
export type Connection = Omit<NodePgDatabase<EmptyRelations>, 'transaction'> & { $client: StatementClient }
/** One connection inside a transaction. */
export type Transaction = Connection & { readonly isTransaction: true }

/** An open database. Its statements are prepared and its waits have time limits. */
export interface Database {
  readonly db: Connection
  readonly kind: 'EMBEDDED' | 'POSTGRESQL'
  /** Opens one more connection, which has no time limits. */
  connectAlone(): Promise<pg.Client>
  /**
   * Runs in a transaction; `isPatient` lets its statements take as long as they need.
   * @throws CommitUnknownError, RolledBackError, DeadlinePassedError, ConnectionLostError, the error of the database
   */
  transaction<T>(run: (tx: Transaction) => Promise<T>, options?: { isPatient?: boolean }): Promise<T>
  /** Calls the listener with the text of each statement that is sent. */
  observe(listener: (text: string) => void): void
  /** Writes the server's address where a second process finds it. */
  noteAddress(url: string): void
  close(): Promise<void>
}

const insideTransaction = new AsyncLocalStorage<true>()

/** Opens the database that the configuration names: PostgreSQL at DATABASE_URL, or the embedded database in DATA_DIR. */
export async function openDatabase(config: Config): Promise<Database> {
  if (config.databaseUrl) return openPostgres(config.databaseUrl, config.databasePoolSize)
  const { dataDir } = config
  const embedded = await openFolder(dataDir)
  const database = wrapEmbedded(embedded)
  const pause: Pause = (during) => database.transaction(during, { isPatient: true })
  const endCopies = await offerCopies(dataDir, embedded.connection.host ?? '', pause)
  return {
    ...database,
    noteAddress: (url) => noteAddress(dataDir, url),
    async close() {
      await endCopies()
      await database.close()
    },
  }
}

/** Opens a database in memory from a dumped data folder, for tests. */
export async function openMemoryDatabase(image: Uint8Array | null): Promise<Database> {
  return wrapEmbedded(await openImage(image))
}

function openPostgres(url: string, size: number): Database {
  // `sslmode` means what it means to every other program of PostgreSQL.
  const connection = toClientConfig(parse(url, { useLibpqCompat: true }))
  return wrap('POSTGRESQL', { connection, size, isSingle: false })
}

/** The embedded database has one session, so there is one connection: a second one would only wait, and inside a transaction it would wait forever. */
function wrapEmbedded(embedded: Embedded): Database {
  const database = wrap('EMBEDDED', { connection: embedded.connection, size: 1, isSingle: true })
  return {
    ...database,
    async close() {
      await database.close()
      await embedded.close()
    },
  }
}

function wrap(kind: Database['kind'], options: PoolOptions): Database {
  const pool = openPool(options)
  return {
    db: drizzleOn({ query: (statement, values) => queryOnce(pool, statement, values) }),
    kind,
    async connectAlone() {
      const client = new pg.Client({ ...options.connection, connectionTimeoutMillis: 5000 })
      client.on('error', () => {})
      await client.connect()
      return client
    },
    transaction: (run, { isPatient = false } = {}) => transact(pool, run, isPatient),
    observe: pool.observe,
    noteAddress() {},
    close: pool.close,
  }
}

/** Drizzle uses only `query` of its client, and begins no transactions here. */
function drizzleOn(client: StatementClient): Connection {
  return drizzle({ client: client as unknown as NodePgClient }) as unknown as Connection
}

/** What statements of Drizzle's `sql` run on. */
export type Executor = Pick<Connection, 'execute'>

/** Runs a statement of Drizzle's `sql` and returns its rows, which the caller says the type of. */
export async function readRows<Row extends object>(on: Executor, query: SQL): Promise<Row[]> {
  const { rows } = await on.execute<Record<string, unknown>>(query)
  return rows as Row[]
}

/** Runs a statement that is already text; `prepare` keeps its plan, which is useful only for statements that are repeated. */
export async function runStatement(on: Connection, text: string, values: unknown[], prepare: boolean) {
  const result: Result | Result[] = await on.$client.query({ text, prepare }, values)
  // Several statements in one text have several results.
  return [result].flat().flatMap(({ rows }) => rows)
}

/** Runs one statement outside of transactions. One that only reads is repeated once where the database was lost. */
async function queryOnce(pool: Pool, statement: Statement, values?: unknown[]): Promise<Result> {
  // The transaction holds a connection; waiting for another one from inside it can last forever.
  if (insideTransaction.getStore()) throw new Error('Use the transaction, not the database, inside a transaction.')
  try {
    return await lendFor(pool, (lease) => lease.query(statement, values))
  } catch (error) {
    if (!isOutage(error) || error instanceof DeadlinePassedError || !onlyReads(statement.text)) throw error
    return lendFor(pool, (lease) => lease.query(statement, values))
  }
}

async function lendFor<T>(pool: Pool, use: (lease: Lease) => Promise<T>): Promise<T> {
  const lease = await pool.acquire()
  try {
    return await use(lease)
  } finally {
    lease.release()
  }
}

function onlyReads(text: string): boolean {
  return /^\s*(select|with)\b/i.test(text) && !/\b(insert\s+into|update|delete\s+from)\b/i.test(text)
}

const BEGIN = 'begin'
const BEGIN_PATIENTLY = 'begin; set local statement_timeout = 0; set local lock_timeout = 0'

async function transact<T>(pool: Pool, run: (tx: Transaction) => Promise<T>, isPatient: boolean): Promise<T> {
  if (insideTransaction.getStore()) throw new Error('Use the transaction, not the database, inside a transaction.')
  const lease = await pool.acquire()
  let isBroken = false
  try {
    if (isPatient) lease.wait()
    const left = timeLeft()
    await lease.query({ text: isPatient ? BEGIN_PATIENTLY : BEGIN, prepare: false })
    const tx = Object.assign(drizzleOn(lease), { isTransaction: true as const })
    const result = await insideTransaction.run(true, () => run(tx))
    await commit(lease, left)
    return result
  } catch (error) {
    if (!lease.isLost()) await lease.query({ text: 'rollback', prepare: false }).catch(() => (isBroken = true))
    throw error
  } finally {
    lease.release(isBroken)
  }
}

/** The milliseconds until the deadline; null where there is none. */
function timeLeft(): number | null {
  const deadline = currentDeadline()
  return deadline ? deadline.at - Date.now() : null
}

/**
 * Commits where the deadline has not passed, by this server's clock and by the database's: a message may be on its way for
 * long. `left` is the time that there was when the transaction began, in milliseconds.
 * @throws DeadlinePassedError, CommitUnknownError, RolledBackError
 */
async function commit(lease: Lease, left: number | null) {
  const deadline = currentDeadline()
  if (deadline && deadline.at <= Date.now()) throw new DeadlinePassedError()
  lease.ignoreDeadline()
  if (deadline) deadline.isCommitSent = true
  try {
    const results = await lease.query({ text: left === null ? 'commit' : `${failAfter(left)}; commit`, prepare: false })
    if ([results].flat().at(-1)?.command !== 'COMMIT') throw new RolledBackError()
  } catch (error) {
    const code = databaseError(error)?.code
    if (error instanceof ConnectionLostError || (code && endsConnection(code)))
      throw new CommitUnknownError('The database was lost while the change was being committed.', { cause: error })
    if (deadline) deadline.isCommitSent = false
    throw code === DIVISION_BY_ZERO ? new DeadlinePassedError() : error
  }
}

const DIVISION_BY_ZERO = '22012'

/** A statement that fails where the transaction began longer ago than this. */
function failAfter(milliseconds: number): string {
  return `select 1 / (clock_timestamp() < now() + ${milliseconds} * interval '1 ms')::int`
}
