import { eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { ApiKey } from '../api-key/type.ts'
import { allows } from '../auth/held.ts'
import { isCaller } from '../auth/visibility.ts'
import { builder, reads } from '../builder.ts'
import { permissions } from '../db/tables.ts'
import { Permission } from '../permission/schema.ts'
import type { Row } from '../read/spec.ts'
import { User } from '../user/type.ts'

interface HeldPermission {
  name: string
  organization: string | null
  project: string | null
  until: string | null
}

const HeldPermissionType = builder.objectRef<HeldPermission>('HeldPermission').implement({
  description: 'A permission the caller holds, within the limits of their key.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    name: t.exposeString('name', { nullable: false, description: 'The dotted word, like `version.create`.' }),
    organization: t.exposeString('organization', {
      nullable: true,
      description: 'The name of the organization it is held in; null is everywhere.',
    }),
    project: t.exposeString('project', {
      nullable: true,
      description: 'The code of the project it is held on; null is not one alone.',
    }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Its planned end; null is none.',
      resolve: (held) => held.until,
    }),
  }),
})

/** The permissions as the statement below names them. */
const WORDS = alias(permissions, 'word') as unknown as Row

const Viewer = reads.type('Viewer', {
  table: 'users',
  description: 'Who asks, with what, and what they may do.',
  authScopes: { signedIn: true },
  fields: (f) => ({
    user: f.same(User, { description: 'The caller.' }),
    apiKey: f.oneWhere(ApiKey, {
      description: 'The key the request came with.',
      on: (_user, key, caller) => eq(key.id, caller.param('apiKeyId', 'uuid')),
    }),
    permissions: f.expression({
      type: [HeldPermissionType] as never,
      description: 'Everything the caller may do, and where. What ADMINISTRATOR stands for is spelled out.',
      sql: (_user, caller) => sql`(
        select coalesce(json_agg(json_build_object('name', word.name, 'organization', o.name, 'project', j.code, 'until', a."until") order by word.name, o.name_key, j.code_key), '[]'::json)
        from json_to_recordset(${caller.param('authority', 'text')}::json) as a("what" text, "organizationId" uuid, "projectId" uuid, "until" timestamptz)
        join permissions as word on ${allows(sql`a."what"`, sql`word.name`)} and ${Permission.visible?.(WORDS, caller)}
        left join organizations as o on o.id = a."organizationId"
        left join projects as j on j.id = a."projectId"
      )`,
    }),
  }),
})

reads.queryOne('viewer', Viewer, {
  description: 'Who asks; null for the operator, who is no user.',
  authScopes: { signedIn: true },
  where: (user, caller) => isCaller(caller, user.id),
})
