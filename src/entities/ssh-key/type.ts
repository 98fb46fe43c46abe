import { and, isNull, sql } from 'drizzle-orm'
import { holdsAt, isActiveAt, NOW } from '../../authority/held.ts'
import { reads } from '../../graphql/builder.ts'
import { Model } from '../model/type.ts'
import { mayReadOwned } from '../user/owned.ts'
import { User } from '../user/type.ts'

export const SshKey = reads.type('SshKey', {
  table: 'sshKeys',
  id: 'sshkey',
  description: 'A public key with which a user logs in to machines. Seen by them and by who may read their record.',
  authScopes: { signedIn: true },
  visible: (key, caller) => and(isNull(key.deletedAt), mayReadOwned(key.userId, caller)),
  fields: (f) => ({
    type: f.column('type', { type: 'String', description: 'Like `ssh-ed25519`.' }),
    fingerprint: f.column('fingerprint', {
      type: 'String',
      description: 'SHA-256, as `ssh-keygen -lf` prints it; it names the key when it is removed.',
    }),
    comment: f.column('comment', { type: 'String', description: 'What stood after the key.' }),
    publicKey: f.expression({
      type: 'String',
      description: 'The line of the `.pub` file.',
      sql: (key) => sql`concat_ws(' ', ${key.type}, ${key.blob}, ${key.comment})`,
    }),
    user: f.one('user', User, { implied: true, description: 'Whose it is.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was added.' }),
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
    description: 'The keys with which they log in to machines.',
  }),
}))

const GRANT = { since: sql`g.since`, expiresAt: sql`g.expires_at`, endedAt: sql`g.ended_at` }

reads.extend(Model, (f) => ({
  authorizedKeys: f.expression({
    type: ['String'] as never,
    guard: 'admin',
    description:
      'The lines of `authorized_keys` for its machines: the keys of all active users who were granted WRITE or more on it, or SUPERUSER on its controller, each with the username behind it. Administrators and managers of controllers are not among them unless they were. For ADMINs on the model and for who sees its controller whole.',
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
