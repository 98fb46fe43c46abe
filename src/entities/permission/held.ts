import { type SQL, sql } from 'drizzle-orm'
import { allows } from '../../authority/held.ts'
import { seesScope } from '../../authority/visibility.ts'
import { permissions } from '../../db/tables.ts'
import type { ScopeName } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import type { CallerScope } from '../../read/spec.ts'
import { rowAs } from '../../read/sql.ts'
import { Permission } from './type.ts'

interface HeldPermission {
  name: string
  scope: ScopeName
  organization: string | null
  project: string | null
  until: string | null
}

export const HeldPermissionType = builder.objectRef<HeldPermission>('HeldPermission').implement({
  description: 'A permission that is held, within the limits of the key where a key is used.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    name: t.exposeString('name', {
      nullable: false,
      description: 'The dotted name of the permission, like `version.create`.',
    }),
    scope: t.field({
      type: ScopeKind,
      nullable: false,
      description:
        'The kind of scope on which it is held. What is held on a scope that the caller may not see is left out of the list.',
      resolve: ({ scope }) => scope,
    }),
    organization: t.exposeString('organization', {
      nullable: true,
      description: 'The name of the organization it is held in; null where it is held everywhere.',
    }),
    project: t.exposeString('project', {
      nullable: true,
      description: 'The code of the project it is held on; null where it is not held on a single project.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'The planned end; null where there is none.',
      resolve: (held) => held.until,
    }),
  }),
})

const WORDS = rowAs(permissions, 'word')

/** All permissions of an authority (what, organization_id, project_id, until) that the caller may see, on scopes that they may see. */
export function heldPermissions(authority: SQL, caller: CallerScope): SQL {
  // A permission that is held from several sources is listed once, with the end of the last one.
  const held = sql`(
    select word.name, a.organization_id, a.project_id, nullif(max(coalesce(a.until, 'infinity')), 'infinity') as until
    from ${authority} as a
    join permissions as word on ${allows(sql`a.what`, sql`word.name`)} and ${Permission.visible?.(WORDS, caller)}
    group by word.name, a.organization_id, a.project_id
  )`
  return sql`(
    select coalesce(json_agg(json_build_object('name', a.name, 'scope', ${scopeKindSql({ organizationId: sql`a.organization_id`, projectId: sql`a.project_id` })}, 'organization', o.name, 'project', j.code, 'until', a.until) order by a.name, o.name_key, j.code_key), '[]'::json)
    from ${held} as a
    left join organizations as o on o.id = a.organization_id
    left join projects as j on j.id = a.project_id
    where ${seesScope({ organizationId: sql`a.organization_id`, projectId: sql`a.project_id` }, caller) ?? sql`true`}
  )`
}
