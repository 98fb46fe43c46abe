import { AsyncLocalStorage } from 'node:async_hooks'
import { connect, Socket } from 'node:net'
import type { EmptyRelations } from 'drizzle-orm'
import { drizzle, type PostgresJsDatabase, type PostgresJsTransaction } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Config } from '../config.ts'
import { type Embedded, noteAddress, openFolder, openImage } from './embedded.ts'

/** One connection inside a transaction. */
export type Transaction = PostgresJsTransaction<EmptyRelations>
/** A connection on which statements run: the pool, or one transaction. */
export type Connection = PostgresJsDatabase<EmptyRelations> | Transaction

/** An open database. Its statements are prepared and its waits have time limits. */
export interface Database {
  readonly db: PostgresJsDatabase<EmptyRelations>
  readonly kind: 'EMBEDDED' | 'POSTGRESQL'
  /** Returns the address as options of postgres.js, to open further connections of another kind. */
  connectOptions(): ConnectOptions
  transaction<T>(run: (tx: Transaction) => Promise<T>): Promise<T>
  /** Writes the server's address where a second process finds it. */
  noteAddress(url: string): void
  close(): Promise<void>
}

type ConnectOptions = postgres.Options<Record<string, postgres.PostgresType>> & {
  url?: string
  /** An option that postgres.js supports but its types do not contain. */
  socket?: (address: { host: string[]; port: number[] }) => Promise<Socket>
}
type Client = postgres.Sql

const insideTransaction = new AsyncLocalStorage<true>()

/** Opens the database that the configuration names: PostgreSQL at DATABASE_URL, or the embedded database in DATA_DIR. */
export async function openDatabase(config: Config): Promise<Database> {
  if (config.databaseUrl) return openPostgres(config.databaseUrl, config.databasePoolSize)
  const embedded = await openFolder(config.dataDir)
  return { ...wrapEmbedded(embedded), noteAddress: (url) => noteAddress(config.dataDir, url) }
}

/** Opens a database in memory from a dumped data folder, for tests. */
export async function openMemoryDatabase(image: Uint8Array | null): Promise<Database> {
  return wrapEmbedded(await openImage(image))
}

function openPostgres(url: string, poolSize: number): Database {
  const options: ConnectOptions = { url, connect_timeout: 5, onnotice: () => {} }
  return wrap('POSTGRESQL', options, {
    ...options,
    max: poolSize,
    idle_timeout: 4,
    max_lifetime: 1800,
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, 1),
    socket: openSocket,
    connection: {
      application_name: 'chatelaine',
      // Cursors contain times as text.
      TimeZone: 'UTC',
      statement_timeout: 3000,
      lock_timeout: 2000,
      idle_in_transaction_session_timeout: 5000,
      jit: false,
    },
  })
}

/** The embedded database has one session, so there is one connection: a second one would only wait, and inside a transaction it would wait forever. */
function wrapEmbedded(embedded: Embedded): Database {
  const options: ConnectOptions = { path: embedded.socketPath, onnotice: () => {} }
  const database = wrap('EMBEDDED', options, { ...options, max: 1 })
  return {
    ...database,
    async close() {
      await database.close()
      await embedded.close()
    },
  }
}

function wrap(kind: Database['kind'], connectOptions: ConnectOptions, { url, ...options }: ConnectOptions): Database {
  const client = preparing(url ? postgres(url, options) : postgres(options))
  const db = drizzle({ client })
  return {
    db,
    kind,
    connectOptions: () => connectOptions,
    transaction: (run) => db.transaction((tx) => insideTransaction.run(true, () => run(tx))),
    noteAddress() {},
    // postgres.js may wait forever for a connection that is lost.
    close: () => client.end({ timeout: 2 }),
  }
}

/**
 * Runs a statement that is already text: the read path renders each plan once. `prepare` keeps the plan in the
 * connection, which is useful only for statements that are repeated.
 */
export async function runStatement(on: Connection, text: string, values: unknown[], prepare: boolean) {
  return clientOf(on).unsafe(
    text,
    values as postgres.ParameterOrJSON<never>[],
    {
      prepare,
      explicit: true,
    } as UnsafeOptions,
  )
}

/** Returns the driver of a connection. Drizzle keeps it in its session and offers no other access; the version of Drizzle is pinned. */
function clientOf(on: Connection): Client {
  return (on as unknown as { session: { client: Client } }).session.client
}

type UnsafeOptions = postgres.UnsafeQueryOptions & { explicit?: boolean; onexecute?: unknown }
type Unsafe = (text: string, values?: never[], options?: UnsafeOptions) => unknown

/** Prepares statements: Drizzle sends every statement unprepared, so that the database would plan it each time. */
function preparing(client: Client): Client {
  const unsafe = preparedUnsafe(client.unsafe.bind(client) as Unsafe)
  const begin = client.begin.bind(client) as (run: (tx: postgres.TransactionSql) => unknown) => unknown
  return Object.assign(client, {
    unsafe: ((text, values, options) => {
      // The transaction holds a connection; waiting for another one from inside it can last forever.
      if (insideTransaction.getStore()) throw new Error('Use the transaction, not the database, inside a transaction.')
      return unsafe(text, values, options)
    }) satisfies Unsafe,
    begin: (run: (tx: postgres.TransactionSql) => unknown) =>
      begin((tx) => run(Object.assign(tx, { unsafe: preparedUnsafe(tx.unsafe.bind(tx) as Unsafe) }) as typeof tx)),
  }) as Client
}

/** Prepares every statement but those of `runStatement`, which decides by itself: Drizzle passes `prepare: false` for every unnamed statement. */
function preparedUnsafe(unsafe: Unsafe): Unsafe {
  return (text, values, options) => {
    // postgres.js begins a transaction in this way: it must know which connection executes it.
    if (options?.onexecute) return unsafe(text, values, options)
    return unsafe(text, values, { prepare: options?.explicit ? options.prepare : true })
  }
}

/** Opens a socket with a time limit: otherwise a server that stops answering is waited for until TCP itself times out. */
function openSocket({ host, port }: { host: string[]; port: number[] }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const name = host[0] ?? 'localhost'
    const socket = connect({ host: name, port: port[0] ?? 5432, noDelay: true })
    const giveUp = () => socket.destroy(new Error('The database did not answer for 4 s.'))
    socket.setTimeout(4000, giveUp)
    // Before TLS, postgres.js removes all listeners, including this one, and reads the server's name from the socket.
    socket.removeAllListeners = (name?: string | symbol) => {
      Socket.prototype.removeAllListeners.call(socket, name)
      return socket.on('timeout', giveUp)
    }
    Object.assign(socket, { host: name })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}
