/** The roles that a user holds, the users that hold a role, and the users that hold something on a project. */
import { and, sql } from 'drizzle-orm'
import { projectHoldersRelation, roleHoldersRelation } from '../../authority/derived.ts'
import { holdsEverywhere, seesScope } from '../../authority/visibility.ts'
import { reads } from '../../graphql/builder.ts'
import { ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import type { ArgumentScope, Row } from '../../read/spec.ts'
import { Project } from '../project/type.ts'
import { Role } from '../role/type.ts'
import { mayReadGrant, mayReadHolding } from '../role/visibility.ts'
import { User } from '../user/type.ts'
import { grantedFor, Holding, heldFor, heldOnScope, nothingHeld } from './holding.ts'

const SCOPE = {
  type: ScopeKind,
  description: 'Keeps only what is held on exactly this kind of scope.',
  where: (row: Row, args: ArgumentScope, path: string) =>
    sql`${scopeKindSql({ organizationId: row.organizationId, projectId: row.projectId })} = ${args.param(path, 'text')}`,
}

const HeldRoleConnection = reads.connection('HeldRole', {
  table: 'roleGrants',
  node: Role,
  via: 'role',
  visible: (grant, caller) => and(mayReadGrant(grant, caller), seesScope(grant, caller)),
  // A grant ends with its role.
  impliesNode: (caller) => holdsEverywhere(caller, 'anything'),
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  interfaces: [Holding],
  fields: (f) => ({ ...nothingHeld(f), ...heldOnScope(f), ...grantedFor(f) }),
})

reads.extend(User, (f) => ({
  roles: f.connection('roleGrants', HeldRoleConnection, {
    guard: 'record',
    description: 'The roles that the user holds now: one item per role and scope. The edge contains the scope.',
  }),
}))

const RoleHolderConnection = reads.connection('RoleHolder', {
  table: 'roleHolders',
  relation: roleHoldersRelation,
  hasPast: true,
  isVisibilityDear: true,
  node: User,
  via: 'user',
  visible: mayReadHolding,
  impliesNode: () => true,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  filters: { scope: SCOPE },
  interfaces: [Holding],
  fields: (f) => ({ ...nothingHeld(f), ...heldOnScope(f), ...heldFor(f) }),
})

reads.extend(Role, (f) => ({
  holders: f.connection('holders', RoleHolderConnection, {
    description:
      'The active users who hold the role: one item per user and scope, as far as the caller may read users on that scope.',
  }),
}))

const ProjectHolderConnection = reads.connection('ProjectHolder', {
  table: 'projectHolders',
  relation: projectHoldersRelation,
  hasPast: true,
  node: User,
  via: 'user',
  visible: mayReadHolding,
  impliesNode: () => true,
  orders: { SINCE: ['begunAt', 'grantId', 'userId'] },
  defaultOrder: 'SINCE',
  filters: { scope: SCOPE },
  interfaces: [Holding],
  fields: (f) => ({
    ...nothingHeld(f),
    ...heldOnScope(f),
    ...heldFor(f),
    permission: f.column('permission', {
      type: 'String',
      description: 'The permission that the user holds as a member; null for a role.',
    }),
  }),
})

reads.extend(Project, (f) => ({
  holders: f.connection('holders', ProjectHolderConnection, {
    description:
      'The active users who hold something that applies to the project: by a role on it, in its organization or everywhere, or as members. One item per role and scope, or per permission, as far as the caller may read users on that scope.',
  }),
}))
