import { mutation } from '../../mutation/declare.ts'
import { target } from '../audit/targets.ts'
import { ownerColumns } from '../user/lookup.ts'
import { attributeIssues, type CredentialAttributes, CredentialAttributesInput, readAttributes } from './inputs.ts'
import { findOwned } from './lookup.ts'
import { replaceAttributes } from './operations.ts'
import { Credential } from './type.ts'

mutation({
  name: 'replaceCredential',
  description:
    'Replaces the type and all attributes of a credential, whose name and id stay the same, so that the models that use it use the new ones from now on. The old secrets are gone. A locked credential is unlocked: nobody else has had the new secrets.',
  input: (t) => ({
    user: t.string({ description: 'The username or id of the user who owns the credential; by default the caller.' }),
    name: t.string({ required: true, description: 'The name of the credential, in any case, or its id.' }),
    attributes: t.field({
      type: CredentialAttributesInput,
      required: true,
      description: 'Exactly one type of credential with its attributes.',
    }),
  }),
  longTexts: ['attributes'],
  payload: (p) => ({ credential: p.loaded(Credential, 'The credential after the change, without its secrets.') }),
  check: ({ attributes }) => attributeIssues('attributes', attributes as CredentialAttributes),
  find: findOwned,
  target: ({ user, credential }) => target('Credential', { id: credential.id, organizationId: user.organizationId }),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.administrators(),
    ),
  shownOn: [{ on: Credential, as: 'Replace', refs: (row) => ({ user: ownerColumns(row.userId) }) }],
  grants: 'nothing',
  touchesCredentials: true,
  async run({ ctx: { services }, tx, input, refs: { credential } }) {
    const { type, values } = readAttributes(input.attributes as CredentialAttributes)
    await replaceAttributes(tx, services.keyring, credential, { type, values })
    // That it was replaced is a change, also where type and names are what they were.
    const after = { name: credential.name, type, attributes: values.map(({ name }) => name) }
    return { values: { credential: credential.id }, change: { after } }
  },
})
