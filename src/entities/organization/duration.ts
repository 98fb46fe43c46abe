import type { Issue } from '../../errors.ts'

const SHORTEST_SECONDS = 60
const LONGEST_SECONDS = 30 * 24 * 60 * 60

/**
 * Returns the seconds of an ISO 8601 duration. Returns NaN for a duration with years or months, because their length
 * depends on when they begin.
 */
export function ttlSeconds(duration: string): number {
  try {
    return Temporal.Duration.from(duration).total('seconds')
  } catch {
    return Number.NaN
  }
}

/** Returns the ISO 8601 text of a duration, like `PT1H30M`. */
export function durationText(seconds: number): string {
  return Temporal.Duration.from({ seconds }).round({ largestUnit: 'days' }).toString()
}

export function ttlIssues(path: string, duration: string | null | undefined): Issue[] {
  if (duration === undefined) return []
  const seconds = duration === null ? Number.NaN : ttlSeconds(duration)
  if (Number.isInteger(seconds) && seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS) return []
  return [{ path, message: 'A duration from 1 minute to 30 days in whole seconds, like "PT1H".' }]
}
