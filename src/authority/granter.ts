/** Who granted what is held. */
import { type SQL, sql } from 'drizzle-orm'
import type { CallerScope } from '../read/spec.ts'
import { isMet, usersAs } from './met-users.ts'

/** The id of the user who granted what a holding is derived from; null for the operator. */
export function granterOf(grantId: unknown): SQL {
  const ofGrants = ['role_grants', 'controller_grants', 'model_grants', 'base_permissions'].map(
    (table) => sql`(select g.granted_by from ${sql.identifier(table)} as g where g.id = ${grantId})`,
  )
  return sql`coalesce(${sql.join(ofGrants, sql`, `)})`
}

/** The name of the user who granted something, also where they were deleted; null where the caller may not see them. */
export function granterName(grantedBy: unknown, caller: CallerScope): SQL {
  const known = isMet(usersAs('granter'), caller) ?? sql`true`
  return sql`(select granter.username from users as granter where granter.id = ${grantedBy} and ${known})`
}
