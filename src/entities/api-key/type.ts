import { eq } from 'drizzle-orm'
import { isUsableKey } from '../../authentication/validity.ts'
import { NOW } from '../../authority/held.ts'
import { filters, reads } from '../../graphql/builder.ts'
import { ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import { Organization } from '../organization/type.ts'
import { Project } from '../project/type.ts'
import { Role } from '../role/type.ts'
import { mayReadOwned } from '../user/owned.ts'
import { User } from '../user/type.ts'

const ApiKeyLimit = reads.type('ApiKeyLimit', {
  table: 'apiKeyLimits',
  description:
    'One limit of a key: the key can do at most what this role allows on this scope. Where the role or the scope was deleted, the limit allows nothing.',
  authScopes: { signedIn: true },
  fields: (f) => ({
    role: f.one('role', Role, {
      nullable: true,
      description: 'The role that the key is limited to; null where the role was deleted or is hidden from the caller.',
    }),
    scope: f.expression({
      type: ScopeKind,
      description:
        'The kind of scope that the key is limited to. Where the scope was deleted or is hidden from the caller, `organization` and `project` are null.',
      sql: scopeKindSql,
    }),
    organization: f.one('organization', Organization, {
      description:
        'The organization that the key is limited to; null where the scope is everywhere, or the organization was deleted or is hidden from the caller.',
    }),
    project: f.one('project', Project, {
      description:
        'The project that the key is limited to; null where the scope is not a single project, or the project was deleted or is hidden from the caller.',
    }),
  }),
})

export const ApiKey = reads.type('ApiKey', {
  table: 'apiKeys',
  id: 'key',
  description: 'An API key of a user. Its secret is shown once, when the key is created; only a hash of it is stored.',
  authScopes: { signedIn: true },
  visible: (key, caller) => mayReadOwned(key.userId, caller),
  fields: (f) => ({
    label: f.column('label', { type: 'String', description: 'A text that says what the key is for.' }),
    hint: f.column('hint', {
      type: 'String',
      description: 'The last four characters of the secret; `····` for a key that was imported by its hash.',
    }),
    isValid: f.expression({
      type: 'Boolean',
      description: 'True where the key is neither revoked nor expired. The owner of a valid key can still be disabled.',
      sql: (key) => isUsableKey(key, NOW),
    }),
    isReadOnly: f.column('readOnly', {
      type: 'Boolean',
      description: 'True where the key cannot call any mutation except `signIn`.',
    }),
    isLimited: f.column('limited', {
      type: 'Boolean',
      description: 'True where the key can do at most what `limits` allow.',
    }),
    limits: f.many(ApiKeyLimit, {
      description:
        'The limits of the key: it can do what both its owner may do and at least one of these limits allows.',
      on: (key, limit) => eq(limit.apiKeyId, key.id),
      orderBy: ['id'],
    }),
    user: f.one('user', User, { implied: true, description: 'The user who owns the key.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the key was created.' }),
    expiresAt: f.column('expiresAt', {
      type: 'DateTime',
      description: 'The planned end of the key; null where it does not expire.',
    }),
    lastUsedAt: f.column('lastUsedAt', {
      type: 'DateTime',
      description: 'The time when a request last used the key, accurate to a minute; null where it was never used.',
    }),
    revokedAt: f.column('revokedAt', {
      type: 'DateTime',
      description: 'The time when the key was revoked; null where it was not.',
    }),
  }),
})

reads.extend(ApiKey, (f) => ({
  replacement: f.one('replacement', ApiKey, {
    description:
      'The key that replaced this key, where this key stayed valid beside it after the rotation; null otherwise.',
  }),
}))

const ApiKeyConnection = reads.connection('ApiKey', {
  table: 'apiKeys',
  node: ApiKey,
  orders: { CREATED_AT: ['createdAt'] },
  defaultOrder: 'CREATED_AT',
  filters: {
    isValid: filters.whether(
      true,
      (key) => isUsableKey({ revokedAt: key.revokedAt, expiresAt: key.expiresAt }, NOW),
      'Keeps only keys that are neither revoked nor expired; with false, only the others.',
    ),
    notUsedSince: filters.notSince(
      'lastUsedAt',
      'Keeps only keys that no request used since this time, also those that were never used.',
    ),
  },
})

reads.queryConnection('apiKeys', ApiKeyConnection, {
  description:
    'The API keys of all users whose records the caller may read, including revoked and expired keys: at least the caller’s own.',
  authScopes: { signedIn: true },
})

reads.extend(User, (f) => ({
  apiKeys: f.connection('apiKeys', ApiKeyConnection, {
    guard: 'record',
    description: 'The user’s API keys, including revoked and expired keys.',
  }),
}))
