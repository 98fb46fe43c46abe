/** How statements and transactions run on the connections of a pool. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { currentDeadline } from './deadline.ts'
import {
  CommitUnknownError,
  ConnectionLostError,
  DeadlinePassedError,
  databaseError,
  endsConnection,
  isOutage,
  RolledBackError,
} from './errors.ts'
import type { Lease, Result, Statement } from './lease.ts'
import { type Pool, SET_LOCALLY } from './pool.ts'

const insideTransaction = new AsyncLocalStorage<true>()

/** The transaction holds a connection; waiting for another one from inside it can last forever. */
function refuseInside() {
  if (insideTransaction.getStore()) throw new Error('Use the transaction, not the database, inside a transaction.')
}

/** Runs one statement outside of transactions. One that only reads is repeated once where the database was lost. */
export async function queryOnce(pool: Pool, statement: Statement, values?: unknown[]): Promise<Result> {
  refuseInside()
  const send = () => (pool.isMixed ? sendAlone(pool, statement, values) : sendPlainly(pool, statement, values))
  try {
    return await send()
  } catch (error) {
    if (!isOutage(error) || error instanceof DeadlinePassedError || !onlyReads(statement.text)) throw error
    return send()
  }
}

async function sendPlainly(pool: Pool, statement: Statement, values?: unknown[]): Promise<Result> {
  const lease = await pool.acquire()
  try {
    return await lease.query(statement, values)
  } finally {
    lease.release()
  }
}

/** Behind a pooler that mixes sessions only a transaction has settings. */
function sendAlone(pool: Pool, statement: Statement, values?: unknown[]): Promise<Result> {
  return transact(pool, (lease) => lease.query(statement, values))
}

function onlyReads(text: string): boolean {
  return /^\s*(select|with)\b/i.test(text) && !/\b(insert\s+into|update|delete\s+from)\b/i.test(text)
}

const WITHOUT_LIMITS = 'set local statement_timeout = 0; set local lock_timeout = 0'

/** How a transaction begins. */
export interface Beginning {
  /** Lets its statements take as long as they need. */
  isPatient?: boolean
  /** Statements without values that are sent together with `begin`. */
  first?: string
}

/** The row that the last of the statements that began a transaction answered. */
export type FirstRow = Record<string, unknown> | undefined

/**
 * Runs in a transaction.
 * @throws CommitUnknownError, RolledBackError, DeadlinePassedError, ConnectionLostError, the error of the database
 */
export async function transact<T>(
  pool: Pool,
  run: (lease: Lease, first: FirstRow) => Promise<T>,
  beginning: Beginning = {},
): Promise<T> {
  refuseInside()
  const lease = await pool.acquire()
  let isBroken = false
  try {
    if (beginning.isPatient) lease.wait()
    const left = timeLeft()
    const begun = [await lease.query({ text: beginText(pool, beginning), prepare: false })].flat()
    const result = await insideTransaction.run(true, () => run(lease, begun.at(-1)?.rows[0]))
    await commit(lease, left)
    return result
  } catch (error) {
    if (!lease.isLost()) await lease.query({ text: 'rollback', prepare: false }).catch(() => (isBroken = true))
    throw error
  } finally {
    lease.release(isBroken)
  }
}

function beginText({ isMixed }: Pool, { isPatient, first }: Beginning): string {
  return ['begin', isMixed ? SET_LOCALLY : [], isPatient ? WITHOUT_LIMITS : [], first ?? []].flat().join('; ')
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
