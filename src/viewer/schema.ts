import { eq, type SQL, sql } from 'drizzle-orm'
import { ApiKey } from '../api-key/type.ts'
import { isCaller } from '../auth/visibility.ts'
import { reads } from '../builder.ts'
import { HeldPermissionType, heldPermissions } from '../permission/held.ts'
import type { CallerScope } from '../read/spec.ts'
import { Session, SessionConnection } from '../session/type.ts'
import { User } from '../user/type.ts'

/** What the caller holds, as it was read with their credential. */
function callersAuthority(caller: CallerScope): SQL {
  return sql`(
    select h."what" as what, h."organizationId" as organization_id, h."projectId" as project_id, h."until" as until
    from json_to_recordset(${caller.param('authority', 'text')}::json) as h("what" text, "organizationId" uuid, "projectId" uuid, "until" timestamptz)
  )`
}

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
    session: f.oneWhere(Session, {
      description: 'The session the request came with.',
      on: (_user, session, caller) => eq(session.id, caller.param('sessionId', 'uuid')),
    }),
    sessions: f.connection('sessions', SessionConnection, {
      description: 'Where the caller is signed in, ended sessions of the last 30 days too.',
    }),
    expiresAt: f.expression({
      type: 'DateTime',
      nullable: true,
      description: 'When what the request came with ends by itself; null is never.',
      sql: (_user, caller) => sql`least(
        (select k.expires_at from api_keys as k where k.id = ${caller.param('apiKeyId', 'uuid')}),
        (select s.expires_at from sessions as s where s.id = ${caller.param('sessionId', 'uuid')}))`,
    }),
    permissions: f.expression({
      type: [HeldPermissionType] as never,
      description: 'Everything the caller may do, and where. What ADMINISTRATOR stands for is spelled out.',
      sql: (_user, caller) => heldPermissions(callersAuthority(caller), caller),
    }),
  }),
})

reads.queryOne('viewer', Viewer, {
  description: 'Who asks; null for the operator, who is no user.',
  authScopes: { signedIn: true },
  where: (user, caller) => isCaller(caller, user.id),
})
