/** The subject of an access question: a user's whole authority, or the authority of an API key. */

import { type SQL, sql } from 'drizzle-orm'
import { readAuthority } from '../authentication/read-caller.ts'
import { isUsableKey } from '../authentication/validity.ts'
import { type Caller, type CallerKey, NOBODY } from '../authority/caller.ts'
import { API_KEY_ID, USER_ID } from '../authority/caller-values.ts'
import { isActiveAt, NOW } from '../authority/held.ts'
import { holdsEverywhere, holdsInOrganization, isVisible } from '../authority/visibility.ts'
import type { Connection } from '../db/database.ts'
import type { Parameter } from '../db/rendered.ts'
import { users } from '../db/tables.ts'
import { hashToken } from '../entities/api-key/token.ts'
import { User } from '../entities/user/type.ts'
import { uuidOfReference } from '../graphql/references.ts'
import { badUserInput } from '../read/errors.ts'
import type { CallerScope } from '../read/spec.ts'

export type Subject = { username: string } | { apiKey: string } | { caller: Caller }

/** The caller who asks, and who is asked about. */
export interface Parties {
  caller: Caller
  subject: Subject
}

/** Who is asked about; null where the operator, who is not a user, asks about themselves. @throws BAD_USER_INPUT */
export function subjectAsked(caller: Caller | null, user: string | null, apiKey: string | null): Subject | null {
  if (user !== null && apiKey !== null) throw badUserInput('"input" takes a "user" or an "apiKey", not both.')
  if (user !== null) return { username: user }
  if (apiKey !== null) return { apiKey }
  return caller?.userId ? { caller } : null
}

/** What decides the text of the relation of the subject. */
export function shapeOf(subject: Subject): string {
  if ('username' in subject) return uuidOfUser(subject) === null ? 'name' : 'id'
  return 'apiKey' in subject ? 'key' : 'caller'
}

function uuidOfUser(subject: Subject): string | null {
  return 'username' in subject ? uuidOfReference('user', subject.username) : null
}

/**
 * The relation subject(id, organization_id, created_at, api_key_id, key_ends, limited, key, active, may_ask): no row or
 * one row. `key` is JSON; it is null where the subject is the whole user.
 */
export function askedSubject(caller: CallerScope, subject: Subject, parameter: Parameter<Parties>, time: SQL): SQL {
  const active = isActiveAt({ id: sql`u.id`, deletedAt: sql`u.deleted_at` }, time)
  const user = sql`u.id, u.organization_id, u.created_at`
  const own = caller.param(USER_ID)
  const mayCheck = mayCheckIn(caller, sql`u.organization_id`)
  switch (shapeOf(subject)) {
    case 'caller': {
      const ends = parameter('timestamptz', (parties) => parties.caller.apiKey?.expiresAt ?? null)
      const limited = parameter('boolean', (parties) => parties.caller.apiKey?.limited ?? false)
      return sql`select ${user}, ${caller.param(API_KEY_ID)} as api_key_id, ${ends} as key_ends, ${limited} as limited, null::json as key, ${active} as active, true as may_ask
        from users as u where u.id = ${own}`
    }
    case 'key': {
      const hash = parameter('bytea', (parties) => 'apiKey' in parties.subject && hashToken(parties.subject.apiKey))
      const key = sql`json_build_object('id', k.id, 'userId', k.user_id, 'readOnly', k.read_only, 'limited', k.limited, 'expiresAt', k.expires_at)`
      // A caller without the right to ask about a key is not told whether the text is a key.
      return sql`select ${user}, k.id as api_key_id, k.expires_at as key_ends, k.limited, ${key} as key, true as active, true as may_ask
        from api_keys as k join users as u on u.id = k.user_id
        where k.hash = ${hash}
          and ${isUsableKey({ revokedAt: sql`k.revoked_at`, expiresAt: sql`k.expires_at` }, NOW)} and ${active} and (${mayCheck} or u.id = ${own})`
    }
    default: {
      const isNamed =
        shapeOf(subject) === 'id'
          ? sql`u.id = ${parameter('uuid', (parties) => uuidOfUser(parties.subject))}`
          : sql`u.username_key = ${parameter('text', (parties) => 'username' in parties.subject && parties.subject.username.toWellFormed().toLowerCase())}`
      return sql`select ${user}, null::uuid as api_key_id, null::timestamptz as key_ends, false as limited, null::json as key, ${active} as active, (${mayCheck} or u.id = ${own}) as may_ask
        from users as u where ${isNamed} and u.deleted_at is null and (${mayCheck} or ${isVisible(User.visible, users, 'u', caller)})`
    }
  }
}

/** The subject as a caller, as if they sent the request themselves; null where they are suspended. */
export async function readSubject(
  tx: Connection,
  { id, organizationId, key }: { id: string; organizationId: string; key: CallerKey | null },
): Promise<Caller | null> {
  return readAuthority(tx, { ...NOBODY, userId: id, organizationId, apiKey: key })
}

/** True where the caller may ask about an organization. Such a caller may also name what is in it. */
export function mayCheckIn(caller: CallerScope, organizationId: SQL): SQL {
  return holdsEverywhere(caller, 'access.check')
    ? sql`true`
    : holdsInOrganization(caller, 'access.check', organizationId)
}
