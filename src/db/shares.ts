/** Divides the connections of a pool among callers: each has a share, and what it sends beyond that waits in a queue of its own. */
import { TooManyAtOnceError } from '../errors.ts'
import type { Deadline } from './deadline.ts'
import { DeadlinePassedError } from './errors.ts'
import type { Pulse } from './pulse.ts'

export interface Shares {
  /**
   * Waits for a place in the share of the deadline's caller, and returns what gives the place back.
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

/**
 * @param most the number of connections that a caller can use at once
 * @param pulse where the database does not answer, a caller that waits is not to blame
 */
export function createShares(most: number, pulse: Pulse): Shares {
  const shares = new Map<string, Share>()

  function giveBack(holder: string, share: Share) {
    const [next] = share.waiting
    if (next) {
      share.waiting.delete(next)
      return next()
    }
    share.taken -= 1
    if (share.taken === 0) shares.delete(holder)
  }
  return {
    async take(deadline) {
      if (!deadline?.holder) return NOTHING_TAKEN
      const { holder } = deadline
      const share = shares.get(holder) ?? { taken: 0, waiting: new Set() }
      shares.set(holder, share)
      if (share.taken < most) share.taken += 1
      else await turn(share, deadline.at, pulse)
      return () => giveBack(holder, share)
    },
    waiting: () => shares.values().reduce((sum, share) => sum + share.waiting.size, 0),
  }
}

/** Waits for a place that another request gives back; one that has waited until its deadline leaves the queue. */
function turn({ waiting }: Share, at: number, pulse: Pulse): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(
      () => {
        waiting.delete(next)
        reject(pulse.isAway() ? new DeadlinePassedError() : new TooManyAtOnceError())
      },
      Math.max(0, at - Date.now()),
    )
    waiting.add(next)
  })
}
