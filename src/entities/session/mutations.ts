import { and, eq, sql } from 'drizzle-orm'
import { BadCredentialError } from '../../authentication/bad-credential.ts'
import { isActiveAt, NOW } from '../../authority/held.ts'
import type { Transaction } from '../../db/database.ts'
import { organizations, passwords, users } from '../../db/tables.ts'
import { ForbiddenError, missingCircumstance, WrongCredentialsError } from '../../errors.ts'
import type { Context } from '../../graphql/context.ts'
import { secretText } from '../../graphql/secret-input.ts'
import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import type { CheckedPassword } from '../password/check.ts'
import { beginSession } from './operations.ts'

mutation({
  name: 'signIn',
  description:
    'Begins a session with a username and a password. The token is sent as `Authorization: Bearer …`. It is valid until it expires, the session is signed out, or its user is disabled, is deleted or gets another password. Where the document has no other field, a credential in the headers that is not valid is ignored. Where `mustChangePassword` is true, the session can only change the password first. A caller that gives a wrong password too often is refused with RATE_LIMITED for a while.',
  isPublic: true,
  hasDryRun: false,
  input: (t) => ({
    username: t.string({ required: true, description: 'The username of the user who signs in.' }),
    password: secretText(t, {
      required: true,
      description: 'The password, which is used exactly as given: it is not trimmed.',
    }),
  }),
  payload: (p) => ({
    token: p.value('String', 'The token of the session: a JWT, to be sent as `Authorization: Bearer …`.'),
    expiresAt: p.value('DateTime', 'The planned end of the session.'),
    mustChangePassword: p.boolean(
      'True where another user set this password, so that the user must change it with `changePassword` first. Until then every field but `changePassword`, `viewer`, `signOut` and `signIn` is refused with PASSWORD_CHANGE_REQUIRED.',
    ),
  }),
  async prepare(ctx, { username, password }) {
    if (ctx.services.config.passwordNeedsApiKey && !ctx.caller?.apiKey)
      throw new ForbiddenError(missingCircumstance('the API key of an application'))
    return checkPassword(ctx, username, password)
  },
  find: () => ({}),
  target: () => null,
  may: (by) => by.anyone(),
  readOnlyMode: 'ALLOWED',
  grants: 'nothing',
  errors: ['WRONG_CREDENTIALS'],
  async run({ ctx: { services, address }, tx, prepared }) {
    const user = await lockUser(tx, prepared)
    const session = await beginSession(tx, user.id, address)
    const after = { address, expiresAt: new Date(session.expiresAt * 1000).toISOString() }
    return {
      values: {
        token: await services.tokens.sign(tx, session, user),
        expiresAt: new Date(session.expiresAt * 1000),
        mustChangePassword: user.mustChangePassword,
      },
      change: {
        target: target('Session', { id: session.sessionId, organizationId: user.organizationId }),
        actorId: user.id,
        after,
      },
    }
  },
})

/** @throws WrongCredentialsError which is data and not UNAUTHENTICATED: clients send a request again that was UNAUTHENTICATED, and each time counts as a guess */
async function checkPassword(
  { services, requestId, address }: Context,
  username: string,
  password: string,
): Promise<CheckedPassword> {
  try {
    return await services.passwords.check(username, password, { requestId, address, action: 'signIn', caller: null })
  } catch (error) {
    throw error instanceof BadCredentialError ? new WrongCredentialsError() : error
  }
}

/** The user whose password was checked. @throws WrongCredentialsError where the password or the user has changed since */
async function lockUser(tx: Transaction, { userId, setAt }: CheckedPassword) {
  // Sign-ins of one user wait for each other, because the user's sessions are counted.
  await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('no key update')
  // A separate statement, so that it sees what was committed while the first one waited for the lock.
  const [user] = await tx
    .select({
      id: users.id,
      username: users.username,
      organizationId: users.organizationId,
      organization: organizations.name,
      mustChangePassword: passwords.mustChange,
    })
    .from(users)
    .innerJoin(organizations, eq(organizations.id, users.organizationId))
    .innerJoin(passwords, and(eq(passwords.userId, users.id), sql`${passwords.setAt} = ${setAt}`))
    .where(and(eq(users.id, userId), isActiveAt({ id: users.id, deletedAt: users.deletedAt }, NOW)))
  if (!user) throw new WrongCredentialsError()
  return user
}
