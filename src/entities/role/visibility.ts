/** Which roles, and which grants of them, a caller may see. */
import { and, or, type SQL, sql } from 'drizzle-orm'
import { holdsAt, NOW } from '../../authority/held.ts'
import {
  holdsEverywhere,
  holdsInOrganization,
  holdsOnProject,
  isCaller,
  organizationInReach,
  seesOnlyOwnHoldings,
} from '../../authority/visibility.ts'
import type { roleGrants } from '../../db/tables.ts'
import type { CallerScope } from '../../read/spec.ts'

/** The roles of the server, and those of organizations that the caller sees. */
export function isRoleInReach({ organizationId }: { organizationId: unknown }, caller: CallerScope): SQL | undefined {
  if (holdsEverywhere(caller, 'anything')) return undefined
  return or(sql`${organizationId} is null`, organizationInReach(caller, organizationId))
}

/**
 * The grants the caller may see: their own, those on scopes whose users they may read, those everywhere of such users.
 */
export function mayReadHolding(holding: Holding, caller: CallerScope): SQL | undefined {
  if (holdsEverywhere(caller, 'users.read')) return undefined
  const own = isCaller(caller, holding.userId)
  if (seesOnlyOwnHoldings(caller)) return own
  const onScope = holdsOnProject(caller, 'users.read', holding.projectId, holding.organizationId)
  const home = holdsInOrganization(caller, 'users.read', sql`u.organization_id`)
  const everywhere = sql`(${holding.organizationId} is null and exists (select from users as u where u.id = ${holding.userId} and ${home}))`
  return or(own, onScope, everywhere)
}

/** Something that a user holds on a scope. */
interface Holding {
  userId: unknown
  organizationId: unknown
  projectId: unknown
}

/** The same as `mayReadHolding`, for grants that are in effect now. */
export function mayReadGrant(grant: typeof roleGrants, caller: CallerScope): SQL | undefined {
  return and(holdsAt(grant, NOW), mayReadHolding(grant, caller))
}
