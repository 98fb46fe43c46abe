import { eq } from 'drizzle-orm'
import { isUsableKey } from '../../authentication/validity.ts'
import { NOW } from '../../authority/held.ts'
import { reads } from '../../graphql/builder.ts'
import { ScopeKind, scopeKindSql } from '../../graphql/enums.ts'
import { Organization } from '../organization/type.ts'
import { Project } from '../project/type.ts'
import { Role } from '../role/type.ts'
import { mayReadOwned } from '../user/owned.ts'
import { User } from '../user/type.ts'

const ApiKeyLimit = reads.type('ApiKeyLimit', {
  table: 'apiKeyLimits',
  description:
    'One limit of a key: at most what this role may, there. Where role and scope are gone it allows nothing.',
  authScopes: { signedIn: true },
  fields: (f) => ({
    role: f.one('role', Role, {
      nullable: true,
      description: 'What it allows; null where the role is gone or hidden.',
    }),
    scope: f.expression({
      type: ScopeKind as never,
      description: 'How wide it allows it. A scope that is gone, or that the caller may not see, is null below.',
      sql: scopeKindSql,
    }),
    organization: f.one('organization', Organization, {
      description: 'The organization it allows it in; null is everywhere, gone or hidden.',
    }),
    project: f.one('project', Project, {
      description: 'The project it allows it on; null is not one alone, gone or hidden.',
    }),
  }),
})

export const ApiKey = reads.type('ApiKey', {
  table: 'apiKeys',
  id: 'key',
  description: 'A key of a user. Its secret is shown once, when it is made; only a hash is kept.',
  authScopes: { signedIn: true },
  visible: (key, caller) => mayReadOwned(key.userId, caller),
  fields: (f) => ({
    label: f.column('label', { type: 'String', description: 'What it is for.' }),
    hint: f.column('hint', { type: 'String', description: 'The last four characters of the secret.' }),
    isValid: f.expression({
      type: 'Boolean',
      description: 'Neither revoked nor expired. Its owner may be disabled all the same.',
      sql: (key) => isUsableKey(key, NOW),
    }),
    readOnly: f.column('readOnly', { type: 'Boolean', description: 'It can call no mutation but `signIn`.' }),
    isLimited: f.column('limited', { type: 'Boolean', description: 'It does at most what `limits` allow.' }),
    limits: f.many(ApiKeyLimit, {
      description: 'What narrows it below its owner: it does what both its owner and one of these allow.',
      on: (key, limit) => eq(limit.apiKeyId, key.id),
      orderBy: ['id'],
    }),
    user: f.one('user', User, { implied: true, description: 'Whose it is.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: f.column('expiresAt', { type: 'DateTime', description: 'When it ends by itself; null is never.' }),
    lastUsedAt: f.column('lastUsedAt', {
      type: 'DateTime',
      description: 'When a request last came with it, to the minute; null is never.',
    }),
    revokedAt: f.column('revokedAt', { type: 'DateTime', description: 'When it was revoked.' }),
  }),
})

reads.extend(ApiKey, (f) => ({
  replacement: f.one('replacement', ApiKey, {
    description: 'The key it was rotated to, where it worked on beside that one.',
  }),
}))

const ApiKeyConnection = reads.connection('ApiKey', {
  table: 'apiKeys',
  node: ApiKey,
  orders: { CREATED_AT: ['createdAt'] },
  defaultOrder: 'CREATED_AT',
})

reads.extend(User, (f) => ({
  apiKeys: f.connection('apiKeys', ApiKeyConnection, {
    guard: 'record',
    description: 'Their keys, revoked and expired ones too.',
  }),
}))
