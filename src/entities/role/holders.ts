/** The users that hold a role, and the users that hold something on a project. */
import { sql } from 'drizzle-orm'
import { projectHoldersRelation, roleHoldersRelation } from '../../authority/derived.ts'
import { granterName } from '../../authority/met-users.ts'
import type { relations } from '../../db/relations.ts'
import { reads } from '../../graphql/builder.ts'
import { AccessVia, ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import type { ReadFields } from '../../read/declarations.ts'
import type { ArgumentScope, Row } from '../../read/spec.ts'
import { Organization } from '../organization/type.ts'
import { Project } from '../project/type.ts'
import { User } from '../user/type.ts'
import { mayReadHolding, Role } from './type.ts'

type HoldingFields = ReadFields<typeof relations, 'roleHolders'>

/** The fields common to everything that is held on a scope. */
function holdingFields(f: HoldingFields) {
  return {
    scope: f.expression({
      type: ScopeKind,
      description:
        'The kind of scope on which it is held. What is held on a scope that the caller may not see is left out of the list.',
      sql: scopeKindSql,
    }),
    organization: f.one('organization', Organization, {
      description: 'The organization it is held in; null where it is held everywhere.',
    }),
    project: f.one('project', Project, {
      description: 'The project it is held on; null where it is not held on a single project.',
    }),
    via: f.column('via', { type: AccessVia, description: 'The source through which the user has it.' }),
    since: f.column('since', { type: 'DateTime', description: 'The time since which it is held.' }),
    expiresAt: f.column('until', {
      type: 'DateTime',
      description: 'The end, planned or not; null where there is none.',
    }),
    grantedBy: f.one('granter', User, {
      description: 'The user who granted it; null for the operator, or where the caller may not see that user.',
    }),
    grantedByName: f.expression({
      type: 'String',
      nullable: true,
      description:
        'The username of the user who granted it, also where they were deleted; null for the operator, or where the caller does not meet that user in lists.',
      sql: (holding, caller) => granterName(holding.grantedBy, caller),
    }),
  }
}

const SCOPE = {
  type: ScopeKind,
  description: 'Keeps only what is held on exactly this kind of scope.',
  where: (row: Row, args: ArgumentScope, path: string) =>
    sql`${scopeKindSql({ organizationId: row.organizationId, projectId: row.projectId })} = ${args.param(path, 'text')}`,
}

const RoleHolderConnection = reads.connection('RoleHolder', {
  table: 'roleHolders',
  relation: roleHoldersRelation,
  hasPast: true,
  node: User,
  via: 'user',
  visible: mayReadHolding,
  impliesNode: () => true,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  filters: { scope: SCOPE },
  fields: holdingFields,
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
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  filters: { scope: SCOPE },
  fields: (f) => ({
    role: f.one('role', Role, {
      description:
        'The role that the user holds; null for a permission held as a member, or where the caller may not see the role.',
    }),
    permission: f.column('permission', {
      type: 'String',
      description: 'The permission that the user holds as a member; null for a role.',
    }),
    ...holdingFields(f as unknown as HoldingFields),
  }),
})

reads.extend(Project, (f) => ({
  holders: f.connection('holders', ProjectHolderConnection, {
    description:
      'The active users who hold something that applies to the project: by a role on it, in its organization or everywhere, or as members. One item per role and scope, or per permission, as far as the caller may read users on that scope.',
  }),
}))
