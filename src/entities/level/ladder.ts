/** How granting, revoking and setting change a level. Levels are counted from 1; 0 means no level. */

export type Step = { kind: 'GRANT' | 'SET'; level: number } | { kind: 'REVOKE'; level: number | null }

/**
 * Returns the level after a step. A grant never lowers a level. A revocation never raises a level: it leaves at most
 * the level below the revoked one, and no level where it names none. Setting leaves exactly the given level.
 */
export function levelAfter(held: number, step: Step): number {
  if (step.kind === 'GRANT') return Math.max(held, step.level)
  if (step.kind === 'SET') return step.level
  return step.level === null ? 0 : Math.min(held, step.level - 1)
}
