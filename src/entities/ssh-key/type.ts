import { and, isNull, sql } from 'drizzle-orm'
import { historyOf, holdsAt, isActiveAt, NOW } from '../../authority/held.ts'
import { reads } from '../../graphql/builder.ts'
import { Model } from '../model/type.ts'
import { mayReadOwned } from '../user/owned.ts'
import { User } from '../user/type.ts'

export const SshKey = reads.type('SshKey', {
  table: 'sshKeys',
  id: 'sshkey',
  description:
    'A public key with which a user logs in to machines. It is visible to the user and to callers that may read their record.',
  authScopes: { signedIn: true },
  visible: (key, caller) => and(isNull(key.deletedAt), mayReadOwned(key.userId, caller)),
  fields: (f) => ({
    type: f.column('type', { type: 'String', description: 'The type of the key, like `ssh-ed25519`.' }),
    fingerprint: f.column('fingerprint', {
      type: 'String',
      description: 'The SHA-256 fingerprint, as `ssh-keygen -lf` prints it; it identifies the key when it is removed.',
    }),
    comment: f.column('comment', {
      type: 'String',
      description: 'The comment after the key; null where there was none.',
    }),
    publicKey: f.expression({
      type: 'String',
      description: 'The key as a line of a `.pub` file.',
      sql: (key) => sql`concat_ws(' ', ${key.type}, ${key.blob}, ${key.comment})`,
    }),
    user: f.one('user', User, { implied: true, description: 'The user of the key.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the key was added.' }),
  }),
})

const SshKeyConnection = reads.connection('SshKey', {
  table: 'sshKeys',
  node: SshKey,
  visible: (key) => isNull(key.deletedAt),
  orders: { CREATED_AT: ['createdAt'] },
  defaultOrder: 'CREATED_AT',
})

reads.extend(User, (f) => ({
  sshKeys: f.connection('sshKeys', SshKeyConnection, {
    guard: 'record',
    description: 'The public keys with which the user logs in to machines.',
  }),
}))

const GRANT = historyOf('g')

reads.extend(Model, (f) => ({
  authorizedKeys: f.expression({
    type: ['String'],
    guard: 'admin',
    description:
      'The lines of `authorized_keys` for the machines of the model: the keys of all active users who were granted WRITE or more on it, or SUPERUSER on its controller, each followed by the username. Administrators and managers of controllers are included only where they were granted such a level. Visible to users with ADMIN on the model and to callers that see all of its controller.',
    sql: (model) => sql`(
      select coalesce(json_agg(concat_ws(' ', k.type, k.blob, u.username) order by u.username_key, k.created_at, k.id), '[]'::json)
      from ssh_keys as k join users as u on u.id = k.user_id
      where k.deleted_at is null and ${isActiveAt({ id: sql`u.id`, deletedAt: sql`u.deleted_at` }, NOW)} and (
        exists (select from model_grants as g where g.user_id = u.id and g.model_id = ${model.id} and g.level in ('WRITE', 'ADMIN') and ${holdsAt(GRANT, NOW)})
        or exists (select from controller_grants as g where g.user_id = u.id and g.controller_id = ${model.controllerId} and g.level = 'SUPERUSER' and ${holdsAt(GRANT, NOW)})
      )
    )`,
  }),
}))
