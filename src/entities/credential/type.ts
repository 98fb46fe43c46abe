import { and, isNull } from 'drizzle-orm'
import { isAdministratorFlag, isCaller } from '../../authority/visibility.ts'
import { builder, filters, reads } from '../../graphql/builder.ts'
import { Model } from '../model/type.ts'
import { User } from '../user/type.ts'
import { type AttributeValue, CREDENTIAL_TYPES } from './attributes.ts'
import { describeAttributes } from './operations.ts'

/** Written with underscores in the schema: `SERVICE_PRINCIPAL_SECRET` is `service-principal-secret`. */
export const CredentialTypeName = builder.enumType('CredentialType', {
  description: 'What a credential consists of.',
  values: Object.fromEntries(
    Object.values(CREDENTIAL_TYPES).map(({ name, description }) => [
      name.toUpperCase().replaceAll('-', '_'),
      { value: name, description },
    ]),
  ),
})

export const CredentialAttribute = builder.objectRef<AttributeValue>('CredentialAttribute').implement({
  description: 'One part of a credential.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    name: t.exposeString('name', { nullable: false, description: 'As the cloud names it, like `access-key`.' }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'Null for a secret: its owner asks for it by `revealCredential`.',
    }),
    isSecret: t.exposeBoolean('isSecret', { nullable: false, description: 'It is kept encrypted.' }),
  }),
})

export const Credential = reads.type('Credential', {
  table: 'credentials',
  id: 'credential',
  description:
    'What a user reaches a cloud with. Seen by them and by administrators; its secrets by nobody but them, by `revealCredential`.',
  authScopes: { signedIn: true },
  visible: (credential, caller) =>
    and(isNull(credential.deletedAt), isAdministratorFlag(caller) ? undefined : isCaller(caller, credential.userId)),
  fields: (f) => ({
    name: f.column('name', { type: 'String', description: 'Unique among the user’s, whatever its case.' }),
    type: f.column('type', { type: CredentialTypeName as never, description: 'What it consists of.' }),
    attributes: f.resolved({
      type: [CredentialAttribute] as never,
      needs: ['type', 'attributes', 'secretNames'],
      description: 'Its parts; secret ones without their values.',
      resolve: (row) => describeAttributes(row as Parameters<typeof describeAttributes>[0]),
    }),
    lockedAt: f.column('lockedAt', {
      type: 'DateTime',
      description: 'Since when it can’t be revealed: somebody else set the user’s password or made them a key.',
    }),
    user: f.one('user', User, { implied: true, description: 'Whose it is.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was added.' }),
  }),
})

const CredentialConnection = reads.connection('Credential', {
  table: 'credentials',
  node: Credential,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: { name: filters.name('nameKey', 'Only those whose name fits.') },
})

/** Their own, and administrators: for others the list is empty, as the reference is all they see. */
reads.extend(User, (f) => ({
  credentials: f.connection('credentials', CredentialConnection, {
    guard: 'record',
    description: 'What they reach clouds with; for them and administrators, empty for others.',
  }),
}))

reads.extend(Model, (f) => ({
  credential: f.one('credential', Credential, {
    description: 'What it reaches its cloud with; null where there is none, or it is not for the caller to see.',
  }),
}))
