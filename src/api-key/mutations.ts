import { eq } from 'drizzle-orm'
import type { Caller } from '../auth/caller.ts'
import { userConfers } from '../auth/guard.ts'
import { type Finder, findRow } from '../auth/references.ts'
import { apiKeys } from '../db/tables.ts'
import { ConflictError, type Issue, MissingAuthorityError } from '../errors.ts'
import { mutation } from '../mutation.ts'
import { readId } from '../node-id.ts'
import { type FoundRole, findRoles, RoleScopeInput, roleIssues } from '../role/items.ts'
import { findOwner, findUser, type UserReference } from '../user/reference.ts'
import { expiryIssues } from '../validate.ts'
import { type ApiKey as ApiKeyRow, endApiKey, insertApiKey, readLimits, successorExpiry } from './operations.ts'
import { ApiKey } from './type.ts'

interface KeyRefs {
  key: ApiKeyRow
  user: UserReference
}

/** The visible key of this id, and its owner. @throws NotFoundError */
async function findKey(finder: Finder, id: string): Promise<KeyRefs> {
  const what = 'The API key'
  const fits = eq(apiKeys.id, readId('key', id, 'apiKey'))
  const key = await findRow(finder, apiKeys, ApiKey.visible, fits, { path: 'apiKey', what, lock: 'CHANGE' })
  return { key, user: await findOwner(finder, key.userId, 'apiKey', what) }
}

/** A label for people: 1 to 100 characters. */
export function labelIssues(path: string, label: string | null | undefined): Issue[] {
  if (label === undefined || label === null) return []
  if (label.trim() !== '' && label.length <= 100) return []
  return [{ path, message: 'A label has 1 to 100 characters.' }]
}

/**
 * When a new key ends: never after the key that makes it. @throws MissingAuthorityError where that was asked for
 */
function expiryWithin(caller: Caller, wanted: Date | null | undefined): string | null {
  const most = caller.apiKey?.expiresAt ?? null
  if (most !== null && wanted && wanted.getTime() > Date.parse(most)) {
    throw new MissingAuthorityError(
      [`a key that lasts until ${wanted.toISOString()}`],
      'A key made with a key never outlives it',
    )
  }
  return wanted?.toISOString() ?? most
}

function keyChange(key: { id: string }, user: UserReference, sides: { before?: object; after?: object }) {
  const change = { targetType: 'ApiKey' as const, targetId: key.id, organizationId: user.organizationId }
  return { ...change, ...sides } as typeof change
}

mutation({
  name: 'createApiKey',
  description:
    'Makes a key and shows its secret, this once. Without `limits` it does all that its owner may. Made with a key that expires, it ends with that key at the latest. Making one for another user takes them over, so the caller must hold all that they hold.',
  input: (t) => ({
    user: t.string({ description: 'Whose it is to be; by default the caller’s.' }),
    label: t.string({ required: true, description: 'What it is for.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it ends by itself; never by default.' }),
    readOnly: t.boolean({ description: 'It is to call no mutation.' }),
    limits: t.field({
      type: [RoleScopeInput],
      description: 'It is to do at most what these allow. An empty list allows nothing.',
    }),
  }),
  payload: (p) => ({
    apiKey: p.loaded(ApiKey, 'The new key.'),
    secret: p.string('The secret, shown this once; null in a dry run.'),
  }),
  check: (input) => [
    ...labelIssues('label', input.label),
    ...expiryIssues('expiresAt', input.expiresAt),
    ...roleIssues('limits', input.limits),
  ],
  find: async (finder, input) => ({
    user: await findUserOrSelf(finder, input.user),
    limits: input.limits ? await findRoles(finder, 'limits', input.limits) : null,
  }),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  confers: ({ refs, caller }) => (refs.user.id === caller.userId ? null : userConfers(refs.user.id)),
  touchesCredentials: true,
  async run({ tx, caller, input, refs: { user, limits }, dryRun }) {
    const expiresAt = expiryWithin(caller, input.expiresAt)
    const fields = { label: input.label, readOnly: input.readOnly ?? false, expiresAt }
    const { id, secret } = await insertApiKey(tx, caller, { ...fields, userId: user.id, limits }, dryRun)
    const after = { ...fields, user: user.username, limits: limits?.map(describeLimit) }
    return { values: { apiKey: id, secret }, change: keyChange({ id }, user, { after }) }
  },
})

/** @throws NotFoundError */
async function findUserOrSelf(finder: Finder, username: string | null | undefined): Promise<UserReference> {
  if (username !== undefined && username !== null) return findUser(finder, username, 'user')
  return findOwner(finder, finder.caller.userId ?? NOBODY_ID, 'user', 'The user (name one)')
}

/** No user's id: what an operator, who is no user, has for their own. */
const NOBODY_ID = '00000000-0000-0000-0000-000000000000'

function describeLimit({ role, scope }: FoundRole) {
  return { role, scope }
}

mutation({
  name: 'rotateApiKey',
  description:
    'Replaces a key by a new one of the same label, limits and length, and ends the old one at once. Rotated with itself, the new one ends when the old one would have.',
  input: (t) => ({ apiKey: t.id({ required: true, description: 'The id of the key.' }) }),
  payload: (p) => ({
    apiKey: p.loaded(ApiKey, 'The new key.'),
    secret: p.string('The secret, shown this once; null in a dry run.'),
  }),
  find: (finder, input) => findKey(finder, input.apiKey),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  confers: ({ refs, caller }) => (refs.user.id === caller.userId ? null : userConfers(refs.user.id)),
  touchesCredentials: true,
  endangersAdministration: true,
  errors: ['CONFLICT'],
  async run({ tx, caller, refs: { key, user }, dryRun }) {
    if (key.source === 'ENVIRONMENT')
      throw new ConflictError('This key is set by ROOT_API_KEY: change the variable and start again.')
    if (!(await endApiKey(tx, caller, key.id))) throw new ConflictError('The key has ended: make a new one.')
    const expiresAt = successorExpiry(key, caller, new Date())
    const limits = await readLimits(tx, key)
    const { label, readOnly } = key
    const { id, secret } = await insertApiKey(
      tx,
      caller,
      { userId: user.id, label, readOnly, expiresAt, limits },
      dryRun,
    )
    const sides = { before: { apiKey: key.id }, after: { apiKey: id, label, readOnly, expiresAt } }
    return { values: { apiKey: id, secret }, change: keyChange({ id }, user, sides) }
  },
})

mutation({
  name: 'revokeApiKey',
  description: 'Ends a key at once: the next request with it is refused.',
  input: (t) => ({ apiKey: t.id({ required: true, description: 'The id of the key.' }) }),
  payload: (p) => ({
    apiKey: p.loaded(ApiKey, 'The key, ended.'),
    changed: p.boolean('False where it had ended already.'),
  }),
  find: (finder, input) => findKey(finder, input.apiKey),
  may: (by) =>
    by.either(
      by.self((refs) => refs.user.id),
      by.permissionOverUser('users.manage', (refs) => refs.user),
    ),
  confers: 'nothing',
  touchesCredentials: true,
  endangersAdministration: true,
  async run({ tx, caller, refs: { key, user } }) {
    const changed = await endApiKey(tx, caller, key.id)
    const before = { label: key.label, user: user.username }
    return { values: { apiKey: key.id, changed }, change: changed ? keyChange(key, user, { before }) : null }
  },
})
