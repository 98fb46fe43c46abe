/** The connections to the database: what each is given when it opens, when it counts as lost, and how long one is waited for. */

import { connect } from 'node:net'
import pg from 'pg'
import { currentDeadline } from './deadline.ts'
import { ConnectionLostError, DeadlinePassedError, endsConnection } from './errors.ts'
import { type SilenceWatch, watchSilence } from './silence.ts'
import { createStatementNames, type StatementNames } from './statement-names.ts'

/** A statement. With `prepare: false` its plan is not kept; `rowMode` and `types` are Drizzle's. */
export interface Statement {
  text: string
  prepare?: boolean
  rowMode?: 'array'
  types?: pg.CustomTypesConfig
}

export type Result = pg.QueryResult<Record<string, unknown>>

/** One connection that is in use. */
export interface Lease {
  /** @throws ConnectionLostError, DeadlinePassedError, the error of the database */
  query(statement: Statement, values?: unknown[]): Promise<Result>
  /** From now on the statements may take as long as they need. */
  wait(): void
  /** From now on the deadline cancels nothing: what is sent next cannot be taken back. */
  ignoreDeadline(): void
  isLost(): boolean
  /** Gives the connection back; a lost one is closed. `isBroken` closes one that answers, but must not be used again. */
  release(isBroken?: boolean): void
}

export interface Pool {
  acquire(): Promise<Lease>
  /** Calls the listener with each statement that is sent. Its values may be secrets. */
  observe(listener: (text: string, values: unknown[]) => void): void
  close(): Promise<void>
}

export interface PoolOptions {
  connection: pg.ClientConfig
  size: number
  /** True where the database has only one session: its connection is never closed, begins with what an earlier one left, and cannot be canceled. */
  isSingle: boolean
}

/** Milliseconds. Cursors contain times as text, so all connections have the same time zone. */
const SETTINGS = {
  TimeZone: 'UTC',
  statement_timeout: '3000',
  lock_timeout: '2000',
  idle_in_transaction_session_timeout: '5000',
  jit: 'off',
}

/** The settings are made by a statement: some poolers refuse them as parameters of the connection, or ignore them. */
const SET_ALL = `select ${Object.entries(SETTINGS)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ')}`

/** Short, so that attempts into a network that has just recovered do not delay the next ones. */
const CONNECT_TIMEOUT_MS = 1500
/** The only session may be busy with a statement. */
const SINGLE_CONNECT_TIMEOUT_MS = 5000
/** A connection that is lost may never say that it has ended. */
const CLOSE_TIMEOUT_MS = 2000
const IDLE_TIMEOUT_MS = 60_000
const LIFETIME_SECONDS = 1800
/** A connection keeps what it has prepared until it is closed. */
const MOST_PREPARED = 1000

/** A connection that is open, in use or not. */
interface Connected {
  silence: SilenceWatch
  prepared: Set<string>
}

export function openPool({ connection, size, isSingle }: PoolOptions): Pool {
  const names = createStatementNames()
  const connected = new WeakMap<pg.ClientBase, Connected>()
  const listeners: ((text: string, values: unknown[]) => void)[] = []
  const pool = new pg.Pool({
    ...connection,
    types: { getTypeParser },
    fallback_application_name: 'chatelaine',
    keepAlive: true,
    Client: clientWithin(isSingle ? SINGLE_CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS),
    max: size,
    idleTimeoutMillis: isSingle ? 0 : IDLE_TIMEOUT_MS,
    maxLifetimeSeconds: isSingle ? 0 : LIFETIME_SECONDS,
    onConnect: async (base) => {
      const client = base as pg.Client
      // An error between two statements has nobody who waits for it: the next statement finds the connection lost.
      client.on('error', () => {})
      const silence = watchSilence(client)
      connected.set(client, { silence, prepared: new Set() })
      silence.expect()
      if (isSingle) await client.query('discard all')
      await client.query(SET_ALL)
      silence.arrived()
    },
  })
  pool.on('error', () => {})

  async function lease(): Promise<Lease> {
    const client = await waitFor(() => pool.connect())
    const cancel = isSingle ? () => {} : requestCancel
    return createLease(client, connected.get(client) as Connected, { names, listeners, cancel })
  }
  return {
    // A connection that fails to open may have met a server that was just going away.
    acquire: () => lease().catch((error: unknown) => (isLost(error) ? lease() : Promise.reject(error))),
    observe: (listener) => listeners.push(listener),
    async close() {
      const giveUp = Promise.withResolvers<void>()
      const timer = setTimeout(giveUp.resolve, CLOSE_TIMEOUT_MS)
      await Promise.race([pool.end(), giveUp.promise])
      clearTimeout(timer)
    },
  }
}

/** The pool's own time limit would also count the time in which a request waits for its turn: that is limited by the deadline. */
function clientWithin(connectionTimeoutMillis: number): typeof pg.Client {
  return class extends pg.Client {
    constructor(options: pg.ClientConfig) {
      // The pool hides the password from copies.
      super(Object.create(options, { connectionTimeoutMillis: { value: connectionTimeoutMillis } }))
    }
  } as typeof pg.Client
}

/** Times and dates stay text: a Date has fewer digits than the database. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  return TIMES.has(oid) ? (value: string) => value : pg.types.getTypeParser(oid, format as 'text')
}

const TIMES = new Set<number>(
  ['TIMESTAMPTZ', 'TIMESTAMP', 'DATE', 'INTERVAL'].map((name) => pg.types.builtins[name as 'DATE']),
)

function isLost(error: unknown): boolean {
  return error instanceof ConnectionLostError
}

/** Waits for a connection until the deadline; one that comes later is given back. */
async function waitFor(open: () => Promise<pg.PoolClient>): Promise<pg.PoolClient> {
  const left = (currentDeadline()?.at ?? Number.POSITIVE_INFINITY) - Date.now()
  if (left <= 0) throw new DeadlinePassedError()
  const opening = open().catch(connectionError)
  if (!Number.isFinite(left)) return opening
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new DeadlinePassedError()), left)
  try {
    return await Promise.race([opening, late.promise])
  } catch (error) {
    if (error instanceof DeadlinePassedError) opening.then((client) => client.release()).catch(() => {})
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** @throws the error of the database, or ConnectionLostError where there is none */
function connectionError(cause: unknown): never {
  if (cause instanceof pg.DatabaseError) throw cause
  throw new ConnectionLostError('The database can’t be reached.', { cause })
}

interface Shared {
  names: StatementNames
  listeners: ((text: string, values: unknown[]) => void)[]
  cancel: (client: pg.PoolClient) => void
}

function createLease(
  client: pg.PoolClient,
  { silence, prepared }: Connected,
  { names, listeners, cancel }: Shared,
): Lease {
  let isLost = false
  let isLate = false
  const timer = atDeadline(() => {
    isLate = true
    cancel(client)
  })
  function nameOf({ text, prepare = true }: Statement): string | undefined {
    const name = prepare ? names.nameOf(text) : undefined
    if (name !== undefined) prepared.add(name)
    return name
  }
  function errorOf(thrown: unknown): unknown {
    const isAnswer = thrown instanceof pg.DatabaseError
    isLost = isAnswer ? endsConnection(thrown.code ?? '') : client.connection.stream.destroyed
    if (isLate) return new DeadlinePassedError()
    // A plan that was made before a migration is of no use on any connection.
    if (isAnswer && thrown.code === '0A000') names.renew()
    if (isAnswer || !isLost) return thrown
    return new ConnectionLostError('The connection to the database was lost.', { cause: thrown })
  }
  return {
    async query(statement, values) {
      if (isLate) throw new DeadlinePassedError()
      for (const listener of listeners) listener(statement.text, values ?? [])
      const { text, rowMode, types } = statement
      silence.expect()
      try {
        return await client.query({ name: nameOf(statement), text, rowMode, types } as pg.QueryConfig, values)
      } catch (thrown) {
        throw errorOf(thrown)
      } finally {
        silence.arrived()
      }
    },
    wait: () => silence.setPatient(true),
    ignoreDeadline: () => clearTimeout(timer),
    isLost: () => isLost || isLate,
    release(isBroken = false) {
      clearTimeout(timer)
      silence.setPatient(false)
      client.release(isBroken || isLost || isLate || prepared.size > MOST_PREPARED)
    },
  }
}

/** Calls back at the deadline of the current request, where there is one. */
function atDeadline(run: () => void): NodeJS.Timeout | undefined {
  const deadline = currentDeadline()
  return deadline && setTimeout(run, deadline.at - Date.now())
}

/** The code of a request to cancel, in PostgreSQL's protocol. */
const CANCEL_REQUEST = 80_877_102

/** Asks the database to cancel what the connection executes. The connection must not be used again: the request may arrive late. */
function requestCancel(client: pg.PoolClient) {
  const { processID, secretKey } = client as unknown as { processID: number | null; secretKey: number | null }
  if (processID === null || secretKey === null) return
  const message = Buffer.alloc(16)
  for (const [index, value] of [16, CANCEL_REQUEST, processID, secretKey].entries())
    message.writeInt32BE(value, index * 4)
  const { host, port } = client
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.on('error', () => {})
  socket.setTimeout(1000, () => socket.destroy())
  socket.end(message)
}
