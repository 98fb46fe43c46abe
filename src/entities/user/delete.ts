/** The mutations that delete and restore users. */
import { eq, sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { grantedByMembership } from '../../authority/guard.ts'
import type { Transaction } from '../../db/database.ts'
import { credentials, users } from '../../db/tables.ts'
import { ConflictError } from '../../errors.ts'
import { usernameFormIssues } from '../../graphql/input-checks.ts'
import { readId } from '../../graphql/node-id.ts'
import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import { describeUses } from '../credential/lookup.ts'
import { detachCredentials } from '../credential/operations.ts'
import { findOrganizationById } from '../organization/lookup.ts'
import { findDeletedUser, findUser, isRootRow, type UserReference, userColumns } from './lookup.ts'
import { LostAccessType, readAccess } from './lost-access.ts'
import { namingOf, refuseWrongKind } from './mutations.ts'
import { bringBackUser, refuseRoot, removeUser } from './operations.ts'
import { User } from './type.ts'

mutation({
  name: 'deleteUser',
  description:
    'Deletes a user: their roles, levels, keys, sessions, password, ssh keys and credentials end, and their name can be used again; a new user with that name inherits nothing. Refused while a model uses a credential of the user, unless the credential is detached. ADMINISTRATOR must be revoked from an administrator first.',
  input: (t) => ({
    user: t.string({ required: true, description: 'The username or id of the user.' }),
    detachCredentials: t.boolean({
      description: 'True to let models that use the user’s credentials use none from now on.',
    }),
  }),
  payload: (p) => ({
    deletedId: p.value('ID', 'The id of the user, for `restoreUser`.'),
    name: p.string('The username, which can be used again.'),
    endedGrants: p.value('Int', 'The number of all grants that ended, also of users that the caller does not see.'),
    accessLost: p.value(
      [LostAccessType],
      'The roles and levels that the user held, as far as the caller may see them.',
    ),
  }),
  find: (finder, input) => ({ user: findUser(finder, input.user, 'user') }),
  target: ({ user }) => target('User', user),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  shownOn: [
    { on: User, as: 'Delete', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }), never: isRootRow },
  ],
  grants: 'nothing',
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { user } }) {
    refuseRoot(user)
    if (user.isAdministrator) {
      throw new ConflictError(`${user.username} is an administrator: revoke ADMINISTRATOR first.`)
    }
    const detachedModels = input.detachCredentials ? await detachCredentials(tx, user.id) : []
    await refuseUsedCredentials(tx, caller, user)
    const access = await readAccess(tx, user.id, null)
    const accessLost = await readAccess(tx, user.id, caller)
    const endedGrants = await removeUser(tx, caller, user)
    const { id, username } = user
    return {
      values: { deletedId: `user_${id}`, name: username, endedGrants, accessLost },
      change: { before: { username, access, ...(detachedModels.length > 0 && { detachedModels }) } },
      notices: [{ userId: id, kind: 'USER_DELETED' }],
    }
  },
})

/**
 * Refuses the deletion of a user whose credentials are used. @throws ConflictError that names the models that use them
 */
async function refuseUsedCredentials(tx: Transaction, caller: Caller, user: UserReference) {
  const models = await describeUses(tx, caller, eq(credentials.userId, user.id))
  if (models === null) return
  throw new ConflictError(
    `Credentials of ${user.username} are used by ${models}: let them use others first, or delete with detachCredentials.`,
  )
}

mutation({
  name: 'restoreUser',
  description:
    'Restores a deleted user, disabled and without roles and levels, with the old name or a new one. When the user is enabled, they hold what every member of their organization holds, so the caller must hold that too.',
  input: (t) => ({
    id: t.id({ required: true, description: 'The id that `deleteUser` returned.' }),
    username: t.string({ description: 'The new username; by default the old one.' }),
  }),
  payload: (p) => ({
    user: p.loadedIfAny(User, 'The restored user, who is disabled; null where the caller may not see disabled users.'),
  }),
  check: (input) => usernameFormIssues('username', input.username),
  async find(finder, input) {
    const user = await findDeletedUser(finder, readId('user', input.id, 'id'), 'id')
    const home = sql`(select u.organization_id from ${users} as u where u.id = ${user.id})`
    return { user, organization: await findOrganizationById(finder, home, 'id', 'The home of that user') }
  },
  target: ({ user }) => target('User', user),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  grants: ({ refs }) => grantedByMembership(refs.user.organizationId),
  errors: ['CONFLICT'],
  async run({ ctx, tx, caller, input, refs: { user } }) {
    const username = input.username ?? user.username
    refuseWrongKind(user, username)
    await bringBackUser(tx, namingOf(ctx, caller), user, username)
    return {
      values: { user: user.id },
      change: { after: { username, isActive: false } },
      notices: [{ userId: user.id, kind: 'USER_RESTORED' }],
    }
  },
})
