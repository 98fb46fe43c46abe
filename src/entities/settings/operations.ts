import type { FirstRow, Transaction } from '../../db/database.ts'
import { settings } from '../../db/tables.ts'

/** Every change holds this lock shared. Setting read-only mode waits until no change is in progress. */
const CHANGES_LOCK = 7_307_199_823

/**
 * Holds the lock as a change; with `alone`, waits until no change is in progress, and lets none begin. It is the first
 * statement of a transaction, so that it is held before any row is locked.
 */
export function lockChanges({ alone }: { alone: boolean }): string {
  return `select pg_advisory_xact_lock${alone ? '' : '_shared'}(${CHANGES_LOCK})`
}

/** The beginning of a change, which then knows whether the server is read-only: that can't change until it ends. */
export const AS_CHANGE = `${lockChanges({ alone: false })}; select read_only as "isReadOnly" from settings`

/** Whether the server is read-only, by what the beginning of a change has answered. */
export function isReadOnly(first: FirstRow): boolean {
  return first?.isReadOnly === true
}

/** Sets read-only mode and returns the previous mode. No change may be in progress. */
export async function writeReadOnly(tx: Transaction, readOnly: boolean): Promise<boolean> {
  const [before] = await tx.select({ readOnly: settings.readOnly }).from(settings)
  await tx.insert(settings).values({ readOnly }).onConflictDoUpdate({ target: settings.id, set: { readOnly } })
  return before?.readOnly ?? false
}
