import { grantedByTakeover } from '../../authority/guard.ts'
import { InvalidInputError, type Issue } from '../../errors.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Finder } from '../../mutation/lookup.ts'
import { target } from '../audit/targets.ts'
import { findUserOrSelf, ownerColumns, userColumns } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { insertSshKey, removeSshKeys } from './operations.ts'
import { type PublicKey, readPublicKey } from './public-key.ts'
import { SshKey } from './type.ts'

async function findKeyOwner(finder: Finder, { user }: { user?: string | null }) {
  return { user: await findUserOrSelf(finder, user, 'user') }
}

/** The problems of the fingerprint or the key that is to be removed. */
function removedKeyIssues({ fingerprint, key }: { fingerprint?: string | null; key?: string | null }): Issue[] {
  if (typeof fingerprint === typeof key) return [{ path: 'fingerprint', message: 'Give either this or "key".' }]
  if (typeof key === 'string') return keyIssues(key)
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(fingerprint ?? '')) return []
  return [{ path: 'fingerprint', message: 'A fingerprint is "SHA256:" and 43 characters of base64.' }]
}

function keyIssues(key: string): Issue[] {
  const read = readPublicKey(key)
  return typeof read === 'string' ? [{ path: 'key', message: read }] : []
}

/** Reads a public key. @throws InvalidInputError where it is invalid */
function readSshKey(line: string): PublicKey {
  const key = readPublicKey(line)
  if (typeof key === 'string') throw new InvalidInputError([{ path: 'key', message: key }])
  return key
}

mutation({
  name: 'addSshKey',
  makes: true,
  description:
    'Adds a public key with which a user logs in to machines: ed25519, ecdsa, rsa with at least 2048 bits, and the sk- types of security keys. A caller that adds a key for another user could log in as that user, so the caller must hold everything that the user holds.',
  input: (t) => ({
    user: t.string({ description: 'The username or id of the user of the new key; by default the caller.' }),
    key: t.string({ required: true, description: 'The single line of the `.pub` file, without options before it.' }),
  }),
  longTexts: ['key'],
  payload: (p) => ({
    sshKey: p.loadedIfAny(SshKey, 'The key that was added; null where the caller may not see the keys of that user.'),
  }),
  check: ({ key }) => keyIssues(key),
  find: findKeyOwner,
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  shownOn: [
    { on: User, as: 'AddSshKey', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }), isGuarded: true },
  ],
  grants: ({ refs, caller }) => (refs.user.id === caller.userId ? null : grantedByTakeover(refs.user)),
  touchesCredentials: true,
  makesWayIn: true,
  errors: ['CONFLICT'],
  async run({ tx, input, refs: { user } }) {
    const key = readSshKey(input.key)
    const id = await insertSshKey(tx, user.id, key)
    const { type, fingerprint, comment } = key
    return {
      values: { sshKey: id },
      change: { after: { sshKey: { type, fingerprint, comment } } },
    }
  },
})

mutation({
  name: 'removeSshKey',
  description:
    'Removes a public key of a user, by its fingerprint or by the key itself: exactly one of them. A key that does not exist is ignored.',
  input: (t) => ({
    user: t.string({ description: 'The username or id of the user of the key; by default the caller.' }),
    fingerprint: t.string({
      description: 'The fingerprint, like `SHA256:…`, from `sshKeys` or `ssh-keygen -lf`.',
    }),
    key: t.string({ description: 'The single line of the `.pub` file, with any comment.' }),
  }),
  payload: (p) => ({
    user: p.loaded(User, 'The user after the change.'),
    changed: p.boolean('False where the user had no such key.'),
  }),
  longTexts: ['key'],
  check: removedKeyIssues,
  find: findKeyOwner,
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  shownOn: [{ on: SshKey, as: 'Remove', refs: (row) => ({ user: ownerColumns(row.userId) }) }],
  grants: 'nothing',
  touchesCredentials: true,
  async run({ tx, input, refs: { user } }) {
    const fingerprint = input.fingerprint ?? readSshKey(input.key ?? '').fingerprint
    const changed = (await removeSshKeys(tx, user.id, fingerprint)) > 0
    const change = changed ? { before: { sshKey: { fingerprint } } } : null
    return { values: { user: user.id, changed }, change }
  },
})
