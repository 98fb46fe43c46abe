/** Deleting users, and bringing them back. */
import { eq } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { membershipConfers } from '../../authority/guard.ts'
import type { Transaction } from '../../db/database.ts'
import { credentials } from '../../db/tables.ts'
import { ConflictError } from '../../errors.ts'
import { nameIssues } from '../../graphql/input-checks.ts'
import { readId } from '../../graphql/node-id.ts'
import { mutation } from '../../mutation/declare.ts'
import { changeOf } from '../audit/operations.ts'
import { describeUses } from '../credential/lookup.ts'
import { detachCredentials } from '../credential/operations.ts'
import { findOrganizationById } from '../organization/lookup.ts'
import { findDeletedUser, findUser, type UserReference, userColumns } from './lookup.ts'
import { LostAccessType, readAccess } from './lost-access.ts'
import { refuseReservedName } from './mutations.ts'
import { bringBackUser, isRoot, removeUser } from './operations.ts'
import { User } from './type.ts'

mutation({
  name: 'deleteUser',
  description:
    'Deletes a user: their roles, levels, keys, sessions, password, ssh keys and credentials end with them and their name is free; a new user of that name inherits nothing. Refused while a model uses a credential of theirs, unless that is detached. An administrator must be demoted first.',
  input: (t) => ({
    user: t.string({ required: true, description: 'Their username.' }),
    detachCredentials: t.boolean({ description: 'Let models that use their credentials use none from now on.' }),
  }),
  payload: (p) => ({
    id: p.value('ID', 'Their id, for `restoreUser`.'),
    username: p.value('String', 'The name that is free again.'),
    accessLost: p.value([LostAccessType], 'The roles and levels they held, as far as the caller may know.'),
  }),
  find: async (finder, input) => ({ user: await findUser(finder, input.user, 'user') }),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  shownOn: [{ on: User, as: 'Delete', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }) }],
  confers: 'nothing',
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { user } }) {
    if (user.isAdministrator && !isRoot(user)) {
      throw new ConflictError(`${user.username} is an administrator: revoke ADMINISTRATOR first.`)
    }
    const detachedModels = input.detachCredentials ? await detachCredentials(tx, user.id) : []
    await refuseUsedCredentials(tx, caller, user)
    const access = await readAccess(tx, user.id, null)
    const accessLost = await readAccess(tx, user.id, caller)
    await removeUser(tx, caller, user)
    const { id, username } = user
    return {
      values: { id: `user_${id}`, username, accessLost },
      change: changeOf('User', user, {
        before: { username, access, ...(detachedModels.length > 0 && { detachedModels }) },
      }),
      notices: [{ userId: id, kind: 'USER_DELETED' }],
    }
  },
})

/** @throws ConflictError naming the models that use a credential of the user */
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
    'Brings a deleted user back, disabled and without rights, under the old or a new name. They hold what every member holds once they are enabled, so the caller must hold that.',
  input: (t) => ({
    id: t.id({ required: true, description: 'The id that `deleteUser` gave.' }),
    username: t.string({ description: 'A new name; the old one by default.' }),
  }),
  payload: (p) => ({ user: p.loaded(User, 'The user, disabled.') }),
  check: (input) => nameIssues('username', input.username),
  async find(finder, input) {
    const user = await findDeletedUser(finder, readId('user', input.id, 'id'), 'id')
    return {
      user,
      organization: await findOrganizationById(finder, user.organizationId, 'id', 'The home of that user'),
    }
  },
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  confers: ({ refs }) => membershipConfers(refs.user.organizationId),
  errors: ['CONFLICT'],
  async run({ tx, input, refs: { user } }) {
    const username = input.username ?? user.username
    refuseReservedName(user, username)
    await bringBackUser(tx, user, username)
    return { values: { user: user.id }, change: changeOf('User', user, { after: { username, active: false } }) }
  },
})
