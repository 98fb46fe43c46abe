/** What other services ask about a credential that somebody showed them. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { GraphQLObjectType } from 'graphql'
import { BadCredentialError } from '../authentication/bad-credential.ts'
import { isOpenSession, isSessionOf, isUsableKey } from '../authentication/validity.ts'
import { type Caller, NOBODY } from '../authority/caller.ts'
import { authorityOf, isActiveAt, NOW } from '../authority/held.ts'
import { holdsEverywhere, holdsInOrganization } from '../authority/visibility.ts'
import { hashToken, readTokenId } from '../entities/api-key/token.ts'
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

/** Whoever may ask what the members of an organization may do; the user must be active too. */
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
  description: 'A key that works at this moment.',
  authScopes: { signedIn: true },
  visible: (key, caller) => and(isUsableKey(key, NOW), mayBeChecked(key.userId, caller)),
  fields: (f) => ({
    apiKey: f.same(ApiKey, { description: 'The key; null where the caller may not read its user’s record.' }),
    user: f.one('user', User, { nullable: true, description: 'Whose it is; null where hidden from the caller.' }),
    username: f.expression({
      type: 'String',
      description: 'Whose it is, by name.',
      sql: (key) => sql`(select u.username from users as u where u.id = ${key.userId})`,
    }),
    readOnly: f.column('readOnly', { type: 'Boolean', description: 'It is to change nothing.' }),
    expiresAt: f.column('expiresAt', { type: 'DateTime', description: 'When it ends by itself; null is never.' }),
    permissions: f.expression({
      type: [HeldPermissionType] as never,
      description: 'All that it may do, and where: what both its user and its limits allow.',
      sql: (key, caller) =>
        heldPermissions(authorityOf({ userId: sql`${key.userId}`, apiKeyId: sql`${key.id}` }), caller),
    }),
  }),
})

reads.queryOne('verifyApiKey', VerifiedApiKey, {
  description: `Is this a good key, whose, and what may it do? Null where it is not good, or not for the caller to ask about. ${WHO_MAY}`,
  authScopes: { permission: ['access.check'] },
  args: (arg) => ({
    secret: arg.string({
      required: true,
      description: 'What was shown as a key; in a variable, by POST.',
      extensions: { isSecret: true },
    }),
  }),
  before(ctx: Context, { secret }: { secret: string }, info) {
    refuseSpelledOut(ctx, info, 'secret')
    // Shown to another service it is used all the same.
    ctx.services.noteUse(hashToken(secret))
  },
  where: (key, _caller, args) =>
    // A text of another form can only be root's, which is nobody's to show to another service.
    and(eq(key.id, args.param('secret', 'uuid', readTokenId)), eq(key.hash, args.param('secret', 'bytea', hashToken))),
})

/** The caller, with what the token says that they ask about. */
type CallerWithClaims = Caller & { claims: TokenClaims }

function claim(caller: CallerScope, name: keyof TokenClaims, sqlType: string): SQL {
  return caller.param({ name: `claims ${name}`, sqlType, of: ({ claims }: CallerWithClaims) => claims[name] })
}

function claimsOf(caller: CallerScope) {
  return {
    userId: claim(caller, 'userId', 'uuid'),
    issuedAt: claim(caller, 'issuedAt', 'bigint'),
    expiresAt: claim(caller, 'expiresAt', 'bigint'),
  }
}

const VerifiedSession = reads.type('VerifiedSession', {
  table: 'sessions',
  description: 'A session that lasts at this moment.',
  authScopes: { signedIn: true },
  visible: (session, caller) =>
    and(isOpenSession(session, NOW), isSessionOf(session, claimsOf(caller)), mayBeChecked(session.userId, caller)),
  fields: (f) => ({
    session: f.same(Session, { description: 'The session; null where the caller may not read its user’s record.' }),
    user: f.one('user', User, { nullable: true, description: 'Who signed in; null where hidden from the caller.' }),
    username: f.expression({
      type: 'String',
      description: 'Who signed in, by name.',
      sql: (session) => sql`(select u.username from users as u where u.id = ${session.userId})`,
    }),
    expiresAt: f.column('expiresAt', { type: 'DateTime', description: 'When it ends by itself.' }),
    permissions: f.expression({
      type: [HeldPermissionType] as never,
      description: 'All that its user may do, and where.',
      sql: (session, caller) =>
        heldPermissions(authorityOf({ userId: sql`${session.userId}`, apiKeyId: null }), caller),
    }),
  }),
})

builder.queryField('verifySession', (t) =>
  t.field({
    type: VerifiedSession.ref,
    nullable: true,
    description: `Does the session of this token last at this moment, and what may its user do? A check of the signature alone can't know that it was ended. Null where it does not, or is not for the caller to ask about. ${WHO_MAY}`,
    authScopes: { permission: ['access.check'] },
    args: {
      token: t.arg.string({
        required: true,
        description: 'What was shown as a token; in a variable, by POST.',
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
