import { and, or, sql } from 'drizzle-orm'
import { EVERY_APPLICATION_WORD, EVERYTHING, SERVER_PERMISSIONS } from '../../authority/permissions.ts'
import { holdsEverywhere, organizationInReach } from '../../authority/visibility.ts'
import { filters, reads } from '../../graphql/builder.ts'

const SERVER_WORDS = Object.keys(SERVER_PERMISSIONS)

export const Permission = reads.type('Permission', {
  table: 'permissions',
  description:
    'A permission to do something. All callers see the permissions of the server; a permission of an application is visible to callers that see a role or an organization that names it.',
  authScopes: { signedIn: true },
  visible: (permission, caller) =>
    and(
      sql`${permission.name} not in ${[EVERYTHING, EVERY_APPLICATION_WORD]}`.inlineParams(),
      holdsEverywhere(caller, 'anything')
        ? undefined
        : or(
            sql`${permission.name} in ${SERVER_WORDS}`.inlineParams(),
            sql`exists (select from role_permissions as p join roles as r on r.id = p.role_id where p.permission = ${permission.name} and (r.organization_id is null or ${organizationInReach(caller, sql`r.organization_id`)}))`,
            sql`exists (select from base_permissions as b where b.permission = ${permission.name} and ${organizationInReach(caller, sql`b.organization_id`)})`,
          ),
    ),
  fields: (f) => ({
    name: f.column('name', {
      type: 'String',
      description: 'The dotted name of the permission, like `version.create`.',
    }),
    description: f.column('description', {
      type: 'String',
      description:
        'What the permission allows, for the permissions of the server; null for a permission of an application.',
    }),
  }),
})

const PermissionConnection = reads.connection('Permission', {
  table: 'permissions',
  node: Permission,
  orders: { NAME: ['name'] },
  defaultOrder: 'NAME',
  filters: { name: filters.name('name', 'Keeps only permissions whose name matches.') },
})

reads.queryConnection('permissions', PermissionConnection, {
  description: 'The permissions that a role can hold and the caller may see.',
  authScopes: { signedIn: true },
})
