import { sql } from 'drizzle-orm'
import { grantedByTakeover } from '../../authority/guard.ts'
import { ConflictError } from '../../errors.ts'
import { expiryIssues, nullIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { unchanging } from '../../mutation/lookup.ts'
import { target } from '../audit/targets.ts'
import { lockCredentials } from '../credential/operations.ts'
import { RoleScopeInput, roleIssues } from '../role/inputs.ts'
import { findRoles } from '../role/lookup.ts'
import { findUserOrSelf, ownerColumns, userColumns } from '../user/lookup.ts'
import { User } from '../user/type.ts'
import { earlier, expiryWithin, labelIssues } from './inputs.ts'
import { describeLimits, findKey, isReplaceable, keyTarget, refuseFixed } from './lookup.ts'
import { expiryNotices } from './notices.ts'
import { endApiKey, insertApiKey, isApiKeyOpen, overlapApiKey, readLimits, successorExpiry } from './operations.ts'
import { ApiKey } from './type.ts'

mutation({
  name: 'createApiKey',
  makes: true,
  description:
    'Creates an API key and shows its secret once. Without `limits`, the key can do everything that its owner may do. Where the caller uses a key that expires, the new key ends no later than that key. Creating a key for another user lets the caller act with that user’s full authority, so the caller must hold everything that the user holds.',
  input: (t) => ({
    user: t.string({ description: 'The username or id of the user who will own the key; by default the caller.' }),
    label: t.string({ required: true, description: 'A text that says what the key is for.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'The planned end of the key; by default it expires with the caller’s key, at the end of the longest life that the organization of its owner sets, or not at all.',
    }),
    isReadOnly: t.boolean({ description: 'True for a key that cannot call any mutation.' }),
    limits: t.field({
      type: [RoleScopeInput],
      description: 'The key can do at most what these limits allow. An empty list allows nothing.',
    }),
  }),
  payload: (p) => ({
    apiKey: p.loadedIfAny(
      ApiKey,
      'The API key that was created; null where the caller may not see the keys of that user.',
    ),
    secret: p.secret('The secret of the new key, which is shown only once; null in a dry run and in a repetition.'),
  }),
  errors: ['CONFLICT'],
  check: (input) => [
    ...labelIssues('label', input.label),
    ...nullIssues('', { expiresAt: input.expiresAt, isReadOnly: input.isReadOnly, limits: input.limits }),
    ...expiryIssues('expiresAt', input.expiresAt),
    ...roleIssues('limits', input.limits),
  ],
  find: (finder, input) => ({
    user: findUserOrSelf(finder, input.user, 'user'),
    limits: input.limits ? findRoles(finder, 'limits', input.limits) : unchanging(null),
  }),
  target: ({ user }) => target('User', user),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  shownOn: [
    {
      on: User,
      as: 'CreateApiKey',
      refs: (row) => ({ user: userColumns(row.id, row.organizationId) }),
      isGuarded: true,
    },
  ],
  grants: ({ refs, caller, input }) => ({
    ...(refs.user.id === caller.userId ? null : grantedByTakeover(refs.user)),
    keyUntil: input.expiresAt,
  }),
  touchesCredentials: true,
  async run({ tx, caller, input, refs: { user, limits }, dryRun }) {
    if (user.id !== caller.userId) await lockCredentials(tx, user.id)
    const fields = { label: input.label, readOnly: input.isReadOnly ?? false }
    const end = { expiresAt: expiryWithin(caller, input.expiresAt), isAskedFor: Boolean(input.expiresAt) }
    const wanted = { ...fields, ...end, userId: user.id, limits }
    const { id, secret, expiresAt } = await insertApiKey(tx, caller, wanted, dryRun)
    const after = {
      label: fields.label,
      isReadOnly: fields.readOnly,
      expiresAt,
      user: user.username,
      limits: limits?.map(({ role, scope }) => ({ role, scope })),
    }
    return {
      values: { apiKey: id, secret },
      change: { target: target('ApiKey', { id, organizationId: user.organizationId }), after },
      notices: [
        { userId: user.id, kind: 'KEY_CREATED', details: { label: input.label } },
        ...expiryNotices({ id, userId: user.id, label: input.label, expiresAt }),
      ],
    }
  },
})

mutation({
  name: 'rotateApiKey',
  makes: true,
  description:
    'Replaces a key with a new key that has the same label, limits and lifetime. The old key ends at once, or it stays valid beside the new key until a given time. Where a key is used to rotate itself, the new key has the same planned end as the old key.',
  input: (t) => ({
    apiKey: t.id({ required: true, description: 'The id of the API key.' }),
    overlapUntil: t.field({
      type: 'DateTime',
      description:
        'The time until which the old key stays valid; by default the old key ends at once. The `lastUsedAt` of the old key shows whether it is still used.',
    }),
  }),
  payload: (p) => ({
    apiKey: p.loaded(ApiKey, 'The API key that was created.'),
    secret: p.secret('The secret of the new key, which is shown only once; null in a dry run and in a repetition.'),
  }),
  check: (input) => expiryIssues('overlapUntil', input.overlapUntil),
  find: (finder, input) => findKey(finder, input.apiKey),
  target: keyTarget,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  shownOn: [
    {
      on: ApiKey,
      as: 'Rotate',
      refs: (row) => ({ user: ownerColumns(row.userId) }),
      never: (key) => sql`not ${isReplaceable(key)}`,
      isGuarded: true,
    },
  ],
  grants: ({ refs, caller }) => (refs.user.id === caller.userId ? null : grantedByTakeover(refs.user)),
  touchesCredentials: true,
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, input, refs: { key, user }, dryRun }) {
    refuseFixed(key)
    if (key.replacedBy) throw new ConflictError('The key was rotated already: revoke it, or rotate its successor.')
    const overlapUntil = earlier(input.overlapUntil, key.expiresAt)
    const isOpen = overlapUntil ? await isApiKeyOpen(tx, key.id) : await endApiKey(tx, caller, key.id)
    if (!isOpen) throw new ConflictError('The key has ended: make a new one.')
    if (user.id !== caller.userId) await lockCredentials(tx, user.id)
    const limits = await readLimits(tx, key)
    const { label, readOnly } = key
    const wanted = { userId: user.id, label, readOnly, limits, expiresAt: successorExpiry(key, caller, new Date()) }
    const { id, secret, expiresAt } = await insertApiKey(tx, caller, wanted, dryRun)
    if (overlapUntil) await overlapApiKey(tx, key.id, overlapUntil, id)
    const sides = {
      before: { apiKey: `key_${key.id}` },
      after: {
        apiKey: `key_${id}`,
        user: user.username,
        label,
        isReadOnly: readOnly,
        expiresAt: expiresAt && new Date(expiresAt).toISOString(),
        overlapUntil,
        limits: describeLimits(limits),
      },
    }
    const until = overlapUntil ? `until ${overlapUntil}` : 'no more'
    return {
      values: { apiKey: id, secret },
      change: { target: target('ApiKey', { id, organizationId: user.organizationId }), ...sides },
      notices: [
        { userId: user.id, kind: 'KEY_ROTATED', details: { label, until } },
        ...expiryNotices({ id, userId: user.id, label, expiresAt }),
      ],
    }
  },
})

mutation({
  name: 'revokeApiKey',
  description: 'Ends a key at once: the next request that uses it is refused.',
  input: (t) => ({ apiKey: t.id({ required: true, description: 'The id of the API key.' }) }),
  payload: (p) => ({
    apiKey: p.loaded(ApiKey, 'The key after it was ended.'),
    changed: p.boolean('False where the key had already ended.'),
  }),
  find: (finder, input) => findKey(finder, input.apiKey),
  target: keyTarget,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  readOnlyMode: 'ALLOWED',
  shownOn: [{ on: ApiKey, as: 'Revoke', refs: (row) => ({ user: ownerColumns(row.userId) }) }],
  grants: 'nothing',
  touchesCredentials: true,
  endangersAdministration: true,
  async run({ tx, caller, refs: { key, user } }) {
    const changed = await endApiKey(tx, caller, key.id)
    const before = { label: key.label, user: user.username }
    return {
      values: { apiKey: key.id, changed },
      change: changed ? { before } : null,
      notices: [{ userId: user.id, kind: 'KEY_REVOKED', details: { label: key.label } }],
    }
  },
})
