import type { Transaction } from '../../db/database.ts'
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

/** Whether the server is read-only. The mode can't change until the transaction ends, which began by `lockChanges`. */
export async function readReadOnly(tx: Transaction): Promise<boolean> {
  const [row] = await tx.select({ readOnly: settings.readOnly }).from(settings)
  return row?.readOnly ?? false
}

/** Sets read-only mode and returns the previous mode. No change may be in progress. */
export async function writeReadOnly(tx: Transaction, readOnly: boolean): Promise<boolean> {
  const [before] = await tx.select({ readOnly: settings.readOnly }).from(settings)
  await tx.insert(settings).values({ readOnly }).onConflictDoUpdate({ target: settings.id, set: { readOnly } })
  return before?.readOnly ?? false
}
