import { type SQL, sql } from 'drizzle-orm'
import { allows } from '../../authority/held.ts'
import { seesScope } from '../../authority/visibility.ts'
import { permissions } from '../../db/tables.ts'
import { plain } from '../../graphql/builder.ts'
import { ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import { pick } from '../../read/run.ts'
import type { CallerScope, Objects } from '../../read/spec.ts'
import { rowAs } from '../../read/sql.ts'
import { Permission } from './type.ts'

/** Its values are written by `heldPermissions`. */
export const HeldPermissionType = plain.objectRef<Record<string, unknown>>('HeldPermission')
plain.objectType(HeldPermissionType, {
  description: 'A permission that is held, within the limits of the key where a key is used.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    name: t.field({
      type: 'String',
      nullable: false,
      description: 'The dotted name of the permission, like `version.create`.',
      resolve: pick,
    }),
    scope: t.field({
      type: ScopeKind,
      nullable: false,
      description:
        'The kind of scope on which it is held. What is held on a scope that the caller may not see is left out of the list.',
      resolve: pick,
    }),
    organization: t.field({
      type: 'String',
      nullable: true,
      description: 'The name of the organization it is held in; null where it is held everywhere.',
      resolve: pick,
    }),
    project: t.field({
      type: 'String',
      nullable: true,
      description: 'The code of the project it is held on; null where it is not held on a single project.',
      resolve: pick,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'The planned end; null where there is none.',
      resolve: pick,
    }),
  }),
})

const WORDS = rowAs(permissions, 'word')

/** All permissions of an authority (what, organization_id, project_id, until) that the caller may see, on scopes that they may see. */
export function heldPermissions(authority: SQL, caller: CallerScope): Objects {
  const scope = { organizationId: sql`held.organization_id`, projectId: sql`held.project_id` }
  // A permission that is held from several sources is listed once, with the end of the last one.
  const held = sql`(
    select word.name, a.organization_id, a.project_id, nullif(max(coalesce(a.until, 'infinity')), 'infinity') as until
    from ${authority} as a
    join permissions as word on ${allows(sql`a.what`, sql`word.name`)} and ${Permission.visible?.(WORDS, caller)}
    group by word.name, a.organization_id, a.project_id
  )`
  return {
    from: sql`${held} as held
    left join organizations as o on o.id = held.organization_id
    left join projects as j on j.id = held.project_id
    where ${seesScope(scope, caller) ?? sql`true`}`,
    orderBy: sql`held.name, o.name_key, j.code_key`,
    values: {
      name: sql`held.name`,
      scope: scopeKindSql(scope),
      organization: sql`o.name`,
      project: sql`j.code`,
      expiresAt: sql`held.until`,
    },
  }
}
