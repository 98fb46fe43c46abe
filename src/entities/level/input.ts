import type { Issue } from '../../errors.ts'
import { expiryIssues } from '../../graphql/input-checks.ts'
import type { Change } from '../audit/operations.ts'
import type { UserReference } from '../user/lookup.ts'
import type { Stepped } from './operations.ts'

/** What is wrong with the input of a step by itself. */
export function levelIssues(input: { expiresAt?: Date | null }): Issue[] {
  return expiryIssues('expiresAt', input.expiresAt)
}

/** What the audit keeps of a step; null where there was nothing to do. */
export function stepChange(user: UserReference, { before, after, changed }: Stepped, place: object): Change | null {
  if (!changed) return null
  return {
    targetType: 'User',
    targetId: user.id,
    organizationId: user.organizationId,
    before: { ...place, ...before },
    after: { ...place, ...after },
  }
}

/** The planned end asked for; null is none. */
export function endOf({ expiresAt }: { expiresAt?: Date | null }): string | null {
  return expiresAt?.toISOString() ?? null
}
