/** A connection in use: each statement gets a name, a time limit and a watch for silence, and a lost connection is known by its errors. */

import { connect } from 'node:net'
import pg from 'pg'
import { inStatementSpan } from '../tracing.ts'
import { currentDeadline } from './deadline.ts'
import { ConnectionLostError, DeadlinePassedError, endsConnection, StatementTooLongError } from './errors.ts'
import type { SilenceWatch } from './silence.ts'
import type { StatementNames } from './statement-names.ts'

/** A statement. With `prepare: false` its plan is not kept; `rowMode` and `types` are Drizzle's. */
export interface Statement {
  text: string
  prepare?: boolean
  rowMode?: 'array'
  types?: pg.CustomTypesConfig
}

/** A statement that was sent, with its values, which may be secrets. */
export interface Sent {
  text: string
  values: unknown[]
  milliseconds: number
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

/** A connection that is open, in use or not. */
export interface Connected {
  silence: SilenceWatch
  prepared: Set<string>
  /** True where it ended, or the database said that it ends, while no statement was under way. */
  hasFailed: boolean
  /** True where the database was started again to end its statement. */
  isTooLong: boolean
  /** When the database last answered on it, in milliseconds since 1970. */
  answeredAt: number
}

/** A connection keeps what it has prepared until it is closed. */
const MOST_PREPARED = 1000

/** What the leases of a pool have in common. */
interface Shared {
  /** Null where nothing is prepared. */
  names: StatementNames | null
  listeners: ((sent: Sent) => void)[]
  cancel: (client: pg.PoolClient) => void
  /** Gives the place in the caller's share back. */
  giveBack: () => void
  /** The database has answered. */
  noteAnswer: () => void
}

/** Lends a connection for some statements; what is sent after the deadline is refused, and what runs then is canceled. */
export function createLease(
  client: pg.PoolClient,
  connected: Connected,
  { names, listeners, cancel, giveBack, noteAnswer }: Shared,
): Lease {
  const { silence, prepared } = connected
  let isLost = false
  let isLate = false
  let isReleased = false
  const ignoreDeadline = currentDeadline()?.whenPassed(() => {
    isLate = true
    cancel(client)
  })
  function nameOf({ text, prepare = true }: Statement): string | undefined {
    const name = prepare ? names?.nameOf(text) : undefined
    if (name !== undefined) prepared.add(name)
    return name
  }
  function answered() {
    connected.answeredAt = Date.now()
    noteAnswer()
  }
  function errorOf(thrown: unknown): unknown {
    const isAnswer = thrown instanceof pg.DatabaseError
    isLost = isAnswer ? isUseless(thrown.code ?? '') : connected.hasFailed || client.connection.stream.destroyed
    if (connected.isTooLong) return new StatementTooLongError('The statement took too long.', { cause: thrown })
    if (isLate) return new DeadlinePassedError()
    // A plan that was made before a migration is of no use on any connection.
    if (isAnswer && thrown.code === '0A000') names?.renew()
    if (isAnswer || !isLost) return thrown
    return new ConnectionLostError('The connection to the database was lost.', { cause: thrown })
  }
  return {
    async query(statement, values) {
      if (isReleased) throw new Error('This connection was given back.')
      if (isLate) throw new DeadlinePassedError()
      const { text, rowMode, types } = statement
      const started = performance.now()
      const deadline = currentDeadline()
      if (deadline) deadline.statements += 1
      silence.expect()
      try {
        const query = { name: nameOf(statement), text, rowMode, types } as pg.QueryConfig
        const result = await inStatementSpan(text, () => client.query(query, values))
        answered()
        return result
      } catch (thrown) {
        if (thrown instanceof pg.DatabaseError) answered()
        throw errorOf(thrown)
      } finally {
        silence.arrived()
        const milliseconds = performance.now() - started
        for (const listener of listeners) listener({ text, values: values ?? [], milliseconds })
      }
    },
    wait: () => silence.setPatient(true),
    ignoreDeadline: () => ignoreDeadline?.(),
    isLost: () => isLost || isLate,
    release(isBroken = false) {
      isReleased = true
      ignoreDeadline?.()
      silence.setPatient(false)
      client.release(isBroken || isLost || isLate || prepared.size > MOST_PREPARED)
      giveBack()
    },
  }
}

/** Whether a connection that answers this is of no further use. Behind the same address there may now be another database, which accepts changes. */
function isUseless(code: string): boolean {
  return endsConnection(code) || code === READ_ONLY
}

const READ_ONLY = '25006'

/** The code of a request to cancel, in PostgreSQL's protocol. */
const CANCEL_REQUEST = 80_877_102

/** Asks the database to cancel what the connection executes. The connection must not be used again: the request may arrive late. */
export function requestCancel(client: pg.PoolClient) {
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
