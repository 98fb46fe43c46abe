/** Queries with which other services check a credential that was presented to them. */
import { and, eq, not, type SQL, sql } from 'drizzle-orm'
import type { GraphQLObjectType } from 'graphql'
import { BadCredentialError } from '../authentication/bad-credential.ts'
import { isOpenSession, isSessionOf, isUsableKey } from '../authentication/validity.ts'
import { type Caller, NOBODY } from '../authority/caller.ts'
import { authorityOf, isActiveAt, NOW } from '../authority/held.ts'
import { holdsEverywhere, holdsInOrganization } from '../authority/visibility.ts'
import { hashToken } from '../entities/api-key/token.ts'
import { ApiKey } from '../entities/api-key/type.ts'
import { HeldPermissionType, heldPermissions } from '../entities/permission/held.ts'
import { looksLikeSessionToken, type TokenClaims } from '../entities/session/token.ts'
import { Session } from '../entities/session/type.ts'
import { User } from '../entities/user/type.ts'
import { builder, reads } from '../graphql/builder.ts'
import type { Context } from '../graphql/context.ts'
import { refuseSpelledOut } from '../graphql/secret-argument.ts'
import { loadOne } from '../read/run.ts'
import type { CallerScope } from '../read/spec.ts'

/** True where the caller may ask what the members of the user's organization may do, and the user is active. */
function mayBeChecked(userId: unknown, caller: CallerScope): SQL {
  const inReach = holdsEverywhere(caller, 'access.check')
    ? sql`true`
    : holdsInOrganization(caller, 'access.check', sql`u.organization_id`)
  const active = isActiveAt({ id: sql`u.id`, deletedAt: sql`u.deleted_at` }, NOW)
  return sql`exists (select from users as u where u.id = ${userId} and ${active} and ${inReach})`
}

const WHO_MAY = 'Who may: holders of `access.check` over the home organization of its user.'

const VerifiedApiKey = reads.type('VerifiedApiKey', {
  table: 'apiKeys',
  description: 'An API key that is valid now.',
  authScopes: { signedIn: true },
  visible: (key, caller) => and(isUsableKey(key, NOW), mayBeChecked(key.userId, caller)),
  fields: (f) => ({
    apiKey: f.same(ApiKey, { description: 'The API key; null where the caller may not read the record of its user.' }),
    user: f.one('user', User, {
      nullable: true,
      description: 'The user of the key; null where the caller may not see the user.',
    }),
    userId: f.expression({
      type: 'ID',
      description:
        'The id of the user of the key. Keep the id and not the name: after a deletion another user can have the name.',
      sql: (key) => sql`'user_' || ${key.userId}`,
    }),
    username: f.expression({
      type: 'String',
      description: 'The username of the user of the key.',
      sql: (key) => sql`(select u.username from users as u where u.id = ${key.userId})`,
    }),
    isReadOnly: f.column('readOnly', { type: 'Boolean', description: 'True where the key may not change anything.' }),
    expiresAt: f.column('expiresAt', {
      type: 'DateTime',
      description: 'The planned end of the key; null where there is none.',
    }),
    permissions: f.objects({
      type: HeldPermissionType,
      description: 'The permissions of the key and their scopes: what both its user and its limits allow.',
      of: (key, caller) =>
        heldPermissions(authorityOf({ userId: sql`${key.userId}`, apiKeyId: sql`${key.id}` }), caller),
    }),
  }),
})

reads.queryOne('verifyApiKey', VerifiedApiKey, {
  description: `Verifies an API key and returns its user and permissions. Null where the key is not valid, or where the caller may not ask about it. ${WHO_MAY}`,
  authScopes: { permission: ['access.check'] },
  args: (arg) => ({
    secret: arg.string({
      required: true,
      description: 'The text that was presented as a key. It must be sent in a variable, by POST.',
      extensions: { isSecret: true },
    }),
  }),
  before(context, args, selected) {
    const [ctx, { secret }] = [context as Context, args as { secret: string }]
    refuseSpelledOut(ctx, selected, 'secret')
    // A key that is presented to another service counts as used.
    ctx.services.noteUse(hashToken(secret))
  },
  // The hash alone names the key, because the key of ROOT_API_KEY contains no id. Only one key that is not revoked has it.
  where: (key, _caller, args) => eq(key.hash, args.param('secret', 'bytea', hashToken)),
})

/** True where the user must change their password first: their sessions can do nothing else until then. */
function mustChangePassword(userId: unknown): SQL {
  return sql`exists (select from passwords as p where p.user_id = ${userId} and p.must_change)`
}

/** The caller, with the claims of the token that they ask about. */
type CallerWithClaims = Caller & { claims: TokenClaims }

function claim(caller: CallerScope, name: keyof TokenClaims, sqlType: string): SQL {
  return caller.param({ name: `claims ${name}`, sqlType, of: ({ claims }: CallerWithClaims) => claims[name] })
}

function claimsOf(caller: CallerScope) {
  return {
    userId: claim(caller, 'userId', 'uuid'),
    keyId: claim(caller, 'keyId', 'uuid'),
    issuedAt: claim(caller, 'issuedAt', 'bigint'),
    expiresAt: claim(caller, 'expiresAt', 'bigint'),
  }
}

const VerifiedSession = reads.type('VerifiedSession', {
  table: 'sessions',
  description: 'A session that is open now, and whose user does not have to change their password first.',
  authScopes: { signedIn: true },
  visible: (session, caller) =>
    and(
      isOpenSession(session, NOW),
      isSessionOf(session, claimsOf(caller)),
      mayBeChecked(session.userId, caller),
      not(mustChangePassword(session.userId)),
    ),
  fields: (f) => ({
    session: f.same(Session, {
      description: 'The session; null where the caller may not read the record of its user.',
    }),
    user: f.one('user', User, {
      nullable: true,
      description: 'The user who signed in; null where the caller may not see the user.',
    }),
    userId: f.expression({
      type: 'ID',
      description:
        'The id of the user who signed in. Keep the id and not the name: after a deletion another user can have the name.',
      sql: (session) => sql`'user_' || ${session.userId}`,
    }),
    username: f.expression({
      type: 'String',
      description: 'The username of the user who signed in.',
      sql: (session) => sql`(select u.username from users as u where u.id = ${session.userId})`,
    }),
    expiresAt: f.column('expiresAt', { type: 'DateTime', description: 'The planned end of the session.' }),
    permissions: f.objects({
      type: HeldPermissionType,
      description: 'The permissions of its user and their scopes.',
      of: (session, caller) => heldPermissions(authorityOf({ userId: sql`${session.userId}`, apiKeyId: null }), caller),
    }),
  }),
})

builder.queryField('verifySession', (t) =>
  t.field({
    type: VerifiedSession.ref,
    nullable: true,
    description: `Verifies that the session of this token is open now, and returns what its user may do. A check of the signature alone can’t detect that a session was ended. Null where the session is not open, where its user must change their password first, or where the caller may not ask about it. ${WHO_MAY}`,
    authScopes: { permission: ['access.check'] },
    args: {
      token: t.arg.string({
        required: true,
        description: 'The text that was presented as a token. It must be sent in a variable, by POST.',
        extensions: { isSecret: true },
      }),
    },
    async resolve(_root, { token }, ctx, info) {
      refuseSpelledOut(ctx, info, 'token')
      try {
        if (!looksLikeSessionToken(token)) return null
        const { tokens, database } = ctx.services
        const claims = await tokens.verify(database.db, token)
        const type = info.schema.getType(VerifiedSession.name) as GraphQLObjectType
        const caller: CallerWithClaims = { ...(ctx.caller ?? NOBODY), claims }
        return await loadOne<'VerifiedSession'>({ ...ctx.reading, caller }, type, claims.sessionId, info)
      } catch (error) {
        if (error instanceof BadCredentialError) return null
        throw error
      }
    },
  }),
)
