import { AsyncLocalStorage } from 'node:async_hooks'

/** The time until which a request may use the database. */
export interface Deadline {
  /** In milliseconds since 1970. */
  readonly at: number
  /** Calls back once it has passed; what it returns takes that back. */
  whenPassed(callback: () => void): () => void
  /** The request is answered: where nothing waits any more, the timer goes. */
  end(): void
  /** True from the moment at which a COMMIT was sent, unless it is known to have failed: the change may then have been made. */
  isCommitSent: boolean
  /** The number of statements that were sent. */
  statements: number
  /** The caller whose share of the connections is used; null takes none. */
  holder?: string | null
}

/** A deadline that begins now. It has one timer, whatever waits for it: a request waits for many things, one after the other. */
export function createDeadline(milliseconds: number): Deadline {
  const at = Date.now() + milliseconds
  const waiting = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  return {
    at,
    isCommitSent: false,
    statements: 0,
    whenPassed(callback) {
      waiting.add(callback)
      timer ??= setTimeout(callAll, Math.max(0, at - Date.now())).unref()
      return () => waiting.delete(callback)
    },
    end() {
      if (waiting.size > 0) return
      clearTimeout(timer)
      timer = undefined
    },
  }
  function callAll() {
    timer = undefined
    for (const callback of waiting) callback()
    waiting.clear()
  }
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
