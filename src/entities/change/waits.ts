/** The requests of this process that wait for a change. They hold no connection to the database while they wait. */

import { RateLimitedError } from '../../errors.ts'

export const LONGEST_WAIT_SECONDS = 25
const MOST_PER_CALLER = 10
const MOST = 500

export interface ChangeWaits {
  /** The last position that this process has seen. */
  seen(): string
  /** Notes the last position; a position after the one before ends all waits. */
  note(position: string): void
  /**
   * Waits until a position after this one is noted. Returns false where none was in this time, or the signal came first.
   * @throws RateLimitedError where no further request of this caller, or of anyone, may wait
   */
  wait(holder: string, position: string, milliseconds: number, signal: AbortSignal): Promise<boolean>
  /** Ends all waits, and lets none begin: the server stops. */
  end(): void
}

export function createChangeWaits(): ChangeWaits {
  let last = ''
  let hasEnded = false
  const waiting = new Set<{ holder: string; resolve: (isChanged: boolean) => void }>()
  const countOf = (holder: string) => [...waiting].filter((one) => one.holder === holder).length
  const isFull = (holder: string) => waiting.size >= MOST || countOf(holder) >= MOST_PER_CALLER
  function endAll(isChanged: boolean) {
    for (const { resolve } of waiting) resolve(isChanged)
  }
  return {
    seen: () => last,
    note(position) {
      const isLater = position !== last
      last = position
      if (isLater) endAll(true)
    },
    async wait(holder, position, milliseconds, signal) {
      if (position !== last) return true
      if (hasEnded || signal.aborted) return false
      if (isFull(holder))
        throw new RateLimitedError(5, 'Too many requests wait for changes: send fewer of them at once.')
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const one = { holder, resolve }
      const stop = () => resolve(false)
      const timer = setTimeout(stop, milliseconds)
      signal.addEventListener('abort', stop, { once: true })
      waiting.add(one)
      try {
        return await promise
      } finally {
        waiting.delete(one)
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
      }
    },
    end() {
      hasEnded = true
      endAll(false)
    },
  }
}
