/** Grant, revoke, set: what becomes of a level. Levels are counted from 1; 0 is none. */

export type Step = { kind: 'GRANT' | 'SET'; level: number } | { kind: 'REVOKE'; level: number | null }

/**
 * The level after a step. A grant never lowers; a revocation leaves one below what is revoked and never raises, and
 * without a level it leaves nothing; setting leaves exactly that.
 */
export function levelAfter(held: number, step: Step): number {
  if (step.kind === 'GRANT') return Math.max(held, step.level)
  if (step.kind === 'SET') return step.level
  return step.level === null ? 0 : Math.min(held, step.level - 1)
}
