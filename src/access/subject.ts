/** The subject of an access question: a user's whole authority, or the authority of an API key. */

import { type SQL, sql } from 'drizzle-orm'
import { readAuthority } from '../authentication/read-caller.ts'
import { isUsableKey } from '../authentication/validity.ts'
import type { Caller, CallerKey } from '../authority/caller.ts'
import { isActiveAt, NOW } from '../authority/held.ts'
import { holdsEverywhere, holdsInOrganization, immediateScope, isVisible } from '../authority/visibility.ts'
import type { Connection } from '../db/database.ts'
import { users } from '../db/tables.ts'
import { hashToken } from '../entities/api-key/token.ts'
import { User } from '../entities/user/type.ts'
import { fitsReference } from '../graphql/references.ts'

export type Subject = { username: string } | { apiKey: string } | { caller: Caller }

/**
 * The relation subject(id, organization_id, created_at, api_key_id, key_ends, limited, key, active, may_ask): no row or
 * one row. `key` is JSON; it is null where the subject is the whole user.
 */
export function askedSubject(caller: Caller, subject: Subject, time: SQL): SQL {
  const active = isActiveAt({ id: sql`u.id`, deletedAt: sql`u.deleted_at` }, time)
  const user = sql`u.id, u.organization_id, u.created_at`
  if ('caller' in subject) {
    const { userId, apiKey } = subject.caller
    return sql`select ${user}, ${apiKey?.id ?? null}::uuid as api_key_id, ${apiKey?.expiresAt ?? null}::timestamptz as key_ends, ${apiKey?.limited ?? false}::boolean as limited, null::json as key, ${active} as active, true as may_ask
      from users as u where u.id = ${userId}::uuid`
  }
  const mayCheck = mayCheckIn(caller, sql`u.organization_id`)
  if ('apiKey' in subject) {
    const key = sql`json_build_object('id', k.id, 'userId', k.user_id, 'readOnly', k.read_only, 'limited', k.limited, 'expiresAt', k.expires_at)`
    // A caller who may not ask about a key is not told whether the text is a key.
    return sql`select ${user}, k.id as api_key_id, k.expires_at as key_ends, k.limited, ${key} as key, true as active, true as may_ask
      from api_keys as k join users as u on u.id = k.user_id
      where k.hash = ${hashToken(subject.apiKey)}
        and ${isUsableKey({ revokedAt: sql`k.revoked_at`, expiresAt: sql`k.expires_at` }, NOW)} and ${active} and (${mayCheck} or u.id = ${caller.userId}::uuid)`
  }
  return sql`select ${user}, null::uuid as api_key_id, null::timestamptz as key_ends, false as limited, null::json as key, ${active} as active, (${mayCheck} or u.id = ${caller.userId}::uuid) as may_ask
    from users as u where ${fitsReference('user', { id: sql`u.id`, key: sql`u.username_key` }, subject.username.toWellFormed())} and u.deleted_at is null and (${mayCheck} or ${isVisible(User.visible, users, 'u', caller)})`
}

/** The subject as a caller, as if they sent the request themselves; null where they are suspended. */
export async function readSubject(
  tx: Connection,
  { id, organizationId, key }: { id: string; organizationId: string; key: CallerKey | null },
): Promise<Caller | null> {
  const unread = {
    session: null,
    passwordSetAt: null,
    mustChangePassword: false,
    authority: [],
    levels: [],
    basis: null,
  }
  return readAuthority(tx, { actor: 'USER', userId: id, organizationId, apiKey: key, ...unread })
}

/** True where the caller may ask about an organization. Such a caller may also name what is in it. */
export function mayCheckIn(caller: Caller, organizationId: SQL): SQL {
  const scope = immediateScope(caller)
  return holdsEverywhere(scope, 'access.check') ? sql`true` : holdsInOrganization(scope, 'access.check', organizationId)
}
