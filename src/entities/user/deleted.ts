/** The users who were deleted, for those who may restore them. */
import { and, isNotNull, sql } from 'drizzle-orm'
import { filters, reads } from '../../graphql/builder.ts'
import { Organization } from '../organization/type.ts'
import { mayManage, UserKind } from './type.ts'

const DeletedUser = reads.type('DeletedUser', {
  table: 'users',
  description: 'A user who was deleted: nobody can act as them, and they hold nothing. `restoreUser` brings them back.',
  authScopes: { signedIn: true },
  visible: (user, caller) => and(isNotNull(user.deletedAt), mayManage(user, caller)),
  fields: (f) => ({
    id: f.expression({
      type: 'ID',
      description: 'The id of the user, which `restoreUser` takes.',
      sql: (user) => sql`'user_' || ${user.id}`,
    }),
    username: f.column('username', {
      type: 'String',
      description: 'The username until the deletion; by now another user can have it.',
    }),
    displayName: f.column('displayName', { type: 'String', description: 'A name for people to read.' }),
    kind: f.column('kind', { type: UserKind, description: 'Whether the user was a person or a program.' }),
    organization: f.one('organization', Organization, {
      nullable: true,
      description: 'The home organization; null where it was deleted too.',
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the user was created.' }),
    deletedAt: f.column('deletedAt', { type: 'DateTime', description: 'The time when the user was deleted.' }),
  }),
})

reads.queryConnection(
  'deletedUsers',
  reads.connection('DeletedUser', {
    table: 'users',
    node: DeletedUser,
    orders: { USERNAME: ['usernameKey'], CREATED_AT: ['createdAt'] },
    defaultOrder: 'USERNAME',
    filters: { username: filters.name('usernameKey', 'Keeps only users whose username matches.') },
  }),
  {
    description:
      'The deleted users of organizations over which the caller holds `users.manage`, who could be restored.',
    authScopes: { signedIn: true },
  },
)
