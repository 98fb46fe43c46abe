import { eq, type SQL, sql } from 'drizzle-orm'
import { isUsableKey } from '../../authentication/validity.ts'
import { NOW } from '../../authority/held.ts'
import { apiKeys } from '../../db/tables.ts'
import { ConflictError } from '../../errors.ts'
import { readId } from '../../graphql/node-id.ts'
import { type Finder, findRow } from '../../mutation/lookup.ts'
import type { Row } from '../../read/spec.ts'
import { target } from '../audit/targets.ts'
import { nameScope } from '../role/lookup.ts'
import { findOwner, type UserReference } from '../user/lookup.ts'
import type { ApiKey as ApiKeyRow, readLimits } from './operations.ts'
import { ApiKey } from './type.ts'

export interface KeyRefs {
  key: ApiKeyRow
  user: UserReference
}

/** Finds the visible key with this id, and its owner. @throws NotFoundError */
export async function findKey(finder: Finder, id: string) {
  const what = 'The API key'
  const fits = eq(apiKeys.id, readId('key', id, 'apiKey'))
  const key = await findRow(finder, apiKeys, ApiKey.visible, fits, { path: 'apiKey', what, lock: 'CHANGE' })
  const owner = sql`(select k.user_id from ${apiKeys} as k where k.id = ${key.id})`
  return { key, user: await findOwner(finder, owner, 'apiKey', what) }
}

export function keyTarget({ key, user }: KeyRefs) {
  return target('ApiKey', { id: key.id, organizationId: user.organizationId })
}

/** Whether a key can be replaced and changed: it is valid, has no successor, and does not belong to ROOT_API_KEY. */
export function isReplaceable(key: Row): SQL {
  const isUsable = isUsableKey({ revokedAt: key.revokedAt, expiresAt: key.expiresAt }, NOW)
  return sql`(${key.source} <> 'ENVIRONMENT' and ${key.replacedBy} is null and ${isUsable})`
}

/** @throws ConflictError for the key that only its variable changes */
export function refuseFixed({ source }: ApiKeyRow) {
  if (source === 'ENVIRONMENT')
    throw new ConflictError('This key is set by ROOT_API_KEY: change the variable and start again.')
}

/** The limits of a key as the audit records them; what was deleted is left out. */
export function describeLimits(limits: Awaited<ReturnType<typeof readLimits>>) {
  return limits
    ?.filter(({ isGone }) => !isGone)
    .map(({ role, project, organization }) => ({ role, scope: nameScope(project, organization) }))
}
