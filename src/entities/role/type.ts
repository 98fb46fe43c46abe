import { and, eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import { allows, holdsAt, NOW } from '../../authority/held.ts'
import {
  holdsEverywhere,
  holdsInOrganization,
  holdsOnProject,
  holdsSomewhere,
  isCaller,
  isThere,
  organizationInReach,
} from '../../authority/visibility.ts'
import type { roleGrants } from '../../db/tables.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import { lowerCase } from '../../read/filters.ts'
import type { CallerScope } from '../../read/spec.ts'
import { Organization } from '../organization/type.ts'
import { Permission } from '../permission/type.ts'
import { Project } from '../project/type.ts'
import { User } from '../user/type.ts'

const HELD_WORD = { since: sql`p.since`, expiresAt: sql`p.expires_at`, endedAt: sql`p.ended_at` }

export const Role = reads.type('Role', {
  table: 'roles',
  id: 'role',
  description:
    'A named set of permissions. Roles of the server are known to all, those of an organization to whoever sees the organization.',
  authScopes: { signedIn: true },
  visible: (role, caller, time) =>
    and(
      isThere(role, time),
      holdsEverywhere(caller, 'anything')
        ? undefined
        : or(isNull(role.organizationId), organizationInReach(caller, role.organizationId)),
    ),
  fields: (f) => ({
    name: f.column('name', { type: 'String', description: 'Unique in the server, whatever its case.' }),
    title: f.column('title', { type: 'String', description: 'For people.' }),
    isBuiltIn: f.column('isBuiltIn', { type: 'Boolean', description: 'Comes with the server and never changes.' }),
    organization: f.one('organization', Organization, {
      description: 'Whose it is, and the only one it can be granted in; null for a role of the server.',
    }),
    permissions: f.many(Permission, {
      description: 'What it allows. ADMINISTRATOR has every permission there is.',
      on: (role, permission) =>
        sql`exists (select from role_permissions as p where p.role_id = ${role.id} and ${holdsAt(HELD_WORD, NOW)} and ${allows(sql`p.permission`, sql`${permission.name}`)})`,
      orderBy: ['name'],
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was created.' }),
  }),
})

const RoleConnection = reads.connection('Role', {
  table: 'roles',
  node: Role,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Only those whose name fits.'),
    createdAt: filters.time('createdAt', 'Only what was created then.'),
  },
})

reads.queryOne('role', Role, {
  description: 'A role by name.',
  authScopes: { signedIn: true },
  args: (arg) => ({ name: arg.string({ required: true, description: 'Its name, in any case.' }) }),
  where: (role, _caller, args) => eq(role.nameKey, args.param('name', 'text', lowerCase)),
})

reads.queryConnection('roles', RoleConnection, {
  description: 'The roles the caller may see.',
  authScopes: { signedIn: true },
})

reads.extend(Organization, (f) => ({
  roles: f.connection('roles', RoleConnection, { description: 'The organization’s own roles.' }),
}))

/** Grants the caller may see: their own, those on scopes whose users they read, those everywhere of such users. */
export function mayReadHolding(holding: Holding, caller: CallerScope): SQL | undefined {
  if (holdsEverywhere(caller, 'users.read')) return undefined
  const own = isCaller(caller, holding.userId)
  if (!holdsSomewhere(caller, 'users.read')) return own
  const onScope = holdsOnProject(caller, 'users.read', holding.projectId, holding.organizationId)
  const home = holdsInOrganization(caller, 'users.read', sql`u.organization_id`)
  const everywhere = sql`(${holding.organizationId} is null and exists (select from users as u where u.id = ${holding.userId} and ${home}))`
  return or(own, onScope, everywhere)
}

/** Something held by a user on a scope. */
interface Holding {
  userId: unknown
  organizationId: unknown
  projectId: unknown
}

/** The same of grants that hold now. */
export function mayReadGrant(grant: typeof roleGrants, caller: CallerScope): SQL | undefined {
  return and(holdsAt(grant, NOW), mayReadHolding(grant, caller))
}

/** Where and how long a role is held. */
const HeldRoleConnection = reads.connection('HeldRole', {
  table: 'roleGrants',
  node: Role,
  via: 'role',
  visible: mayReadGrant,
  orders: { SINCE: ['since'] },
  defaultOrder: 'SINCE',
  fields: (f) => ({
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
    since: f.column('since', { type: 'DateTime', description: 'Since when it is held.' }),
    until: f.column('expiresAt', { type: 'DateTime', description: 'Its planned end; null is none.' }),
    grantedBy: f.one('granter', User, {
      description: 'Who granted it; null for the operator or whom one may not see.',
    }),
  }),
})

reads.extend(User, (f) => ({
  roles: f.connection('roleGrants', HeldRoleConnection, {
    guard: 'record',
    description: 'The roles they hold now, one item per role and scope; the scope stands on the edge.',
  }),
}))
