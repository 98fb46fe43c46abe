import type { Issue } from '../../errors.ts'
import { expiryIssues, nullIssues } from '../../graphql/input-checks.ts'
import type { Sides } from '../audit/operations.ts'
import type { Position, Stepped } from './operations.ts'

/** Returns the issues of a step's input that can be found without the database. */
export function levelIssues(input: { expiresAt?: Date | null }): Issue[] {
  const { expiresAt } = input
  return [...expiryIssues('expiresAt', expiresAt), ...nullIssues('', { expiresAt })]
}

/** Returns what the audit records of a step, or null where the step changed nothing. */
export function stepChange({ before, after, changed }: Stepped, place: object): Sides | null {
  const sideOf = ({ access, expiresAt }: Position) => ({ access: access && { ...place, access, expiresAt } })
  return changed ? { before: sideOf(before), after: sideOf(after) } : null
}

/** Returns the requested planned end, or null where there is none. */
export function endOf({ expiresAt }: { expiresAt?: Date | null }): string | null {
  return expiresAt?.toISOString() ?? null
}

/** Returns the levels before and after a step, counted from 1; null means no level. */
export function levelsAround({ before, after }: Stepped) {
  return { before: before.level || null, after: after.level || null }
}

/** Refuses null. Omitting the level revokes every level, and null must not do so by mistake. */
export function revokedLevelIssues(access: number | null | undefined): Issue[] {
  return nullIssues('', { access })
}
