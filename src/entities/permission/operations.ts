import type { Transaction } from '../../db/database.ts'
import { permissions } from '../../db/tables.ts'

/** Stores permissions that are used for the first time. Known permissions stay as they are. */
export async function notePermissions(tx: Transaction, words: readonly string[]) {
  if (words.length === 0) return
  // The rows have one order, so that two transactions that store the same permissions do not deadlock.
  const rows = [...new Set(words)].sort().map((name) => ({ name }))
  await tx.insert(permissions).values(rows).onConflictDoNothing()
}
