import { eq, sql } from 'drizzle-orm'
import { BadCredentialError } from '../../authentication/bad-credential.ts'
import { grantedByTakeover } from '../../authority/guard.ts'
import { users } from '../../db/tables.ts'
import { ConflictError, InvalidInputError } from '../../errors.ts'
import type { Context } from '../../graphql/context.ts'
import { nullIssues } from '../../graphql/input-checks.ts'
import { secretText } from '../../graphql/secret-input.ts'
import { mutation } from '../../mutation/declare.ts'
import { readOnceLocked } from '../../mutation/lookup.ts'
import { endApiKeys } from '../api-key/operations.ts'
import { target } from '../audit/targets.ts'
import { lockCredentials } from '../credential/operations.ts'
import { findSelf, findUser, isServiceRow, type UserReference, userColumns } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { hashPassword } from './hash.ts'
import { readPassword, refuseGuessable, setPassword } from './operations.ts'
import { confirmationIssues, isSamePassword, passwordIssues } from './policy.ts'

interface Replaced {
  /** The password that was there before; null where there was none. */
  former: { mustChange: boolean } | null
  mustChange: boolean
  /** The labels of the keys that were revoked with it. */
  endedLabels: string[]
}

/** The outcome of setting a new password. The audit records that it was set, and whether its user must change it. */
function passwordOutcome(user: UserReference, { former, mustChange, endedLabels }: Replaced) {
  const endedApiKeys = endedLabels.length
  const isTurned = (former?.mustChange ?? false) !== mustChange
  const revoked = endedLabels.map((label) => ({ userId: user.id, kind: 'KEY_REVOKED' as const, details: { label } }))
  return {
    values: { user: user.id, endedApiKeys },
    change: {
      ...(isTurned && { before: { mustChangePassword: !mustChange } }),
      after: { password: 'set', endedApiKeys, ...(isTurned && { mustChangePassword: mustChange }) },
    },
    notices: [{ userId: user.id, kind: 'PASSWORD_SET' as const }, ...revoked],
  }
}

const KEEP = {
  confirmPassword: 'The new password again, where it is typed twice.',
  endApiKeys: 'True to revoke the user’s API keys too; they stay valid by default.',
}

mutation({
  name: 'changePassword',
  description:
    'Changes the caller’s own password; their other sessions end. A user who must change their password first must give another one; their session can then do everything from the next request on. A caller that gives a wrong current password too often is refused with RATE_LIMITED for a while.',
  input: (t) => ({
    currentPassword: secretText(t, {
      required: false,
      description: 'The current password; omitted where there is none yet.',
    }),
    newPassword: secretText(t, { required: true, description: 'The new password; a long one is safer.' }),
    confirmPassword: secretText(t, { required: false, description: KEEP.confirmPassword }),
    endApiKeys: t.boolean({ description: KEEP.endApiKeys }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user who is the caller.'),
    endedApiKeys: p.value('Int', 'The number of API keys that were revoked.'),
  }),
  check: (input, config) => [
    ...passwordIssues('newPassword', input.newPassword, config),
    ...confirmationIssues('confirmPassword', input.confirmPassword, input.newPassword),
  ],
  async prepare(ctx, { currentPassword, newPassword }, dryRun) {
    const action = dryRun ? null : 'changePassword'
    return { setAt: await checkCurrent(ctx, currentPassword ?? null, action), hash: await hashPassword(newPassword) }
  },
  async find(finder) {
    const user = await findSelf(finder, 'input')
    return { user, hasPassword: readOnceLocked(finder, async () => (await readPassword(finder.tx, user.id)) !== null) }
  },
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.selfWithPassword(
      (refs) => refs.user.id,
      (refs) => refs.hasPassword,
    ),
  shownOn: [
    {
      on: User,
      as: 'ChangePassword',
      refs: (row) => ({
        user: userColumns(row.id, row.organizationId),
        hasPassword: sql`exists (select from passwords as w where w.user_id = ${row.id})`,
      }),
      never: isServiceRow,
    },
  ],
  grants: 'nothing',
  touchesCredentials: true,
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ ctx, tx, caller, input, dryRun, refs: { user }, prepared: { setAt, hash } }) {
    if (user.kind === 'SERVICE') throw new ConflictError('A service user has API keys and no password.')
    const former = await readPassword(tx, user.id)
    if ((former?.setAt ?? null) !== setAt) throw new ConflictError('The password was changed meanwhile.')
    // Another person may know the old password, so setting it again would change nothing.
    if (former?.mustChange && isSamePassword(input.newPassword, input.currentPassword))
      throw new InvalidInputError([{ path: 'newPassword', message: 'This is the password that must be changed.' }])
    const given = { path: 'newPassword', password: input.newPassword }
    await refuseGuessable(tx, ctx.services.config, user.id, given)
    await setPassword(tx, caller, user.id, { hash, mustChange: false })
    const endedLabels = input.endApiKeys ? await endApiKeys(tx, caller, user.id) : []
    // The caller holds again what they held nothing of. A dry run changes no password, so it must not show any of that.
    const isOwnAccess = caller.mustChangePassword && !dryRun
    return { ...passwordOutcome(user, { former, mustChange: false, endedLabels }), isOwnAccess }
  },
})

/** The time when the given password of the caller was set. @throws InvalidInputError where it is not their password */
async function checkCurrent(ctx: Context, password: string | null, action: string | null): Promise<string | null> {
  const { services, caller } = ctx
  const { db } = services.database
  const userId = caller?.userId ?? null
  if (userId === null) return null
  const wrong = (message: string) => new InvalidInputError([{ path: 'currentPassword', message }])
  if (password === null) {
    if ((await readPassword(db, userId)) === null) return null
    throw wrong('There is a password already: give it here.')
  }
  const [user] = await db.select({ username: users.username }).from(users).where(eq(users.id, userId))
  try {
    return (await services.passwords.check(user?.username ?? '', password, { ...ctx, action })).setAt
  } catch (error) {
    throw error instanceof BadCredentialError ? wrong('This is not the current password.') : error
  }
}

mutation({
  name: 'setUserPassword',
  description:
    'Sets the password of another user; all their sessions end. By default the user must change it: until then, a session or a request with that password can only call `changePassword`, `viewer`, `signOut` and `signIn`. Their keys are not affected. The caller could then act as that user, so the caller must hold everything that the user holds.',
  input: (t) => ({
    user: t.string({ required: true, description: 'The username or id of the user.' }),
    password: secretText(t, { required: true, description: 'The new password of the user.' }),
    confirmPassword: secretText(t, { required: false, description: KEEP.confirmPassword }),
    mustChangePassword: t.boolean({
      defaultValue: true,
      description: 'True where the user must change the password before they can do anything else with it.',
    }),
    endApiKeys: t.boolean({ description: KEEP.endApiKeys }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user whose password was set.'),
    endedApiKeys: p.value('Int', 'The number of API keys that were revoked.'),
  }),
  check: (input, config) => [
    ...passwordIssues('password', input.password, config),
    ...confirmationIssues('confirmPassword', input.confirmPassword, input.password),
    ...nullIssues('', { mustChangePassword: input.mustChangePassword }),
  ],
  prepare: async (_ctx, { password }) => ({ hash: await hashPassword(password) }),
  find: (finder, input) => ({ user: findUser(finder, input.user, 'user') }),
  target: ({ user }) => target('User', user),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  shownOn: [
    {
      on: User,
      as: 'SetPassword',
      refs: (row) => ({ user: userColumns(row.id, row.organizationId) }),
      never: isServiceRow,
      isGuarded: true,
    },
  ],
  grants: ({ refs }) => grantedByTakeover(refs.user),
  touchesCredentials: true,
  makesWayIn: true,
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ ctx, tx, caller, input, refs: { user }, prepared: { hash } }) {
    if (user.kind === 'SERVICE') throw new ConflictError('A service user has API keys and no password.')
    if (user.id === caller.userId) throw new ConflictError('Change your own with changePassword.')
    const given = { path: 'password', password: input.password }
    await refuseGuessable(tx, ctx.services.config, user.id, given)
    await lockCredentials(tx, user.id)
    const former = await readPassword(tx, user.id)
    const mustChange = input.mustChangePassword ?? true
    await setPassword(tx, caller, user.id, { hash, mustChange })
    const endedLabels = input.endApiKeys ? await endApiKeys(tx, caller, user.id) : []
    return passwordOutcome(user, { former, mustChange, endedLabels })
  },
})
