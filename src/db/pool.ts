/** The connections to the database: what each is given when it opens, when it counts as lost, and how long one is waited for. */

import pg from 'pg'
import type { Addresses } from './addresses.ts'
import { currentDeadline } from './deadline.ts'
import { ConnectionLostError, DeadlinePassedError, isOutage } from './errors.ts'
import { type Connected, createLease, type Lease, requestCancel, type Sent } from './lease.ts'
import { watchPulse } from './pulse.ts'
import { createShares } from './shares.ts'
import { watchSilence } from './silence.ts'
import { createStatementNames } from './statement-names.ts'

export interface Pool {
  readonly isMixed: boolean
  acquire(): Promise<Lease>
  /** Calls the listener with each statement, after its answer. */
  observe(listener: (sent: Sent) => void): void
  /** The connections that are open and idle, and the requests that wait for one. */
  counts(): PoolCounts
  close(): Promise<void>
}

export interface PoolCounts {
  open: number
  idle: number
  waiting: number
  /** Those that wait for other requests of the same caller. */
  held: number
}

export interface PoolOptions extends Addresses {
  size: number
  /** True where the database has only one session: its connection is never closed, begins with what an earlier one left, and cannot be canceled. */
  isSingle: boolean
  /** Ends what the only session is busy with: it cannot be canceled. */
  restart?(): void
  /** True where a pooler gives each transaction another session. */
  isMixed: boolean
}

/** Milliseconds. Cursors contain times as text, so all connections have the same time zone. */
const SETTINGS = {
  TimeZone: 'UTC',
  statement_timeout: '3000',
  lock_timeout: '2000',
  idle_in_transaction_session_timeout: '5000',
  jit: 'off',
  // Statements are written so that one plan is right for all their values: a plan for each run costs more than the run.
  plan_cache_mode: 'force_generic_plan',
  // What is read often is in memory, or on a disk without a head to move. Yet to look up each of very many rows costs more than
  // to read all of them once.
  random_page_cost: '1.1',
  cpu_index_tuple_cost: '0.05',
}

/** The settings are made by a statement: some poolers refuse them as parameters of the connection, or ignore them. */
const SET_ALL = `select ${Object.entries(SETTINGS)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ')}`

/** The same settings for one transaction, where a session cannot keep them. */
export const SET_LOCALLY = Object.entries(SETTINGS)
  .map(([name, value]) => `set local ${name} = '${value}'`)
  .join('; ')

/** A caller always gets a quarter of the connections at once, and more while half of them are free for the others. */
function placesOf(size: number) {
  return { own: Math.max(1, Math.floor(size / 4)), shared: Math.floor(size / 2) }
}

/** Short, so that attempts into a network that has just recovered do not delay the next ones. */
const CONNECT_TIMEOUT_MS = 1500
/** The only session may be busy with a statement. */
const SINGLE_CONNECT_TIMEOUT_MS = 5000
/** A connection that is lost may never say that it has ended. */
const CLOSE_TIMEOUT_MS = 2000
const IDLE_TIMEOUT_MS = 60_000
const LIFETIME_SECONDS = 1800

export function openPool({ connections, needsWrites, size, isSingle, isMixed, restart }: PoolOptions): Pool {
  let current = 0
  const names = createStatementNames()
  const connected = new WeakMap<pg.ClientBase, Connected>()
  const listeners: ((sent: Sent) => void)[] = []
  const pulse = watchPulse()
  const shares = createShares(placesOf(isSingle ? Number.POSITIVE_INFINITY : size), pulse)
  const pool = new pg.Pool({
    Client: clientTo(() => ({
      ...connections[current],
      connectionTimeoutMillis: isSingle ? SINGLE_CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS,
    })),
    max: size,
    idleTimeoutMillis: isSingle ? 0 : IDLE_TIMEOUT_MS,
    maxLifetimeSeconds: isSingle ? 0 : LIFETIME_SECONDS,
    onConnect: async (base) => {
      const client = base as pg.Client
      const connection: Connected = {
        silence: watchSilence(client, onSilence),
        prepared: new Set(),
        hasFailed: false,
        isTooLong: false,
        answeredAt: Date.now(),
      }
      function onSilence() {
        pulse.silent()
        if (!restart) return
        connection.isTooLong = true
        restart()
      }
      const { silence } = connection
      // An error between two statements has nobody who waits for it: the next statement finds the connection lost.
      client.on('error', () => {
        connection.hasFailed = true
      })
      connected.set(client, connection)
      silence.expect()
      if (isSingle) await client.query('discard all')
      if (!isMixed) await client.query(SET_ALL)
      if (needsWrites) await refuseReadOnly(client)
      silence.arrived()
    },
  })
  pool.on('error', () => {})

  async function lease(giveBack: () => void): Promise<Lease> {
    const client = await connectLiving(pool, (answered) => !isSingle && pulse.isSuspect(answered), connected)
    const cancel = isSingle ? () => {} : requestCancel
    const shared = { names: isMixed ? null : names, listeners, cancel, giveBack, noteAnswer: pulse.answered }
    return createLease(client, connected.get(client) as Connected, shared)
  }
  return {
    isMixed,
    async acquire() {
      const giveBack = await shares.take(currentDeadline())
      // A connection that fails to open may have met a server that was just going away, and the next host may be better.
      for (let attempt = 1; ; attempt++) {
        try {
          return await lease(giveBack)
        } catch (error) {
          if (!isOutage(error) || error instanceof DeadlinePassedError || attempt > connections.length) {
            giveBack()
            throw error
          }
          current = (current + 1) % connections.length
        }
      }
    },
    observe: (listener) => listeners.push(listener),
    counts: () => ({
      open: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      held: shares.waiting(),
    }),
    close: () => endPool(pool),
  }
}

/**
 * Takes a connection. Where another one was silent, those that were idle meanwhile are probably as dead, and each would hold
 * up its caller as long: they are closed.
 */
async function connectLiving(
  pool: pg.Pool,
  isSuspect: (answeredAt: number) => boolean,
  connected: WeakMap<pg.ClientBase, Connected>,
): Promise<pg.PoolClient> {
  for (;;) {
    const client = await waitFor(() => pool.connect())
    if (!isSuspect(connected.get(client)?.answeredAt ?? 0)) return client
    client.release(true)
  }
}

async function endPool(pool: pg.Pool) {
  const giveUp = Promise.withResolvers<void>()
  const timer = setTimeout(giveUp.resolve, CLOSE_TIMEOUT_MS)
  await Promise.race([pool.end(), giveUp.promise])
  clearTimeout(timer)
}

/** What every connection is opened with. */
function clientTo(address: () => pg.ClientConfig): typeof pg.Client {
  return class extends pg.Client {
    constructor() {
      // The pool's own time limit would also count the time in which a request waits for its turn: the deadline limits that.
      super({ ...address(), types: { getTypeParser }, fallback_application_name: 'chatelaine', keepAlive: true })
    }
  } as typeof pg.Client
}

/** @throws ConnectionLostError where the host accepts no changes: another host may accept them */
async function refuseReadOnly(client: pg.Client) {
  const { rows } = await client.query(
    `select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as is_read_only`,
  )
  if (rows[0]?.is_read_only) throw new ConnectionLostError('The database accepts no changes.')
}

/** Opens a connection beside the pool, which has no time limits, to the first host that answers. */
export async function connectAlone({ connections }: Addresses): Promise<pg.Client> {
  for (const [index, connection] of connections.entries()) {
    const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5000 })
    client.on('error', () => {})
    try {
      return await client.connect()
    } catch (error) {
      if (index === connections.length - 1) throw error
    }
  }
  throw new Error('There is no address of the database.')
}

/** Times and dates stay text: a Date has fewer digits than the database. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  return TIMES.has(oid) ? (value: string) => value : pg.types.getTypeParser(oid, format as 'text')
}

const TIMES = new Set<number>(
  ['TIMESTAMPTZ', 'TIMESTAMP', 'DATE', 'INTERVAL'].map((name) => pg.types.builtins[name as 'DATE']),
)

/** Waits for a connection until the deadline; one that comes later is given back. */
async function waitFor(open: () => Promise<pg.PoolClient>): Promise<pg.PoolClient> {
  const deadline = currentDeadline()
  if (deadline && deadline.at <= Date.now()) throw new DeadlinePassedError()
  const opening = open().catch(connectionError)
  if (!deadline) return opening
  const late = Promise.withResolvers<never>()
  const ignoreDeadline = deadline.whenPassed(() => late.reject(new DeadlinePassedError()))
  try {
    return await Promise.race([opening, late.promise])
  } catch (error) {
    if (error instanceof DeadlinePassedError) opening.then((client) => client.release()).catch(() => {})
    throw error
  } finally {
    ignoreDeadline()
  }
}

/** @throws the error of the database, or ConnectionLostError where there is none */
function connectionError(cause: unknown): never {
  if (cause instanceof pg.DatabaseError) throw cause
  throw new ConnectionLostError('The database can’t be reached.', { cause })
}
