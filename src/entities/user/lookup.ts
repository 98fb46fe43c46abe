import { type SQL, sql } from 'drizzle-orm'
import { administersAt } from '../../authority/administrators.ts'
import { NOW } from '../../authority/held.ts'
import { render } from '../../db/rendered.ts'
import { users } from '../../db/tables.ts'
import { NotFoundError } from '../../errors.ts'
import { fitsReference } from '../../graphql/references.ts'
import { type Finder, type Found, type FoundRow, findRow, readOnceLocked, unchanging } from '../../mutation/lookup.ts'
import type { Row, Visibility } from '../../read/spec.ts'
import { ROOT_USERNAME, type User as UserRow } from './operations.ts'
import { mayManage, User } from './type.ts'

/** A user that an input names. */
export interface UserReference extends UserRow {
  isAdministrator: boolean
}

/** The visible user with this name, locked for a change. @throws NotFoundError */
export function findUser(finder: Finder, username: string, path: string): Promise<FoundRow<UserReference>> {
  const fits = sql`${fitsReference('user', { id: users.id, key: users.usernameKey }, username)} and ${users.deletedAt} is null`
  return findUserWhere(finder, fits, { path, what: 'The user' })
}

/** The visible user with this name; null where there is none. */
export async function findUserIfAny(finder: Finder, username: string): Promise<Found<UserReference | null>> {
  try {
    return await findUser(finder, username, '')
  } catch (error) {
    if (error instanceof NotFoundError) return unchanging(null)
    throw error
  }
}

/** The user who is the caller. @throws NotFoundError for the operator, who is not a user */
export function findSelf(finder: Finder, path: string): Promise<FoundRow<UserReference>> {
  return findOwner(finder, sql`${finder.self.userId ?? NOBODY_ID}`, path, 'The user (name one)')
}

/** An id that no user has. It stands for the id of the operator, who is not a user. */
const NOBODY_ID = '00000000-0000-0000-0000-000000000000'

/** The visible user with this name, or the caller where no name is given. @throws NotFoundError */
export function findUserOrSelf(finder: Finder, username: string | null | undefined, path: string) {
  return typeof username === 'string' ? findUser(finder, username, path) : findSelf(finder, path)
}

/** The user who owns something visible; `id` is an expression. @throws NotFoundError that names that thing */
export function findOwner(finder: Finder, id: SQL, path: string, what: string): Promise<FoundRow<UserReference>> {
  return findUserWhere(finder, sql`${users.id} = ${id}`, { path, what })
}

async function findUserWhere(finder: Finder, fits: SQL, at: { path: string; what: string }) {
  return withAdministration(finder, await findRow(finder, users, User.visible, fits, { ...at, lock: 'CHANGE' }))
}

/** The deleted user with this id, for callers that manage users in their organization. @throws NotFoundError */
export async function findDeletedUser(finder: Finder, id: string, path: string): Promise<FoundRow<UserReference>> {
  const what = 'The deleted user'
  const fits = sql`${users.id} = ${id} and ${users.deletedAt} is not null`
  // Deleted users are found by those that may restore them.
  const isManaged: Visibility = ({ organizationId }, caller) => mayManage({ organizationId }, caller)
  const found = await findRow(finder, users, isManaged, fits, { path, what, lock: 'CHANGE', deleted: true })
  return withAdministration(finder, found)
}

const readAdministers = render<string, { administers: boolean }>(
  (parameter) =>
    sql`select ${administersAt(
      parameter('uuid', (id) => id),
      NOW,
    )} as administers`,
)

function withAdministration(finder: Finder, { id, locked }: FoundRow<UserRow>): FoundRow<UserReference> {
  const isAdministrator = readOnceLocked(finder, async () => {
    const [read] = await readAdministers(finder.tx, id)
    return read?.administers ?? false
  })
  return { id, locked: () => ({ ...locked(), isAdministrator: isAdministrator.locked() }) }
}

/** A user in the form that rules need, made of columns, for each row of a list. */
export function userColumns(userId: unknown, organizationId: unknown): UserReference {
  return { id: userId, organizationId, isAdministrator: administersAt(userId, NOW) } as unknown as UserReference
}

/** Whether a row of a list is root, for what root never allows. */
export function isRootRow(user: Row): SQL {
  return sql`${user.usernameKey} = ${sql`${ROOT_USERNAME}`.inlineParams()}`
}

/** Whether a row of a list is a program, for what only people have. */
export function isServiceRow(user: Row): SQL {
  return sql`${user.kind} = 'SERVICE'`
}

/** The same as `userColumns`, for the user that a row belongs to. */
export function ownerColumns(userId: unknown): UserReference {
  return userColumns(userId, sql`(select o.organization_id from users as o where o.id = ${userId})`)
}
