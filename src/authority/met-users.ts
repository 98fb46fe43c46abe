/** Which users a caller meets in lists, and whose records they may read. */
import { or, type SQL, sql } from 'drizzle-orm'
import type { CallerScope } from '../read/spec.ts'
import { historyOf, holdsAt, NOW } from './held.ts'
import { holdsEverywhere, holdsInOrganization, holdsOnProject, isCaller, isHolder } from './visibility.ts'

const GRANT = historyOf('g')

/** The columns of a user, in a statement of whatever kind. */
interface UserColumns {
  id: unknown
  organizationId: unknown
}

/** The columns of the table of users in a statement that calls it so. */
export function usersAs(name: string): UserColumns {
  const table = sql.identifier(name)
  return { id: sql`${table}.id`, organizationId: sql`${table}.organization_id` }
}

/**
 * True for users whose records the caller may read: themselves, and users of organizations where they hold
 * `users.read`.
 */
export function mayReadRecord(user: UserColumns, caller: CallerScope): SQL | undefined {
  if (holdsEverywhere(caller, 'users.read')) return undefined
  return or(isCaller(caller, user.id), holdsInOrganization(caller, 'users.read', user.organizationId))
}

/**
 * True for users in the caller's lists: users whose records they may read, and holders on scopes whose users they read.
 */
export function isMet(user: UserColumns, caller: CallerScope, time: SQL = NOW): SQL | undefined {
  const readable = mayReadRecord(user, caller)
  return readable && or(readable, holdsWhereCallerReads(user, caller, time))
}

/** True for users that hold something on a scope whose users the caller may read. */
function holdsWhereCallerReads(user: UserColumns, caller: CallerScope, time: SQL): SQL | undefined {
  if (!isHolder(caller, 'users.read')) return undefined
  const inReach = holdsOnProject(caller, 'users.read', sql`g.project_id`, sql`g.organization_id`)
  const ofOrganization = holdsInOrganization(caller, 'users.read', sql`c.organization_id`)
  return or(
    sql`exists (select from role_grants as g where g.user_id = ${user.id} and ${holdsAt(GRANT, time)} and ${inReach})`,
    sql`exists (select from controller_grants as g join controllers as c on c.id = g.controller_id where g.user_id = ${user.id} and ${holdsAt(GRANT, time)} and ${ofOrganization})`,
    sql`exists (select from model_grants as g join models as m on m.id = g.model_id join controllers as c on c.id = m.controller_id where g.user_id = ${user.id} and ${holdsAt(GRANT, time)} and ${ofOrganization})`,
  )
}
