/** The values of inputs about keys: labels, and ends within what the caller's own key allows. */
import type { Caller } from '../../authority/caller.ts'
import type { Issue } from '../../errors.ts'

/** Checks that a label, which is meant for people to read, has 1 to 100 characters. */
export function labelIssues(path: string, label: string | null | undefined): Issue[] {
  if (label === undefined || label === null) return []
  if (label.trim() !== '' && label.length <= 100) return []
  return [{ path, message: 'A label has 1 to 100 characters.' }]
}

/**
 * Returns the planned end of a new key, by default that of the caller's key. The escalation guard refuses a later end.
 */
export function expiryWithin(caller: Caller, wanted: Date | null | undefined): string | null {
  return wanted?.toISOString() ?? caller.apiKey?.expiresAt ?? null
}

/** Returns the time until which a rotated key stays valid: never later than its own planned end. */
export function earlier(wanted: Date | null | undefined, expiresAt: string | null): string | null {
  if (!wanted) return null
  const end = expiresAt === null ? wanted.getTime() : Math.min(wanted.getTime(), Date.parse(expiresAt))
  return new Date(end).toISOString()
}
