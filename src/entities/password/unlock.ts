import { reads } from '../../graphql/builder.ts'
import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import { findUser, userColumns } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { forgetGuesses, lockedUntil } from './guesses.ts'

reads.extend(User, (f) => ({
  signInLockedUntil: f.expression({
    type: 'DateTime',
    nullable: true,
    guard: 'manager',
    description:
      'The time until which sign-ins of the user are refused with RATE_LIMITED from at least one address, because of wrong passwords; null where they are not. Visible to holders of `users.manage` over the user’s organization, and to administrators; other callers get null and FORBIDDEN.',
    sql: (user) => lockedUntil(user.usernameKey),
  }),
}))

mutation({
  name: 'unlockUser',
  description:
    'Forgets the wrong passwords that were given for a user, so that the user can sign in again at once. The count of an address over all users stays.',
  input: (t) => ({ user: t.string({ required: true, description: 'The username or id of the user.' }) }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    changed: p.boolean('False where no wrong password was counted.'),
  }),
  find: (finder, input) => ({ user: findUser(finder, input.user, 'user') }),
  target: ({ user }) => target('User', user),
  may: (by) => by.permissionOverUser('users.manage', (refs) => refs.user),
  shownOn: [{ on: User, as: 'Unlock', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }) }],
  grants: 'nothing',
  async run({ tx, refs: { user } }) {
    const wrongPasswords = await forgetGuesses(tx, user.id)
    const changed = wrongPasswords > 0
    const change = changed ? { before: { wrongPasswords }, after: { wrongPasswords: 0 } } : null
    return { values: { user: user.id, changed }, change }
  },
})
