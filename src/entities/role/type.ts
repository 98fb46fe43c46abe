import { and, type SQL, sql } from 'drizzle-orm'
import { allows, historyOf, holdsAt, NOW } from '../../authority/held.ts'
import { BUILT_IN_ROLES } from '../../authority/permissions.ts'
import { isThere } from '../../authority/visibility.ts'
import type { roles } from '../../db/tables.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { fitsArgument } from '../../graphql/references.ts'
import { Organization } from '../organization/type.ts'
import { Permission } from '../permission/type.ts'
import { isRoleInReach } from './visibility.ts'

const HELD_WORD = historyOf('p')

export const Role = reads.type('Role', {
  table: 'roles',
  id: 'role',
  description:
    'A named set of permissions. All callers see the roles of the server; the roles of an organization are visible to callers that see the organization.',
  authScopes: { signedIn: true },
  visible: (role, caller, time) => and(isThere(role, time), isRoleInReach(role, caller)),
  fields: (f) => ({
    name: f.column('name', { type: 'String', description: 'The name, unique in the server regardless of case.' }),
    title: f.column('title', { type: 'String', description: 'A title for people to read.' }),
    isBuiltIn: f.column('isBuiltIn', {
      type: 'Boolean',
      description: 'True for a role that comes with the server and never changes.',
    }),
    organization: f.one('organization', Organization, {
      description:
        'The organization of the role, and the only one it can be granted in; null for a role of the server.',
    }),
    permissions: f.many(Permission, {
      description: 'The permissions of the role. ADMINISTRATOR has every permission that exists.',
      on: (role, permission) =>
        sql`exists (select from role_permissions as p where p.role_id = ${role.id} and ${holdsAt(HELD_WORD, NOW)} and ${allows(sql`p.permission`, sql`${permission.name}`)})`,
      orderBy: ['name'],
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the role was created.' }),
  }),
})

const RoleConnection = reads.connection('Role', {
  table: 'roles',
  node: Role,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: {
    name: filters.name('nameKey', 'Keeps only roles whose name matches.'),
    createdAt: filters.time('createdAt', 'Keeps only roles created in the given period.'),
  },
})

reads.queryOne('role', Role, {
  description: 'Returns a role by its name or id.',
  authScopes: { signedIn: true },
  args: (arg) => ({
    name: arg.string({ required: true, description: 'The name of the role, in upper or lower case, or its id.' }),
  }),
  where: (role, _caller, args) => fitsArgument('role', { id: role.id, key: role.nameKey }, args, 'name'),
})

reads.queryConnection('roles', RoleConnection, {
  description: 'The roles that the caller may see.',
  authScopes: { signedIn: true },
})

/** The built-in roles that can't be held in an organization. */
const NOT_IN_ORGANIZATIONS = BUILT_IN_ROLES.filter(({ scopes }) => !scopes.includes('ORGANIZATION')).map(({ id }) => id)

function isGrantableIn(organization: { id: unknown }, role: typeof roles): SQL {
  const others = sql.join(
    NOT_IN_ORGANIZATIONS.map((id) => sql`${id}`.inlineParams()),
    sql`, `,
  )
  return sql`(${role.organizationId} = ${organization.id} or ${role.organizationId} is null and ${role.id} not in (${others}))`
}

reads.extend(Organization, (f) => ({
  roles: f.connection(isGrantableIn, RoleConnection, {
    description:
      'The roles that can be granted in the organization: its own, and those of the server, except built-in roles that can be held only everywhere.',
  }),
}))
