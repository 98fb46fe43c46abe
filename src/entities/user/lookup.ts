import { and, eq, isNull, sql } from 'drizzle-orm'
import { administersAt } from '../../authority/administrators.ts'
import { NOW } from '../../authority/held.ts'
import { holdsEverywhere, holdsInOrganization } from '../../authority/visibility.ts'
import { users } from '../../db/tables.ts'
import { NotFoundError } from '../../errors.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import type { Visibility } from '../../read/spec.ts'
import type { User as UserRow } from './operations.ts'
import { User } from './type.ts'

/** A user named in an input. Whether they administer is known once they are locked. */
export interface UserReference extends UserRow {
  isAdministrator: boolean
}

/** The visible user of this name, to be changed. @throws NotFoundError */
export function findUser(finder: Finder, username: string, path: string): Promise<UserReference> {
  const fits = and(eq(users.usernameKey, username.toLowerCase()), isNull(users.deletedAt)) ?? sql`false`
  return findUserWhere(finder, fits, { path, what: `The user "${username}"` })
}

/** The visible user of this name; null where there is none. */
export async function findUserIfAny(finder: Finder, username: string): Promise<UserReference | null> {
  try {
    return await findUser(finder, username, '')
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

/** The caller, as the user they are. @throws NotFoundError for the operator, who is no user */
export function findSelf(finder: Finder, path: string): Promise<UserReference> {
  return findOwner(finder, finder.self.userId ?? NOBODY_ID, path, 'The user (name one)')
}

/** No user's id: what an operator, who is no user, has for their own. */
const NOBODY_ID = '00000000-0000-0000-0000-000000000000'

/** The visible user of this name, or else the caller. @throws NotFoundError */
export function findUserOrSelf(finder: Finder, username: string | null | undefined, path: string) {
  return typeof username === 'string' ? findUser(finder, username, path) : findSelf(finder, path)
}

/** The user to whom something visible belongs. @throws NotFoundError naming that thing */
export function findOwner(finder: Finder, id: string, path: string, what: string): Promise<UserReference> {
  return findUserWhere(finder, eq(users.id, id), { path, what })
}

async function findUserWhere(finder: Finder, fits: ReturnType<typeof sql>, at: { path: string; what: string }) {
  const row = await findRow(finder, users, User.visible, fits, { ...at, lock: 'CHANGE' })
  return withAdministration(finder, row)
}

/** The deleted user of this id, to be restored, for who manages the users of their home. @throws NotFoundError */
export async function findDeletedUser(finder: Finder, id: string, path: string): Promise<UserReference> {
  const what = 'The deleted user'
  const fits = sql`${users.id} = ${id} and ${users.deletedAt} is not null`
  const row = await findRow(finder, users, isManaged, fits, { path, what, lock: 'CHANGE', deleted: true })
  return withAdministration(finder, row)
}

/** Deleted users are shown in no list: only whoever could restore them finds them. */
const isManaged: Visibility = (user, caller) =>
  holdsEverywhere(caller, 'users.manage') ? undefined : holdsInOrganization(caller, 'users.manage', user.organizationId)

function withAdministration(finder: Finder, row: UserRow): UserReference {
  const user = Object.assign(row, { isAdministrator: false })
  finder.afterLock.push(async () => {
    const [found] = await finder.tx.execute<{ administers: boolean }>(
      sql`select ${administersAt(sql`${row.id}::uuid`, NOW)} as administers`,
    )
    user.isAdministrator = found?.administers ?? false
  })
  return user
}

/** A user as rules see them, by columns: for each row of a list. */
export function userColumns(userId: unknown, organizationId: unknown): UserReference {
  return { id: userId, organizationId, isAdministrator: administersAt(userId, NOW) } as unknown as UserReference
}

/** The same of whoever a row belongs to. */
export function ownerColumns(userId: unknown): UserReference {
  return userColumns(userId, sql`(select o.organization_id from users as o where o.id = ${userId})`)
}
