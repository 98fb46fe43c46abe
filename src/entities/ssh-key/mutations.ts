import { userConfers } from '../../authority/guard.ts'
import { InvalidInputError } from '../../errors.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Finder } from '../../mutation/lookup.ts'
import { changeOf } from '../audit/operations.ts'
import { findUserOrSelf, ownerColumns, type UserReference, userColumns } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { insertSshKey, removeSshKeys } from './operations.ts'
import { type PublicKey, readPublicKey } from './public-key.ts'
import { SshKey } from './type.ts'

async function findOwner(finder: Finder, { user }: { user?: string | null }): Promise<{ user: UserReference }> {
  return { user: await findUserOrSelf(finder, user, 'user') }
}

/** @throws InvalidInputError */
function readKey(line: string): PublicKey {
  const key = readPublicKey(line)
  if (typeof key === 'string') throw new InvalidInputError([{ path: 'key', message: key }])
  return key
}

mutation({
  name: 'addSshKey',
  description:
    'Adds a public key with which a user logs in to machines: ed25519, ecdsa, rsa from 2048 bits on, and the sk- kinds of security keys. For another user it takes them over there, so the caller must hold all that they hold.',
  input: (t) => ({
    user: t.string({ description: 'Whose it is to be; by default the caller’s.' }),
    key: t.string({ required: true, description: 'The one line of the `.pub` file, without options before it.' }),
  }),
  longTexts: ['key'],
  payload: (p) => ({ sshKey: p.loaded(SshKey, 'The new key.') }),
  check: ({ key }) => {
    const read = readPublicKey(key)
    return typeof read === 'string' ? [{ path: 'key', message: read }] : []
  },
  find: findOwner,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  shownOn: [
    { on: User, as: 'AddSshKey', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }), isGuarded: true },
  ],
  confers: ({ refs, caller }) => (refs.user.id === caller.userId ? null : userConfers(refs.user.id)),
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run({ tx, input, refs: { user } }) {
    const key = readKey(input.key)
    const id = await insertSshKey(tx, user.id, key)
    const { type, fingerprint, comment } = key
    return {
      values: { sshKey: id },
      change: changeOf('User', user, { after: { sshKey: { type, fingerprint, comment } } }),
    }
  },
})

mutation({
  name: 'removeSshKey',
  description: 'Removes a public key of a user, by its fingerprint. What is not there is passed over.',
  input: (t) => ({
    user: t.string({ description: 'Whose it is; by default the caller’s.' }),
    fingerprint: t.string({ required: true, description: 'Like `SHA256:…`, from `sshKeys` or `ssh-keygen -lf`.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    changed: p.boolean('False where they had no such key.'),
  }),
  check: ({ fingerprint }) =>
    /^SHA256:[A-Za-z0-9+/]{43}$/.test(fingerprint)
      ? []
      : [{ path: 'fingerprint', message: 'A fingerprint is "SHA256:" and 43 characters of base64.' }],
  find: findOwner,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  shownOn: [{ on: SshKey, as: 'Remove', refs: (row) => ({ user: ownerColumns(row.userId) }) }],
  confers: 'nothing',
  touchesCredentials: true,
  async run({ tx, input: { fingerprint }, refs: { user } }) {
    const changed = (await removeSshKeys(tx, user.id, fingerprint)) > 0
    const change = changed ? changeOf('User', user, { before: { sshKey: { fingerprint } } }) : null
    return { values: { user: user.id, changed }, change }
  },
})
