import { and, eq, type SQL } from 'drizzle-orm'
import { holdsAt, NOW } from '../auth/held.ts'
import { builder } from '../builder.ts'
import type { Transaction } from '../db/database.ts'
import { organizations, projects, roleGrants, roles } from '../db/tables.ts'

/** A role that ended with its holder, by names: what it stood on may be gone too. */
export interface LostAccess {
  role: string
  organization: string | null
  project: string | null
}

export const LostAccessType = builder.objectRef<LostAccess>('LostAccess').implement({
  description: 'A role that a user held when they were deleted.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    role: t.exposeString('role', { nullable: false, description: 'The name of the role.' }),
    organization: t.exposeString('organization', {
      nullable: true,
      description: 'Where it was held; null is everywhere.',
    }),
    project: t.exposeString('project', {
      nullable: true,
      description: 'The project it was held on; null is not one alone.',
    }),
  }),
})

/** What a user holds by grant now, as far as `visible` goes. */
export function readAccess(tx: Transaction, userId: string, visible?: SQL): Promise<LostAccess[]> {
  return tx
    .select({ role: roles.name, organization: organizations.name, project: projects.code })
    .from(roleGrants)
    .innerJoin(roles, eq(roles.id, roleGrants.roleId))
    .leftJoin(organizations, eq(organizations.id, roleGrants.organizationId))
    .leftJoin(projects, eq(projects.id, roleGrants.projectId))
    .where(and(eq(roleGrants.userId, userId), holdsAt(roleGrants, NOW), visible))
    .orderBy(roles.name, roleGrants.since)
}
