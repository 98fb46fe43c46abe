import { type SQL, sql } from 'drizzle-orm'
import { holdsEverywhere, holdsInOrganization, holdsSomewhere, isCaller } from '../../authority/visibility.ts'
import type { CallerScope } from '../../read/spec.ts'

/** What belongs to a user is seen by them and by whoever may read their record; it goes with a deleted user. */
export function mayReadOwned(userId: unknown, caller: CallerScope): SQL {
  const own = isCaller(caller, userId)
  if (!holdsSomewhere(caller, 'users.read')) return own
  const readable = holdsEverywhere(caller, 'users.read')
    ? sql`true`
    : sql`(${holdsInOrganization(caller, 'users.read', sql`u.organization_id`)} or ${own})`
  return sql`exists (select from users as u where u.id = ${userId} and u.deleted_at is null and ${readable})`
}
