import { eq, sql } from 'drizzle-orm'
import { credentials } from '../../db/tables.ts'
import { ConflictError } from '../../errors.ts'
import { nameIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import { findUserOrSelf, ownerColumns, type UserReference, userColumns } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { attributeIssues, type CredentialAttributes, CredentialAttributesInput, readAttributes } from './inputs.ts'
import { describeUses, findOwned } from './lookup.ts'
import {
  type Credential as CredentialRow,
  insertCredential,
  openCredential,
  refuseLocked,
  removeCredential,
} from './operations.ts'
import { Credential, CredentialAttribute } from './type.ts'

function credentialTarget({ user, credential }: { user: UserReference; credential: CredentialRow }) {
  return target('Credential', { id: credential.id, organizationId: user.organizationId })
}

mutation({
  name: 'addCredential',
  makes: true,
  description:
    'Adds a credential of a user, by default of the caller. Its secrets are stored encrypted and are shown to no other user: an administrator who adds it cannot read it again.',
  input: (t) => ({
    user: t.string({ description: 'The username or id of the user of the credential; by default the caller.' }),
    name: t.string({
      required: true,
      description:
        'The name of the new credential. It is unique among the user’s credentials and is compared without regard to case.',
    }),
    attributes: t.field({
      type: CredentialAttributesInput,
      required: true,
      description: 'Exactly one type of credential with its attributes.',
    }),
  }),
  longTexts: ['attributes'],
  payload: (p) => ({ credential: p.loaded(Credential, 'The credential that was added, without its secrets.') }),
  check: ({ name, attributes }) => [
    ...nameIssues('name', name),
    ...attributeIssues('attributes', attributes as CredentialAttributes),
  ],
  find: (finder, { user }) => ({ user: findUserOrSelf(finder, user, 'user') }),
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.administrators(),
    ),
  shownOn: [{ on: User, as: 'AddCredential', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }) }],
  grants: 'nothing',
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run({ ctx: { services }, tx, input: { name, attributes }, refs: { user } }) {
    const { type, values } = readAttributes(attributes as CredentialAttributes)
    const id = await insertCredential(tx, services.keyring, { userId: user.id, name, type, values })
    const names = values.map((value) => value.name)
    const after = { name, type, attributes: names }
    const made = target('Credential', { id, organizationId: user.organizationId })
    return { values: { credential: id }, change: { target: made, after } }
  },
})

mutation({
  name: 'removeCredential',
  description:
    'Removes a credential with its secrets. A credential that a model uses can be removed only after the model uses another credential or none.',
  input: (t) => ({
    user: t.string({ description: 'The username or id of the user who owns the credential; by default the caller.' }),
    name: t.string({ required: true, description: 'The name of the credential, in any case, or its id.' }),
  }),
  payload: (p) => ({
    deletedId: p.value('ID', 'The id of the removed credential.'),
    name: p.string('The name of the removed credential, which can be used again.'),
  }),
  find: findOwned,
  target: credentialTarget,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.administrators(),
    ),
  shownOn: [{ on: Credential, as: 'Remove', refs: (row) => ({ user: ownerColumns(row.userId) }) }],
  grants: 'nothing',
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { credential } }) {
    const models = await describeUses(tx, caller, eq(credentials.id, credential.id))
    if (models) throw new ConflictError(`The credential is used by ${models}: let them use another first.`)
    await removeCredential(tx, credential.id)
    const { name, type } = credential
    return {
      values: { deletedId: `credential_${credential.id}`, name },
      change: { before: { name, type } },
    }
  },
})

mutation({
  name: 'revealCredential',
  description:
    'Shows a credential of the caller with its secrets. Every call is recorded in the audit. A credential is locked, and cannot be revealed, where another user set the caller’s password or created an API key for the caller after the credential was added: add the credential again.',
  input: (t) => ({
    name: t.string({ required: true, description: 'The name of the credential, in any case, or its id.' }),
  }),
  payload: (p) => ({
    credential: p.loaded(Credential, 'The credential that was revealed.'),
    attributes: p.value(
      [CredentialAttribute],
      'The attributes with their secret values; in a dry run, the secret values are null.',
    ),
  }),
  find: (finder, { name }) => findOwned(finder, { name }),
  target: credentialTarget,
  may: (by) => by.self((refs) => refs.user.id),
  shownOn: [
    {
      on: Credential,
      as: 'Reveal',
      refs: (row) => ({ user: ownerColumns(row.userId) }),
      never: (row) => sql`${row.lockedAt} is not null`,
    },
  ],
  grants: 'nothing',
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run({ ctx: { services }, refs: { credential }, dryRun }) {
    refuseLocked(credential)
    const opened = await openCredential(services.keyring, credential)
    const attributes = dryRun ? opened.map((one) => (one.isSecret ? { ...one, value: null } : one)) : opened
    return { values: { credential: credential.id, attributes }, change: { after: { revealed: credential.name } } }
  },
})
