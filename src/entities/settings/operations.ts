import { sql } from 'drizzle-orm'
import type { Transaction } from '../../db/database.ts'
import { settings } from '../../db/tables.ts'

/** Every change holds it shared; whoever sets read-only mode waits until no change is under way. */
const CHANGES_LOCK = 7_307_199_823

/** Waits until no change is under way, and lets none begin. Taken before any row is locked, as changes do. */
export async function holdChanges(tx: Transaction) {
  await tx.execute(sql`select pg_advisory_xact_lock(${CHANGES_LOCK})`)
}

/** Is the server read-only? It stays as it is for as long as the transaction lasts. */
export async function readReadOnly(tx: Transaction): Promise<boolean> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${CHANGES_LOCK})`)
  // A statement of its own: it sees what was committed while the lock was waited for.
  const [row] = await tx.select({ readOnly: settings.readOnly }).from(settings)
  return row?.readOnly ?? false
}

/** Sets read-only mode; gives what it was before. Changes are held back by then. */
export async function writeReadOnly(tx: Transaction, readOnly: boolean): Promise<boolean> {
  const [before] = await tx.select({ readOnly: settings.readOnly }).from(settings)
  await tx.insert(settings).values({ readOnly }).onConflictDoUpdate({ target: settings.id, set: { readOnly } })
  return before?.readOnly ?? false
}
