/** Longer than any statement may take: a database that works has answered something by then. */
const LONGEST_SILENCE_MS = 3500
/** A request that waited through an outage can be at its end only after it. */
const REMEMBERED_MS = 5000

/** Whether the database answers at all. */
export interface Pulse {
  /** It has answered a statement, on any connection. */
  answered(): void
  /** It was silent for too long on a connection. */
  silent(): void
  /** Whether it is, or was a moment ago, out of reach. */
  isAway(): boolean
  /** Whether a connection that has not answered since then is probably dead too. */
  isSuspect(answeredAt: number): boolean
}

export function watchPulse(): Pulse {
  let answeredAt = 0
  let silentAt = 0
  return {
    answered() {
      answeredAt = Date.now()
    },
    silent() {
      silentAt = Date.now()
    },
    isAway() {
      const now = Date.now()
      return now - answeredAt > LONGEST_SILENCE_MS || now - silentAt < REMEMBERED_MS
    },
    isSuspect: (lastAnswer) => lastAnswer < silentAt,
  }
}
