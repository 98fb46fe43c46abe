import { sql } from 'drizzle-orm'
import type { Transaction } from '../../db/database.ts'
import { settings } from '../../db/tables.ts'

/** Every change holds this lock shared. Setting read-only mode waits until no change is in progress. */
const CHANGES_LOCK = 7_307_199_823

/**
 * Waits until no change is in progress, and lets no change begin. Must be called before any row is locked, as in
 * changes.
 */
export async function holdChanges(tx: Transaction) {
  await tx.execute(sql`select pg_advisory_xact_lock(${CHANGES_LOCK})`)
}

/** Whether the server is read-only. The mode can't change until the transaction ends. */
export async function readReadOnly(tx: Transaction): Promise<boolean> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${CHANGES_LOCK})`)
  // A separate statement, so that it sees what was committed while the first one waited for the lock.
  const [row] = await tx.select({ readOnly: settings.readOnly }).from(settings)
  return row?.readOnly ?? false
}

/** Sets read-only mode and returns the previous mode. Changes must already be held back by `holdChanges`. */
export async function writeReadOnly(tx: Transaction, readOnly: boolean): Promise<boolean> {
  const [before] = await tx.select({ readOnly: settings.readOnly }).from(settings)
  await tx.insert(settings).values({ readOnly }).onConflictDoUpdate({ target: settings.id, set: { readOnly } })
  return before?.readOnly ?? false
}
