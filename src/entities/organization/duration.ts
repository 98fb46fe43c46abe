import type { Issue } from '../../errors.ts'

const SHORTEST_SECONDS = 60
const LONGEST_SECONDS = 30 * 24 * 60 * 60
const LONGEST_KEY_SECONDS = 3650 * 24 * 60 * 60

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
  const message = 'A duration from 1 minute to 30 days in whole seconds, like "PT1H".'
  return durationIssues({ path, message }, duration, [SHORTEST_SECONDS, LONGEST_SECONDS])
}

/** Null stands for no longest life. */
export function keyTtlIssues(path: string, duration: string | null | undefined): Issue[] {
  if (duration === null) return []
  const message = 'A duration from 1 hour to 3650 days in whole seconds, like "P90D".'
  return durationIssues({ path, message }, duration, [60 * 60, LONGEST_KEY_SECONDS])
}

function durationIssues(issue: Issue, duration: string | null | undefined, [least, most]: [number, number]): Issue[] {
  if (duration === undefined) return []
  const seconds = duration === null ? Number.NaN : ttlSeconds(duration)
  return Number.isInteger(seconds) && seconds >= least && seconds <= most ? [] : [issue]
}

/** The seconds of a longest life of keys, as it is stored: null for none, undefined where it stays as it is. */
export function keyTtlSeconds(duration: string | null | undefined): number | null | undefined {
  return typeof duration === 'string' ? ttlSeconds(duration) : duration
}

/** The text of a longest life of keys; null for none. */
export function keyTtlText(seconds: number | null): string | null {
  return seconds === null ? null : durationText(seconds)
}
