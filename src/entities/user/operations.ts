import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import { type Caller, holds, inOrganization } from '../../authority/caller.ts'
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

/** The user `root` is created by the server at its first start and always exists. */
export const ROOT_USERNAME = 'root'
/** The prefix of the names of SERVICE users, so that people recognize them. */
export const SERVICE_PREFIX = 'api-'

interface UserFields {
  username?: string
  displayName?: string | null
  email?: string | null
}

/** Creates a user and returns their id. @throws ConflictError where the username is taken or reserved */
export async function insertUser(
  tx: Transaction,
  naming: Naming,
  fields: UserFields & { username: string; organizationId: string; kind: User['kind'] },
): Promise<string> {
  const id = createId()
  await uniqueUserName(fields.username, tx.insert(users).values({ id, ...fields }))
  await refuseReservedName(tx, naming, fields.username, id)
  return id
}

/** Changes a user. @throws ConflictError where the username is taken or reserved, or where root would get another name */
export async function changeUser(tx: Transaction, naming: Naming, user: User, fields: UserFields) {
  if (fields.username !== undefined && isRoot(user)) throw new ConflictError('root keeps its name.')
  if (Object.values(fields).every((value) => value === undefined)) return
  await uniqueUserName(fields.username ?? '', tx.update(users).set(fields).where(eq(users.id, user.id)))
  if (fields.username !== undefined) await refuseReservedName(tx, naming, fields.username, user.id)
}

/** Who gives a name, and how many days the name of a deleted user stays reserved. */
export interface Naming {
  caller: Caller
  reservedDays: number
}

/**
 * Refuses the name of a user that was deleted in the last days, except to callers that may manage that user: another
 * service may still know them by their name. It is checked after the write, so that it sees a deletion that the write
 * waited for.
 */
async function refuseReservedName(tx: Transaction, { caller, reservedDays }: Naming, username: string, id: string) {
  const reservedUntil = sql<string>`to_char((${users.deletedAt} + make_interval(days => ${reservedDays})) at time zone 'UTC', 'YYYY-MM-DD')`
  const former = await tx
    .select({ organizationId: users.organizationId, reservedUntil })
    .from(users)
    .where(
      and(
        eq(users.usernameKey, username.toLowerCase()),
        ne(users.id, id),
        sql`${users.deletedAt} > clock_timestamp() - make_interval(days => ${reservedDays})`,
      ),
    )
  const theirs = former.find(({ organizationId }) => !holds(caller, 'users.manage', inOrganization(organizationId)))
  if (!theirs) return
  throw new ConflictError(
    `The name "${username}" is reserved until ${theirs.reservedUntil}, as a user of that name was deleted: choose another, or ask a manager of that user.`,
  )
}

export function isRoot(user: { usernameKey: string }): boolean {
  return user.usernameKey === ROOT_USERNAME
}

/** @throws ConflictError for root, which is never deleted */
export function refuseRoot(user: User) {
  if (isRoot(user)) throw new ConflictError('root is never deleted.')
}

/**
 * Deletes a user: their grants, suspensions and keys end and their name can be used again; a new user with that name
 * inherits nothing. Returns the number of ended grants.
 * @throws ConflictError for root
 */
export async function removeUser(tx: Transaction, caller: Caller, user: User): Promise<number> {
  refuseRoot(user)
  // The suspension has no end, so that the history is right where the user is restored.
  await endFacts(tx, userSuspensions, eq(userSuspensions.userId, user.id), caller)
  await beginSuspension(tx, caller, user.id, { reason: 'Deleted', expiresAt: null })
  const ended = [
    await endFacts(tx, roleGrants, eq(roleGrants.userId, user.id), caller),
    await endFacts(tx, controllerGrants, eq(controllerGrants.userId, user.id), caller),
    await endFacts(tx, modelGrants, eq(modelGrants.userId, user.id), caller),
  ]
  await tx
    .update(apiKeys)
    .set({ revokedAt: sql`clock_timestamp()`, revokedBy: caller.userId })
    .where(and(eq(apiKeys.userId, user.id), isNull(apiKeys.revokedAt)))
  await endSessions(tx, caller, user.id)
  await removePassword(tx, user.id)
  await removeSshKeys(tx, user.id, null)
  await removeCredentials(tx, user.id)
  await tx.update(users).set({ deletedAt: sql`clock_timestamp()` }).where(eq(users.id, user.id))
  return ended.reduce((sum, count) => sum + count, 0)
}

/** Restores a deleted user, still suspended and without grants. @throws ConflictError where the username is taken or reserved */
export async function bringBackUser(tx: Transaction, naming: Naming, user: User, username: string) {
  await uniqueUserName(username, tx.update(users).set({ deletedAt: null, username }).where(eq(users.id, user.id)))
  await refuseReservedName(tx, naming, username, user.id)
}

interface Suspension {
  reason: string | null
  expiresAt: string | null
}

/**
 * Suspends a user. A suspension that lasts as long or longer stays as it is: disabling never shortens. Returns whether
 * something changed.
 * @throws ConflictError for root
 */
export async function suspendUser(
  tx: Transaction,
  caller: Caller,
  user: Pick<User, 'id' | 'usernameKey'>,
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

/** Ends the suspension of a user. False where there is none. */
export async function endSuspension(tx: Transaction, caller: Caller, userId: string): Promise<boolean> {
  return (await endFacts(tx, userSuspensions, eq(userSuspensions.userId, userId), caller)) > 0
}

function uniqueUserName(username: string, write: PromiseLike<unknown>) {
  return writeUnique(write, 'users_username_unique', `A user named "${username}" exists already.`)
}
