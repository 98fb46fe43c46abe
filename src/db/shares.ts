/** Divides the connections of a pool among callers: each has a share, and more while few are in use; what it sends beyond that waits in a queue of its own. */
import { TooManyAtOnceError } from '../errors.ts'
import type { Deadline } from './deadline.ts'
import { DeadlinePassedError } from './errors.ts'
import type { Pulse } from './pulse.ts'

export interface Shares {
  /**
   * Waits for a place of the deadline's caller, and returns what gives the place back.
   * @throws TooManyAtOnceError, DeadlinePassedError at the deadline
   */
  take(deadline: Deadline | undefined): Promise<() => void>
  /** How many wait for a place in the share of their caller. */
  waiting(): number
}

/** The places that one caller has taken, and those who wait for one, the first first. */
interface Share {
  taken: number
  waiting: Set<() => void>
}

/** What no caller is known of takes no share: the server's own work, and that of the operator. */
const NOTHING_TAKEN = () => {}

/** How many connections there are for the callers. */
interface Places {
  /** A caller always gets so many at once. */
  own: number
  /** A caller gets more than that while fewer than so many are in use by all. */
  shared: number
}

/** @param pulse where the database does not answer, a caller that waits is not to blame */
export function createShares({ own, shared }: Places, pulse: Pulse): Shares {
  const shares = new Map<string, Share>()
  let inUse = 0

  function hasPlace({ taken }: Share): boolean {
    return taken < own || inUse < shared
  }
  function enter(share: Share) {
    share.taken += 1
    inUse += 1
  }
  function leave(holder: string, share: Share) {
    share.taken -= 1
    inUse -= 1
    callNext()
    if (share.taken === 0) shares.delete(holder)
  }
  /** Of the callers that wait and get a place, the one with the fewest places is next. */
  function callNext() {
    let first: Share | undefined
    for (const share of shares.values()) {
      if (share.waiting.size > 0 && hasPlace(share) && share.taken < (first?.taken ?? Number.POSITIVE_INFINITY))
        first = share
    }
    const [next] = first?.waiting ?? []
    if (!first || !next) return
    first.waiting.delete(next)
    enter(first)
    next()
  }
  return {
    async take(deadline) {
      if (!deadline?.holder) return NOTHING_TAKEN
      const { holder } = deadline
      const share = shares.get(holder) ?? { taken: 0, waiting: new Set() }
      shares.set(holder, share)
      if (hasPlace(share)) enter(share)
      else await turn(share, deadline, pulse)
      return () => leave(holder, share)
    },
    waiting: () => shares.values().reduce((sum, share) => sum + share.waiting.size, 0),
  }
}

/** Waits for a place that another request gives back; one that has waited until its deadline leaves the queue. */
function turn({ waiting }: Share, { whenPassed }: Deadline, pulse: Pulse): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const next = () => {
    ignoreDeadline()
    resolve()
  }
  const ignoreDeadline = whenPassed(() => {
    waiting.delete(next)
    reject(pulse.isAway() ? new DeadlinePassedError() : new TooManyAtOnceError())
  })
  waiting.add(next)
  return promise
}
