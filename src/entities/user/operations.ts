import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts, endLapsed, lasts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { apiKeys, controllerGrants, modelGrants, roleGrants, userSuspensions, users } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { ConflictError } from '../../errors.ts'
import { removeCredentials } from '../credential/operations.ts'
import { removePassword } from '../password/operations.ts'
import { endSessions } from '../session/operations.ts'
import { removeSshKeys } from '../ssh-key/operations.ts'

export type User = typeof users.$inferSelect

/** `root` is made by the server at its first start and stays. */
export const ROOT_USERNAME = 'root'
/** What SERVICE users' names begin with, so that one sees at a glance what they are. */
export const SERVICE_PREFIX = 'api-'

interface UserFields {
  username?: string
  displayName?: string | null
  email?: string | null
}

/** @throws ConflictError where the username is taken. */
export async function insertUser(
  tx: Transaction,
  fields: UserFields & { username: string; organizationId: string; kind: User['kind'] },
): Promise<string> {
  const id = createId()
  await namedOnce(fields.username, tx.insert(users).values({ id, ...fields }))
  return id
}

/** @throws ConflictError where the username is taken, or is root's. */
export async function changeUser(tx: Transaction, user: User, fields: UserFields) {
  if (fields.username !== undefined && isRoot(user)) throw new ConflictError('root keeps its name.')
  if (Object.values(fields).every((value) => value === undefined)) return
  await namedOnce(fields.username ?? '', tx.update(users).set(fields).where(eq(users.id, user.id)))
}

export function isRoot(user: { usernameKey: string }): boolean {
  return user.usernameKey === ROOT_USERNAME
}

/**
 * Deletes a user: grants, suspensions and keys end with them and their name is free; a namesake inherits nothing.
 * @throws ConflictError for root
 */
export async function removeUser(tx: Transaction, caller: Caller, user: User) {
  if (isRoot(user)) throw new ConflictError('root is never deleted.')
  // Suspended for good, so that the past says so too should they be restored.
  await endFacts(tx, userSuspensions, eq(userSuspensions.userId, user.id), caller)
  await beginSuspension(tx, caller, user.id, { reason: 'Deleted', expiresAt: null })
  await endFacts(tx, roleGrants, eq(roleGrants.userId, user.id), caller)
  await endFacts(tx, controllerGrants, eq(controllerGrants.userId, user.id), caller)
  await endFacts(tx, modelGrants, eq(modelGrants.userId, user.id), caller)
  await tx
    .update(apiKeys)
    .set({ revokedAt: sql`clock_timestamp()`, revokedBy: caller.userId })
    .where(and(eq(apiKeys.userId, user.id), isNull(apiKeys.revokedAt)))
  await endSessions(tx, caller, user.id)
  await removePassword(tx, user.id)
  await removeSshKeys(tx, user.id, null)
  await removeCredentials(tx, user.id)
  await tx.update(users).set({ deletedAt: sql`clock_timestamp()` }).where(eq(users.id, user.id))
}

/** Brings a deleted user back, still suspended and without rights. @throws ConflictError where the username is taken. */
export async function bringBackUser(tx: Transaction, user: User, username: string) {
  await namedOnce(username, tx.update(users).set({ deletedAt: null, username }).where(eq(users.id, user.id)))
}

interface Suspension {
  reason: string | null
  expiresAt: string | null
}

/**
 * Suspends a user. One who is suspended as long or longer already stays so: disabling never shortens.
 * @throws ConflictError for root
 */
export async function suspendUser(
  tx: Transaction,
  caller: Caller,
  user: User,
  suspension: Suspension,
): Promise<boolean> {
  if (isRoot(user)) throw new ConflictError('root is never disabled.')
  const ofUser = eq(userSuspensions.userId, user.id)
  await endLapsed(tx, userSuspensions, ofUser)
  const [open] = await tx
    .select({ expiresAt: userSuspensions.expiresAt })
    .from(userSuspensions)
    .where(and(ofUser, isNull(userSuspensions.endedAt)))
  if (open && lasts(open, suspension)) return false
  await endFacts(tx, userSuspensions, ofUser, caller)
  await beginSuspension(tx, caller, user.id, suspension)
  await endSessions(tx, caller, user.id)
  return true
}

async function beginSuspension(tx: Transaction, caller: Caller, userId: string, suspension: Suspension) {
  await tx.insert(userSuspensions).values({ id: createId(), userId, grantedBy: caller.userId, ...suspension })
}

/** Ends a suspension. False where there is none. */
export async function endSuspension(tx: Transaction, caller: Caller, userId: string): Promise<boolean> {
  return (await endFacts(tx, userSuspensions, eq(userSuspensions.userId, userId), caller)) > 0
}

function namedOnce(username: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'users_username_unique', `A user named "${username}" exists already.`)
}
