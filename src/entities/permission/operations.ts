import type { Transaction } from '../../db/database.ts'
import { permissions } from '../../db/tables.ts'

/** Notes words that are used for the first time. Known ones stay as they are. */
export async function notePermissions(tx: Transaction, words: readonly string[]) {
  if (words.length === 0) return
  // In one order, so that two who note the same words do not wait for each other.
  const rows = [...new Set(words)].sort().map((name) => ({ name }))
  await tx.insert(permissions).values(rows).onConflictDoNothing()
}
