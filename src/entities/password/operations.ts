import { eq, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Connection, Transaction } from '../../db/database.ts'
import { organizations, passwords, users } from '../../db/tables.ts'
import { InvalidInputError } from '../../errors.ts'
import { endSessions } from '../session/operations.ts'
import { forgetGuesses } from './guesses.ts'
import { type PasswordPolicy, passwordIssues, wordsOf } from './policy.ts'

/** When a user's current password was set, and whether they must change it first; null where they have none. */
export async function readPassword(
  db: Connection,
  userId: string,
): Promise<{ setAt: string; mustChange: boolean } | null> {
  const [row] = await db
    .select({ setAt: passwords.setAt, mustChange: passwords.mustChange })
    .from(passwords)
    .where(eq(passwords.userId, userId))
  return row ?? null
}

/**
 * Refuses a new password that is easily guessed by a person who knows its user: the names of a user are known only once
 * the user is found. @throws InvalidInputError
 */
export async function refuseGuessable(
  tx: Transaction,
  policy: PasswordPolicy,
  userId: string,
  { path, password }: { path: string; password: string },
) {
  const [names] = await tx
    .select({
      username: users.username,
      displayName: users.displayName,
      email: users.email,
      organization: organizations.name,
      title: organizations.title,
    })
    .from(users)
    .innerJoin(organizations, eq(organizations.id, users.organizationId))
    .where(eq(users.id, userId))
  const issues = passwordIssues(path, password, policy, wordsOf(Object.values(names ?? {})))
  if (issues.length > 0) throw new InvalidInputError(issues)
}

/**
 * Sets a user's password, already hashed. It ends the user's other sessions where they set it themselves, and all of
 * their sessions where another caller sets it. Wrong guesses at the old password no longer count.
 */
export async function setPassword(
  tx: Transaction,
  caller: Caller,
  userId: string,
  { hash, mustChange }: { hash: string; mustChange: boolean },
) {
  const row = { hash, mustChange, setAt: sql`clock_timestamp()`, setBy: caller.userId }
  await tx
    .insert(passwords)
    .values({ userId, ...row })
    .onConflictDoUpdate({ target: passwords.userId, set: row })
  await forgetGuesses(tx, userId)
  const own = caller.userId === userId ? (caller.session?.id ?? null) : null
  await endSessions(tx, caller, userId, own)
}

/** Removes a user's password. */
export async function removePassword(tx: Transaction, userId: string) {
  await tx.delete(passwords).where(eq(passwords.userId, userId))
}
