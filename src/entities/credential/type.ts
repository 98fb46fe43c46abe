import { and, isNull } from 'drizzle-orm'
import { isAdministratorFlag, isCaller } from '../../authority/visibility.ts'
import { builder, filters, reads } from '../../graphql/builder.ts'
import { Model } from '../model/type.ts'
import { User } from '../user/type.ts'
import { type AttributeValue, CREDENTIAL_TYPES } from './attributes.ts'
import { describeAttributes } from './operations.ts'

/** The names are written with underscores in the schema: `SERVICE_PRINCIPAL_SECRET` is `service-principal-secret`. */
export const CredentialTypeName = builder.enumType('CredentialType', {
  description: 'The type of a credential, which determines its attributes.',
  values: Object.fromEntries(
    Object.values(CREDENTIAL_TYPES).map(({ name, description }) => [
      name.toUpperCase().replaceAll('-', '_'),
      { value: name, description },
    ]),
  ),
})

export const CredentialAttribute = builder.objectRef<AttributeValue>('CredentialAttribute').implement({
  description: 'One attribute of a credential.',
  authScopes: { signedIn: true },
  fields: (t) => ({
    name: t.exposeString('name', { nullable: false, description: 'The name that the cloud uses, like `access-key`.' }),
    value: t.exposeString('value', {
      nullable: true,
      description: 'The value of the attribute; null for a secret, which its owner can read with `revealCredential`.',
    }),
    isSecret: t.exposeBoolean('isSecret', {
      nullable: false,
      description: 'True where the value is secret and is stored encrypted.',
    }),
  }),
})

export const Credential = reads.type('Credential', {
  table: 'credentials',
  id: 'credential',
  description:
    'A credential with which a user accesses a cloud. The user and administrators can see it. Only the user can see its secrets, with `revealCredential`.',
  authScopes: { signedIn: true },
  visible: (credential, caller) =>
    and(isNull(credential.deletedAt), isAdministratorFlag(caller) ? undefined : isCaller(caller, credential.userId)),
  fields: (f) => ({
    name: f.column('name', {
      type: 'String',
      description:
        'The name of the credential. It is unique among the user’s credentials and is compared without regard to case.',
    }),
    type: f.column('type', {
      type: CredentialTypeName,
      description: 'The type of the credential, which determines its attributes.',
    }),
    attributes: f.resolved({
      type: [CredentialAttribute],
      needs: ['type', 'attributes', 'secretNames'],
      description: 'The attributes of the credential; the values of secrets are null.',
      resolve: (row) => describeAttributes(row as Parameters<typeof describeAttributes>[0]),
    }),
    lockedAt: f.column('lockedAt', {
      type: 'DateTime',
      description:
        'The time since which the credential cannot be revealed, because another user set the user’s password or created an API key for the user; null where it is not locked.',
    }),
    user: f.one('user', User, { implied: true, description: 'The user who owns the credential.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the credential was added.' }),
  }),
})

const CredentialConnection = reads.connection('Credential', {
  table: 'credentials',
  node: Credential,
  orders: { NAME: ['nameKey'], CREATED_AT: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: { name: filters.name('nameKey', 'Only credentials with a matching name.') },
})

/**
 * Only the user and administrators can see the credentials. For other callers, who may see only a reference to the
 * user, the list is empty.
 */
reads.extend(User, (f) => ({
  credentials: f.connection('credentials', CredentialConnection, {
    guard: 'record',
    description:
      'The credentials of the user. Only the user and administrators can see them; for other callers the list is empty.',
  }),
}))

reads.extend(Model, (f) => ({
  credential: f.one('credential', Credential, {
    description:
      'The credential with which the model accesses its cloud; null where there is none, or it is hidden from the caller.',
  }),
}))
