/** What new users of every kind get with their account: roles and a first key. */

import type { RoleItem } from '../../authority/guard.ts'
import type { Operation } from '../../mutation/run.ts'
import { expiryNotices } from '../api-key/notices.ts'
import { insertApiKey } from '../api-key/operations.ts'
import { grantRoles } from '../role/operations.ts'

const FIRST_KEY = 'first key'

/** Grants the roles of a new user and creates their first key, which never outlives the key that creates it. */
export async function furnish(
  { tx, caller, dryRun }: Pick<Operation<unknown, unknown>, 'tx' | 'caller' | 'dryRun'>,
  userId: string,
  items: RoleItem[],
  withApiKey: boolean,
) {
  await grantRoles(tx, caller, userId, items)
  if (!withApiKey) return null
  const expiresAt = caller.apiKey?.expiresAt ?? null
  return insertApiKey(tx, caller, { userId, label: FIRST_KEY, readOnly: false, limits: null, expiresAt }, dryRun)
}

/** The warnings about the end of a first key, where there is a key. */
export function firstKeyNotices(userId: string, key: { id: string; expiresAt: string | null } | null) {
  return key ? expiryNotices({ ...key, userId, label: FIRST_KEY }) : []
}

/** A first key as the audit records it; null where there is none. */
export function describeKey(key: { id: string; expiresAt: string | null } | null) {
  if (!key) return null
  const { id, expiresAt } = key
  return { id: `key_${id}`, label: FIRST_KEY, expiresAt: expiresAt && new Date(expiresAt).toISOString() }
}
