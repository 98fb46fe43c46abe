/** Who holds a role, and who holds something on a project. */
import { sql } from 'drizzle-orm'
import { projectHoldersRelation, roleHoldersRelation } from '../../authority/derived.ts'
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

/** What is told of everything that is held on a scope. */
function holdingFields(f: HoldingFields) {
  return {
    scope: f.expression({
      type: ScopeKind as never,
      description: 'How wide it is held. A scope that the caller may not see is null below.',
      sql: scopeKindSql,
    }),
    organization: f.one('organization', Organization, {
      description: 'The organization it is held in; null is everywhere, or hidden.',
    }),
    project: f.one('project', Project, {
      description: 'The project it is held on; null is not one alone, or hidden.',
    }),
    via: f.column('via', { type: AccessVia as never, description: 'Through what they have it.' }),
    since: f.column('since', { type: 'DateTime', description: 'Since when it is held.' }),
    until: f.column('until', { type: 'DateTime', description: 'Its end, planned or not; null is none.' }),
    grantedBy: f.one('granter', User, {
      description: 'Who granted it; null for the operator or whom one may not see.',
    }),
  }
}

const SCOPE = {
  type: ScopeKind as never,
  description: 'Only what is held exactly so wide.',
  where: (row: Row, args: ArgumentScope, path: string) =>
    sql`${scopeKindSql(row as never)} = ${args.param(path, 'text')}`,
}

const RoleHolderConnection = reads.connection('RoleHolder', {
  table: 'roleHolders',
  relation: roleHoldersRelation,
  hasPast: true,
  node: User,
  via: 'user',
  visible: mayReadHolding,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  filters: { scope: SCOPE },
  fields: holdingFields,
})

reads.extend(Role, (f) => ({
  holders: f.connection('holders', RoleHolderConnection, {
    description:
      'The active users who hold the role, one item per scope, as far as the caller may read the users there.',
  }),
}))

const ProjectHolderConnection = reads.connection('ProjectHolder', {
  table: 'projectHolders',
  relation: projectHoldersRelation,
  hasPast: true,
  node: User,
  via: 'user',
  visible: mayReadHolding,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  filters: { scope: SCOPE },
  fields: (f) => ({
    role: f.one('role', Role, { description: 'The role they hold; null for what they hold as a member, or hidden.' }),
    permission: f.column('permission', { type: 'String', description: 'What they hold as a member; null for a role.' }),
    ...holdingFields(f as unknown as HoldingFields),
  }),
})

reads.extend(Project, (f) => ({
  holders: f.connection('holders', ProjectHolderConnection, {
    description:
      'The active users who hold something that reaches the project: by a role on it, in its organization or everywhere, or as members; one item per role and scope, or per permission. As far as the caller may read the users there.',
  }),
}))
