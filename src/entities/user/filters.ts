/** Filters of users by what is not a column of theirs. */
import { and, sql } from 'drizzle-orm'
import { ADMINISTRATORS } from '../../authority/administrators.ts'
import { historyOf, holdsAt, NOW } from '../../authority/held.ts'
import { seesScope } from '../../authority/visibility.ts'
import { filters } from '../../graphql/builder.ts'
import { fitsArgument } from '../../graphql/references.ts'
import type { Filter } from '../../read/declarations.ts'
import { isRoleInReach, mayReadHolding } from '../role/visibility.ts'

const SUSPENDED = sql`(select s.user_id from user_suspensions as s where ${holdsAt(historyOf('s'), NOW)})`

export const userFilters: Record<string, Filter> = {
  isActive: filters.whether(
    false,
    ({ id }) => sql`${id} in ${SUSPENDED}`,
    'Keeps only users that are not suspended; with false, only suspended ones.',
  ),
  isAdmin: filters.whether(
    true,
    ({ id }) => sql`${id} in ${ADMINISTRATORS}`,
    'Keeps only users that hold the role ADMINISTRATOR; with false, only the others.',
  ),
  role: {
    type: 'String',
    description:
      'Keeps only users that hold the role with this name or id now, on any scope. Only grants that the caller may read count.',
    where: (user, args, path, caller) => {
      const grant = { userId: sql`g.user_id`, organizationId: sql`g.organization_id`, projectId: sql`g.project_id` }
      const isRole = fitsArgument('role', { id: sql`r.id`, key: sql`r.name_key` }, args, path)
      const isReadable = and(holdsAt(historyOf('g'), NOW), mayReadHolding(grant, caller), seesScope(grant, caller))
      const isVisible = and(
        sql`r.deleted_at is null`,
        isRoleInReach({ organizationId: sql`r.organization_id` }, caller),
      )
      return sql`${user.id} in (
        select g.user_id from role_grants as g join roles as r on r.id = g.role_id
        where ${isRole} and ${isVisible} and ${isReadable})`
    },
  },
  notSeenSince: {
    ...filters.notSince(
      'lastSeenAt',
      'Keeps only users that sent no request since this time, also those that never did. A request is noted at most once a day for each user.',
    ),
    column: 'lastSeenAt',
  },
}
