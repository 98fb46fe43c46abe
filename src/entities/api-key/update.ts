/** Changes a key in place: its secret stays the same, so no program has to be told. */
import { isDeepStrictEqual } from 'node:util'
import { sql } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { grantedByTakeover } from '../../authority/guard.ts'
import { ConflictError } from '../../errors.ts'
import { expiryIssues, nullIssues } from '../../graphql/input-checks.ts'
import { mutation } from '../../mutation/declare.ts'
import { unchanging } from '../../mutation/lookup.ts'
import { lockCredentials } from '../credential/operations.ts'
import { RoleScopeInput, roleIssues } from '../role/inputs.ts'
import { findRoles } from '../role/lookup.ts'
import { ownerColumns } from '../user/lookup.ts'
import { labelIssues } from './inputs.ts'
import { refuseLongLife } from './life.ts'
import { describeLimits, findKey, isReplaceable, type KeyRefs, keyTarget, refuseFixed } from './lookup.ts'
import { expiryNotices } from './notices.ts'
import { changeApiKey, isApiKeyOpen, readLimits } from './operations.ts'
import { ApiKey } from './type.ts'

mutation({
  name: 'updateApiKey',
  description:
    'Changes the label, the planned end or the limits of a key; its secret stays the same. A later end, and other limits in place of the limits that a key has, count as a new key: the caller must hold everything that another user holds to change that user’s key so, and no key is made to last longer than the caller’s own.',
  input: (t) => ({
    apiKey: t.id({ required: true, description: 'The id of the API key.' }),
    label: t.string({ description: 'A new text that says what the key is for; omitted, it stays as it is.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'The new planned end; omitted, it stays as it is.' }),
    limits: t.field({
      type: [RoleScopeInput],
      description:
        'The limits that it has from now on, in place of those that it had; omitted, they stay as they are. An empty list allows nothing.',
    }),
  }),
  payload: (p) => ({
    apiKey: p.loaded(ApiKey, 'The API key after the change.'),
    changed: p.boolean('False where it was like that already.'),
  }),
  errors: ['CONFLICT'],
  check: ({ label, expiresAt, limits }) => [
    ...nullIssues('', { label, expiresAt, limits }),
    ...labelIssues('label', label),
    ...expiryIssues('expiresAt', expiresAt),
    ...roleIssues('limits', limits),
  ],
  async find(finder, input) {
    const found = await findKey(finder, input.apiKey)
    const limits = input.limits ? await findRoles(finder, 'limits', input.limits) : unchanging(null)
    return { ...found, limits }
  },
  target: keyTarget,
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  shownOn: [
    {
      on: ApiKey,
      as: 'Update',
      refs: (row) => ({ user: ownerColumns(row.userId) }),
      never: (key) => sql`not ${isReplaceable(key)}`,
    },
  ],
  grants: ({ refs, caller, input }) => widened(refs, caller, input),
  touchesCredentials: true,
  endangersAdministration: true,
  async run({ tx, caller, input, refs: { key, user, limits } }) {
    const { label, expiresAt } = input
    refuseFixed(key)
    if (key.replacedBy) throw new ConflictError('The key was rotated already: change its successor.')
    if (!(await isApiKeyOpen(tx, key.id))) throw new ConflictError('The key has ended: make a new one.')
    await refuseLongLife(tx, user.id, expiresAt, key.createdAt)
    const former = describeLimits(await readLimits(tx, key))
    const before = {
      label: key.label,
      expiresAt: key.expiresAt && new Date(key.expiresAt).toISOString(),
      limits: former,
    }
    const after = {
      label: label ?? before.label,
      expiresAt: expiresAt?.toISOString() ?? before.expiresAt,
      limits: limits ? limits.map(({ role, scope }) => ({ role, scope })) : former,
    }
    if (user.id !== caller.userId && widened({ key, user }, caller, input)) await lockCredentials(tx, user.id)
    const changed = !isDeepStrictEqual(before, after)
    if (changed) await changeApiKey(tx, key.id, { label: after.label, expiresAt: expiresAt?.toISOString(), limits })
    const isEndNew = after.expiresAt !== before.expiresAt
    return {
      values: { apiKey: key.id, changed },
      change: { before, after },
      notices: [
        { userId: user.id, kind: 'KEY_CHANGED', details: { label: after.label } },
        ...(isEndNew ? expiryNotices({ id: key.id, userId: user.id, ...after }) : []),
      ],
    }
  },
})

/** What the change gives to the program that has the secret; null where it only takes away. */
function widened(
  { key, user }: KeyRefs,
  caller: Caller,
  { expiresAt, limits }: { expiresAt?: Date | null; limits?: unknown },
) {
  const isLonger = expiresAt && key.expiresAt !== null && expiresAt.getTime() > Date.parse(key.expiresAt)
  const isOther = key.limited && limits
  if (!isLonger && !isOther) return null
  const until = expiresAt ?? (key.expiresAt === null ? 'NEVER' : new Date(key.expiresAt))
  return { ...(user.id === caller.userId ? null : grantedByTakeover(user)), keyUntil: until } as const
}
