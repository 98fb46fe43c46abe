import { eq, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Connection, Transaction } from '../../db/database.ts'
import { passwords } from '../../db/tables.ts'
import { endSessions } from '../session/operations.ts'

/** The time when a user's current password was set; null where they have none. */
export async function passwordSetAt(db: Connection, userId: string): Promise<string | null> {
  const [row] = await db.select({ setAt: passwords.setAt }).from(passwords).where(eq(passwords.userId, userId))
  return row?.setAt ?? null
}

/**
 * Sets a user's password, already hashed. It ends the user's other sessions where they set it themselves, and all of
 * their sessions where another caller sets it.
 */
export async function setPassword(tx: Transaction, caller: Caller, userId: string, hash: string) {
  const row = { hash, setAt: sql`clock_timestamp()`, setBy: caller.userId }
  await tx
    .insert(passwords)
    .values({ userId, ...row })
    .onConflictDoUpdate({ target: passwords.userId, set: row })
  const own = caller.userId === userId ? (caller.session?.id ?? null) : null
  await endSessions(tx, caller, userId, own)
}

/** Removes a user's password. */
export async function removePassword(tx: Transaction, userId: string) {
  await tx.delete(passwords).where(eq(passwords.userId, userId))
}
