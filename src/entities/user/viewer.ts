import { eq, sql } from 'drizzle-orm'
import { API_KEY_ID, AUTHORITY, MUST_CHANGE_PASSWORD, SESSION_ID } from '../../authority/caller-values.ts'
import { knownAuthority } from '../../authority/held.ts'
import { isCaller } from '../../authority/visibility.ts'
import { reads } from '../../graphql/builder.ts'
import { literal } from '../../read/sql.ts'
import { ApiKey } from '../api-key/type.ts'
import { HeldPermissionType, heldPermissions } from '../permission/held.ts'
import { Session, SessionConnection } from '../session/type.ts'
import { User } from './type.ts'

const Viewer = reads.type('Viewer', {
  table: 'users',
  description: 'The caller, the credential of the request, and what the caller may do.',
  authScopes: { signedIn: true },
  fields: (f) => ({
    user: f.same(User, { description: 'The user who is the caller.' }),
    apiKey: f.oneWhere(ApiKey, {
      description: 'The API key of the request; null where it used none.',
      on: (_user, key, caller) => eq(key.id, caller.param(API_KEY_ID)),
    }),
    session: f.oneWhere(Session, {
      description: 'The session of the request; null where it used none.',
      on: (_user, session, caller) => eq(session.id, caller.param(SESSION_ID)),
    }),
    sessions: f.connection('sessions', SessionConnection, {
      description: 'The sessions of the caller, including those that ended in the last 30 days.',
    }),
    expiresAt: f.expression({
      type: 'DateTime',
      nullable: true,
      description: 'The planned end of the key or session of the request; null where there is none.',
      sql: (_user, caller) => sql`least(
        (select k.expires_at from api_keys as k where k.id = ${caller.param(API_KEY_ID)}),
        (select s.expires_at from sessions as s where s.id = ${caller.param(SESSION_ID)}))`,
    }),
    mustChangePassword: f.expression({
      type: 'Boolean',
      description:
        'True where the request came in by a password that the caller must change first. Until then they can only call `viewer`, `changePassword`, `signOut` and `signIn`; every other field is refused with PASSWORD_CHANGE_REQUIRED.',
      sql: (_user, caller) => literal(caller.flag(MUST_CHANGE_PASSWORD)),
    }),
    permissions: f.objects({
      type: HeldPermissionType,
      description:
        'The permissions of the caller and their scopes. The permissions of ADMINISTRATOR are listed one by one. There are none while the caller must change their password.',
      of: (_user, caller) => heldPermissions(knownAuthority(caller.param(AUTHORITY)), caller),
    }),
  }),
})

reads.queryOne('viewer', Viewer, {
  description: 'The caller and the credential of the request; null for the operator, who is not a user.',
  authScopes: { signedIn: true },
  where: (user, caller) => isCaller(caller, user.id),
})
