import pg from 'pg'

/** The parts of a database error that are safe to use; its message and detail contain values. */
export interface DatabaseError {
  code: string
  constraint: string | null
  table: string | null
}

/** The connection ended, or could not be opened. Whether the last statement was executed is not known. */
export class ConnectionLostError extends Error {
  override name = 'ConnectionLostError'
}

/** The deadline of the request has passed: nothing more is read or changed for it. */
export class DeadlinePassedError extends Error {
  override name = 'DeadlinePassedError'
  constructor() {
    super('The deadline of the request has passed.')
  }
}

/** The embedded database was still busy with the statement when its time was over, and was started again. */
export class StatementTooLongError extends Error {
  override name = 'StatementTooLongError'
}

/** COMMIT was sent, and how it ended is not known: the change may have been made. */
export class CommitUnknownError extends Error {
  override name = 'CommitUnknownError'
}

/** The database answered COMMIT with ROLLBACK: the transaction had failed before. */
export class RolledBackError extends Error {
  override name = 'RolledBackError'
  constructor() {
    super('The transaction had failed and was rolled back.')
  }
}

/** Returns the first error of a kind among a thrown error and its causes; undefined where there is none. */
function findCause<Kind extends Error>(thrown: unknown, isKind: (error: Error) => error is Kind): Kind | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) if (isKind(error)) return error
  return undefined
}

/** Finds the database error in the causes of a thrown error; null where there is none. */
export function databaseError(thrown: unknown): DatabaseError | null {
  const error = findCause(thrown, (some) => some instanceof pg.DatabaseError)
  if (!error?.code) return null
  return { code: error.code, constraint: error.constraint ?? null, table: error.table ?? null }
}

/** Returns what the database said of a right that the role lacks, which names an object of it and no value; null where it lacks none. */
export function findMissingRight(thrown: unknown): string | null {
  const error = findCause(thrown, (some) => some instanceof pg.DatabaseError)
  return error?.code === '42501' ? error.message : null
}

/** Whether the transaction may be retried: two transactions waited for each other or could not be serialized, and this one was canceled. */
export function isRetryable(thrown: unknown): boolean {
  const code = databaseError(thrown)?.code
  return code === '40P01' || code === '40001'
}

/** Whether the database ends the connection with this error: it is shutting down, starting up, or ended this connection alone. */
export function endsConnection(code: string): boolean {
  return /^(57P0|08)/.test(code)
}

/** The database is read-only, out of connections or memory, or did not get a lock in time; the last one is a plan made before a migration. */
const OF_STATE = new Set(['25006', '53300', '53200', '53100', '55P03', '0A000'])

/** Whether COMMIT was sent, and how it ended is not known. */
export function isCommitUnknown(thrown: unknown): boolean {
  return findCause(thrown, (error): error is Error => error instanceof CommitUnknownError) !== undefined
}

/** Whether the cause is the state of the database and not the statement, and nothing was changed: the same may succeed later. */
export function isOutage(thrown: unknown): boolean {
  if (isCommitUnknown(thrown)) return false
  const isGone = findCause(
    thrown,
    (error): error is Error => error instanceof ConnectionLostError || error instanceof DeadlinePassedError,
  )
  const code = databaseError(thrown)?.code
  return isGone !== undefined || (code !== undefined && (endsConnection(code) || OF_STATE.has(code)))
}

/** Whether a statement was canceled because it took too long. */
export function isTimeout(thrown: unknown): boolean {
  const isTooLong = findCause(thrown, (error): error is Error => error instanceof StatementTooLongError) !== undefined
  return isTooLong || databaseError(thrown)?.code === '57014'
}

/** Whether the cause is the state of the database: an outage, a statement that took too long, or a COMMIT without an answer. */
export function isOfDatabase(thrown: unknown): boolean {
  return isOutage(thrown) || isTimeout(thrown) || isCommitUnknown(thrown)
}
