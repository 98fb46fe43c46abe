import type { EmptyRelations, SQL } from 'drizzle-orm'
import { drizzle, type NodePgClient, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import type { Config } from '../config.ts'
import { ConfigError } from '../variables.ts'
import { type Addresses, readAddresses } from './addresses.ts'
import { noteAddress } from './data-folder.ts'
import { type Embedded, openFolder, openImage } from './embedded.ts'
import { offerCopies, type Pause } from './folder-copy.ts'
import type { Result, Statement } from './lease.ts'
import { connectAlone, openPool, type Pool, type PoolOptions } from './pool.ts'
import { type Beginning, type FirstRow, queryOnce, transact } from './transaction.ts'

export type { FirstRow }

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
  /** True where a pooler gives each transaction another session: nothing of a session may be relied on. */
  readonly isMixed: boolean
  /** Opens one more connection, which has no time limits. */
  connectAlone(): Promise<pg.Client>
  /**
   * Runs in a transaction.
   * @throws CommitUnknownError, RolledBackError, DeadlinePassedError, ConnectionLostError, the error of the database
   */
  transaction<T>(run: (tx: Transaction, first: FirstRow) => Promise<T>, beginning?: Beginning): Promise<T>
  /** Calls the listener with each statement, after its answer. */
  observe: Pool['observe']
  /** The connections that are open and idle, and the requests that wait for one. */
  counts: Pool['counts']
  /** A connection of its own for the checks of health, which no request can take; the embedded database has only one. */
  readonly probe: Connection
  /** Writes the server's address where a second process finds it. */
  noteAddress(url: string): void
  close(): Promise<void>
}

/** Opens the database that the configuration names: PostgreSQL at DATABASE_URL, or the embedded database in DATA_DIR. */
export async function openDatabase(config: Config): Promise<Database> {
  if (config.databaseUrl) return openPostgres(config.databaseUrl, config)
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

function openPostgres(url: string, { databasePoolSize, databasePooler }: Config): Database {
  return wrap('POSTGRESQL', {
    ...addressesOf(url),
    size: databasePoolSize,
    isSingle: false,
    isMixed: databasePooler === 'transaction',
  })
}

function addressesOf(url: string): Addresses {
  try {
    return readAddresses(url)
  } catch (error) {
    throw new ConfigError(
      `DATABASE_URL can’t be used: ${(error as Error).message}; it must look like postgres://user:password@host:5432/database.`,
    )
  }
}

/** The embedded database has one session, so there is one connection: a second one would only wait, and inside a transaction it would wait forever. */
function wrapEmbedded(embedded: Embedded): Database {
  const connections = [embedded.connection]
  const database = wrap('EMBEDDED', {
    connections,
    needsWrites: false,
    size: 1,
    isSingle: true,
    isMixed: false,
    restart: embedded.restart,
  })
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
  const probes = openPool({ ...options, size: 1 })
  const db = drizzleOn({ query: (statement, values) => queryOnce(pool, statement, values) })
  return {
    db,
    kind,
    isMixed: options.isMixed,
    connectAlone: () => connectAlone(options),
    transaction: (run, beginning) => transact(pool, (lease, first) => run(transactionOn(lease), first), beginning),
    observe: pool.observe,
    counts: pool.counts,
    probe: options.isSingle ? db : drizzleOn({ query: (statement, values) => queryOnce(probes, statement, values) }),
    noteAddress() {},
    async close() {
      await Promise.all([pool.close(), probes.close()])
    },
  }
}

/** Drizzle uses only `query` of its client, and begins no transactions here. */
function drizzleOn(client: StatementClient): Connection {
  return drizzle({ client: client as unknown as NodePgClient }) as unknown as Connection
}

function transactionOn(lease: StatementClient): Transaction {
  return Object.assign(drizzleOn(lease), { isTransaction: true as const })
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
