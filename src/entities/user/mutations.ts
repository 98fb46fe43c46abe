import type { Caller } from '../../authority/caller.ts'
import { grantedByTakeover } from '../../authority/guard.ts'
import { ConflictError, InvalidInputError, type Issue } from '../../errors.ts'
import type { Context } from '../../graphql/context.ts'
import { expiryIssues, titleIssues, usernameFormIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import { findSelf, findUser, isRootRow, userColumns } from './lookup.ts'
import { emailNotices } from './notices.ts'
import {
  changeUser,
  endSuspension,
  isRoot,
  type Naming,
  ROOT_USERNAME,
  SERVICE_PREFIX,
  suspendUser,
} from './operations.ts'
import { User } from './type.ts'

/** The problems of a username for a person, which must not be a reserved name. */
export function usernameIssues(path: string, username: string | null | undefined): Issue[] {
  const name = username?.toLowerCase() ?? ''
  if (name === ROOT_USERNAME) return [{ path, message: '"root" is the server’s own.' }]
  if (name.startsWith(SERVICE_PREFIX)) {
    return [
      { path, message: `Names that begin with "${SERVICE_PREFIX}" are for service users: use createServiceUser.` },
    ]
  }
  return usernameFormIssues(path, username)
}

mutation({
  name: 'updateUser',
  description:
    'Changes a user. Fields that are omitted stay as they are. With a new username or e-mail the caller could take the user over, so to change those the caller must hold everything that the user holds.',
  input: (t) => ({
    user: t.string({ required: true, description: 'The username or id of the user.' }),
    username: t.string({ description: 'The new username of the user.' }),
    displayName: t.string({ description: 'A name for people to read; null removes it.' }),
    email: t.field({ type: 'EmailAddress', description: 'The address for notifications; null removes it.' }),
  }),
  payload: (p) => ({ user: p.loaded(User, 'The user after the change.') }),
  check: (input) => [
    ...usernameFormIssues('username', input.username),
    ...titleIssues('displayName', input.displayName),
  ],
  find: (finder, input) => ({ user: findUser(finder, input.user, 'user') }),
  target: ({ user }) => target('User', user),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  shownOn: [{ on: User, as: 'Update', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }) }],
  grants: ({ input, refs }) =>
    input.username === undefined && input.email === undefined ? null : grantedByTakeover(refs.user),
  errors: ['CONFLICT'],
  async run({ ctx, tx, caller, input, refs: { user } }) {
    if (typeof input.username === 'string') refuseWrongKind(user, input.username)
    if (user.kind === 'SERVICE' && input.email === null)
      throw new ConflictError('A service user has the e-mail of the person in charge.')
    await changeUser(tx, namingOf(ctx, caller), user, {
      username: input.username ?? undefined,
      displayName: input.displayName,
      email: input.email,
    })
    const { username, displayName, email } = user
    const after = {
      username: input.username ?? username,
      displayName: input.displayName === undefined ? displayName : input.displayName,
      email: input.email === undefined ? email : input.email,
    }
    return {
      values: { user: user.id },
      change: { before: { username, displayName, email }, after },
      notices: emailNotices(user, input.email),
    }
  },
})

mutation({
  name: 'updateViewer',
  description: 'Changes what users may change of themselves. Fields that are omitted stay as they are.',
  input: (t) => ({ displayName: t.string({ description: 'A name for people to read; null removes it.' }) }),
  payload: (p) => ({ user: p.loaded(User, 'The user who is the caller, after the change.') }),
  check: (input) => titleIssues('displayName', input.displayName),
  find: (finder) => ({ user: findSelf(finder, 'input') }),
  target: ({ user }) => target('User', user),
  may: (by) => by.anyUser(),
  grants: 'nothing',
  async run({ ctx, tx, caller, input: { displayName }, refs: { user } }) {
    await changeUser(tx, namingOf(ctx, caller), user, { displayName })
    const before = { displayName: user.displayName }
    return {
      values: { user: user.id },
      change: { before, after: displayName === undefined ? before : { displayName } },
    }
  },
})

/** Who gives a name, with the setting on names of deleted users. */
export function namingOf({ services }: Context, caller: Caller): Naming {
  return { caller, reservedDays: services.config.usernameReservedDays }
}

/** Refuses names that are reserved. @throws InvalidInputError where the name is for another kind of user */
export function refuseWrongKind(user: { kind: string; usernameKey: string }, username: string) {
  const name = username.toLowerCase()
  const refuse = (message: string) => {
    throw new InvalidInputError([{ path: 'username', message }])
  }
  if (name === ROOT_USERNAME && !isRoot(user)) refuse('"root" is the server’s own.')
  if (name.startsWith(SERVICE_PREFIX) !== (user.kind === 'SERVICE')) {
    refuse(`Names of service users, and theirs alone, begin with "${SERVICE_PREFIX}".`)
  }
}

mutation({
  name: 'disableUser',
  description:
    'Suspends a user: none of their keys is accepted and nothing they hold counts until they are enabled or the planned end is reached. Disabling again can extend the suspension, but never shortens it.',
  input: (t) => ({
    user: t.string({ required: true, description: 'The username or id of the user.' }),
    reason: t.string({ description: 'The reason, which is recorded in the audit.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'The planned end of the suspension; none by default.' }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The user after the change; null where the caller may not see disabled users.'),
    changed: p.boolean('False where the user was already disabled as long or longer.'),
  }),
  check: (input) => [...titleIssues('reason', input.reason), ...expiryIssues('expiresAt', input.expiresAt)],
  find: (finder, input) => ({ user: findUser(finder, input.user, 'user') }),
  target: ({ user }) => target('User', user),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  readOnlyMode: 'ALLOWED',
  shownOn: [
    { on: User, as: 'Disable', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }), never: isRootRow },
  ],
  grants: 'nothing',
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { user } }) {
    const suspension = { reason: input.reason ?? null, expiresAt: input.expiresAt?.toISOString() ?? null }
    const changed = await suspendUser(tx, caller, user, suspension)
    return {
      values: { user: user.id, changed },
      change: changed ? { after: suspension } : null,
      notices: [
        { userId: user.id, kind: 'USER_DISABLED', details: { until: suspension.expiresAt ?? 'they are enabled' } },
      ],
    }
  },
})

mutation({
  name: 'enableUser',
  description: 'Ends a user’s suspension: what the user holds counts again, so the caller must hold all of it.',
  input: (t) => ({ user: t.string({ required: true, description: 'The username or id of the user.' }) }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    changed: p.boolean('False where the user was not disabled.'),
  }),
  find: (finder, input) => ({ user: findUser(finder, input.user, 'user') }),
  target: ({ user }) => target('User', user),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  shownOn: [
    { on: User, as: 'Enable', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }), isGuarded: true },
  ],
  grants: ({ refs }) => grantedByTakeover(refs.user),
  async run({ tx, caller, refs: { user } }) {
    const changed = await endSuspension(tx, caller, user.id)
    return {
      values: { user: user.id, changed },
      change: changed ? { before: { isActive: false }, after: { isActive: true } } : null,
      notices: [{ userId: user.id, kind: 'USER_ENABLED' }],
    }
  },
})
