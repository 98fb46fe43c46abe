import { type SQL, sql } from 'drizzle-orm'
import { holdsEverywhere, holdsInOrganization, isCaller, isHolder } from '../../authority/visibility.ts'
import type { CallerScope } from '../../read/spec.ts'

/** True where the caller is the user or may read their record. What belongs to a deleted user is not visible. */
export function mayReadOwned(userId: unknown, caller: CallerScope): SQL {
  const own = isCaller(caller, userId)
  if (!isHolder(caller, 'users.read')) return own
  const readable = holdsEverywhere(caller, 'users.read')
    ? sql`true`
    : sql`(${holdsInOrganization(caller, 'users.read', sql`u.organization_id`)} or ${own})`
  return sql`exists (select from users as u where u.id = ${userId} and u.deleted_at is null and ${readable})`
}
