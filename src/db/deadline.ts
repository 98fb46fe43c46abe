import { AsyncLocalStorage } from 'node:async_hooks'

/** The time until which a request may use the database. */
export interface Deadline {
  /** In milliseconds since 1970. */
  readonly at: number
  /** True from the moment at which a COMMIT was sent, unless it is known to have failed: the change may then have been made. */
  isCommitSent: boolean
  /** The number of statements that were sent. */
  statements: number
  /** The caller whose share of the connections is used; null takes none. */
  holder?: string | null
}

const current = new AsyncLocalStorage<Deadline>()

/** Runs the work of a request. After the deadline it waits for no connection, its statements are canceled, and nothing is committed. */
export function runUntil<Result>(deadline: Deadline, work: () => Result): Result {
  return current.run(deadline, work)
}

/** Returns the deadline of the request that this code works for; undefined where it works for none. */
export function currentDeadline(): Deadline | undefined {
  return current.getStore()
}
