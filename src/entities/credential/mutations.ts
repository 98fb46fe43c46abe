import { eq } from 'drizzle-orm'
import { credentials } from '../../db/tables.ts'
import { ConflictError } from '../../errors.ts'
import { nameIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import type { Finder } from '../../mutation/lookup.ts'
import { changeOf, type Sides } from '../audit/operations.ts'
import { findSelf, findUserOrSelf, ownerColumns, type UserReference, userColumns } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { attributeIssues, type CredentialAttributes, CredentialAttributesInput, readAttributes } from './inputs.ts'
import { describeUses, findCredential } from './lookup.ts'
import { insertCredential, openCredential, removeCredential } from './operations.ts'
import { Credential, CredentialAttribute } from './type.ts'

function credentialChange({ organizationId }: UserReference, id: string, sides: Sides) {
  return changeOf('Credential', { id, organizationId }, sides)
}

mutation({
  name: 'addCredential',
  description: 'Adds a credential of the caller’s own. Its secrets are kept encrypted and shown to nobody else.',
  input: (t) => ({
    name: t.string({ required: true, description: 'Unique among the caller’s, whatever its case.' }),
    attributes: t.field({
      type: CredentialAttributesInput,
      required: true,
      description: 'Exactly one type, with its attributes.',
    }),
  }),
  longTexts: ['attributes'],
  payload: (p) => ({ credential: p.loaded(Credential, 'The new credential.') }),
  check: ({ name, attributes }) => [
    ...nameIssues('name', name),
    ...attributeIssues('attributes', attributes as CredentialAttributes),
  ],
  find: async (finder) => ({ user: await findSelf(finder, 'name') }),
  may: (by) => by.self((refs) => refs.user.id),
  shownOn: [{ on: User, as: 'AddCredential', refs: (row) => ({ user: userColumns(row.id, row.organizationId) }) }],
  confers: 'nothing',
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run({ ctx: { services }, tx, input: { name, attributes }, refs: { user } }) {
    const { type, values } = readAttributes(attributes as CredentialAttributes)
    const id = await insertCredential(tx, services.keyring, { userId: user.id, name, type, values })
    const names = values.map((value) => value.name)
    const after = { name, type, attributes: names }
    return { values: { credential: id }, change: credentialChange(user, id, { after }) }
  },
})

mutation({
  name: 'removeCredential',
  description:
    'Removes a credential with its secrets. One that a model uses stays until the model uses another, or none.',
  input: (t) => ({
    user: t.string({ description: 'Whose it is; by default the caller’s.' }),
    name: t.string({ required: true, description: 'Which of them, in any case.' }),
  }),
  payload: (p) => ({ name: p.string('The name that is free again.') }),
  find: findOwned,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.administrators(),
    ),
  shownOn: [{ on: Credential, as: 'Remove', refs: (row) => ({ user: ownerColumns(row.userId) }) }],
  confers: 'nothing',
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { user, credential } }) {
    const models = await describeUses(tx, caller, eq(credentials.id, credential.id))
    if (models) throw new ConflictError(`The credential is used by ${models}: let them use another first.`)
    await removeCredential(tx, credential.id)
    const { name, type } = credential
    return { values: { name }, change: credentialChange(user, credential.id, { before: { name, type } }) }
  },
})

async function findOwned(finder: Finder, input: { user?: string | null; name: string }) {
  const user = await findUserOrSelf(finder, input.user, 'user')
  return { user, credential: await findCredential(finder, user.id, input.name, 'name', 'CHANGE') }
}

mutation({
  name: 'revealCredential',
  description:
    'Shows a credential of the caller’s own with its secrets. Each time is kept in the audit. What was added before somebody else set the caller’s password or made them a key is locked: add it anew.',
  input: (t) => ({ name: t.string({ required: true, description: 'Which of them, in any case.' }) }),
  payload: (p) => ({
    credential: p.loaded(Credential, 'What was revealed.'),
    attributes: p.value([CredentialAttribute], 'Its parts with their secrets; without them in a dry run.'),
  }),
  find: (finder, { name }) => findOwned(finder, { name }),
  may: (by) => by.self((refs) => refs.user.id),
  shownOn: [{ on: Credential, as: 'Reveal', refs: (row) => ({ user: ownerColumns(row.userId) }) }],
  confers: 'nothing',
  touchesCredentials: true,
  errors: ['CONFLICT'],
  async run({ ctx: { services }, refs: { user, credential }, dryRun }) {
    if (credential.lockedAt) {
      throw new ConflictError('It is locked, as somebody else has had access to this account since: add it anew.')
    }
    const opened = await openCredential(services.keyring, credential)
    const attributes = dryRun ? opened.map((one) => (one.isSecret ? { ...one, value: null } : one)) : opened
    const change = credentialChange(user, credential.id, { after: { revealed: credential.name } })
    return { values: { credential: credential.id, attributes }, change }
  },
})
