import { eq, type SQL, sql } from 'drizzle-orm'
import { API_KEY_ID, AUTHORITY, SESSION_ID } from '../../authority/caller-values.ts'
import { isCaller } from '../../authority/visibility.ts'
import { reads } from '../../graphql/builder.ts'
import type { CallerScope } from '../../read/spec.ts'
import { ApiKey } from '../api-key/type.ts'
import { HeldPermissionType, heldPermissions } from '../permission/held.ts'
import { Session, SessionConnection } from '../session/type.ts'
import { User } from './type.ts'

/** What the caller holds, as it was read with their credential. */
function callersAuthority(caller: CallerScope): SQL {
  return sql`(
    select h."what" as what, h."organizationId" as organization_id, h."projectId" as project_id, h."until" as until
    from json_to_recordset(${caller.param(AUTHORITY)}::json) as h("what" text, "organizationId" uuid, "projectId" uuid, "until" timestamptz)
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
      on: (_user, key, caller) => eq(key.id, caller.param(API_KEY_ID)),
    }),
    session: f.oneWhere(Session, {
      description: 'The session the request came with.',
      on: (_user, session, caller) => eq(session.id, caller.param(SESSION_ID)),
    }),
    sessions: f.connection('sessions', SessionConnection, {
      description: 'Where the caller is signed in, ended sessions of the last 30 days too.',
    }),
    expiresAt: f.expression({
      type: 'DateTime',
      nullable: true,
      description: 'When what the request came with ends by itself; null is never.',
      sql: (_user, caller) => sql`least(
        (select k.expires_at from api_keys as k where k.id = ${caller.param(API_KEY_ID)}),
        (select s.expires_at from sessions as s where s.id = ${caller.param(SESSION_ID)}))`,
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
