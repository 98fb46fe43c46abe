/** Reads a caller with their authority: at the beginning of a request, and again inside a transaction. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Caller, CallerSession, Held, HeldLevel } from '../authority/caller.ts'
import { authorityOf, type Holder, isActiveAt, NOW } from '../authority/held.ts'
import { levelsOf } from '../authority/held-levels.ts'
import { basisJson } from '../authority/versions.ts'
import type { Connection } from '../db/database.ts'
import { apiKeys, passwords, sessions, users } from '../db/tables.ts'
import type { CheckedPassword } from '../entities/password/check.ts'
import type { TokenClaims } from '../entities/session/token.ts'
import type { KeptCaller } from './kept.ts'
import { isOpenSession, isSessionOf, isTrustedKey, isUsableKey } from './validity.ts'

/** The credentials of a request, of which the key is still to be compared. */
export interface Proven {
  /** The condition for the row of the key. */
  key: SQL | null
  session?: TokenClaims
  password?: CheckedPassword
}

/** Reads the caller that these credentials name; null where one of them is not valid, or a user is not active. */
export async function readCaller(db: Connection, { key, session, password }: Proven): Promise<KeptCaller | null> {
  const holder = { userId: sql`${users.id}`, apiKeyId: key && sql`${apiKeys.id}` }
  const opened = session && { id: sessions.id, keyId: session.keyId, expiresAt: sessions.expiresAt }
  const [row] = await db
    .select({
      userId: users.id,
      organizationId: users.organizationId,
      key: {
        id: apiKeys.id,
        userId: apiKeys.userId,
        readOnly: apiKeys.readOnly,
        limited: apiKeys.limited,
        expiresAt: apiKeys.expiresAt,
      },
      keyHash: apiKeys.hash,
      session: { id: sessions.id, expiresAt: sessions.expiresAt },
      mustChangePassword: mustChange(session !== undefined || password !== undefined),
      authority: authorityJson(holder),
      levels: levelsJson(holder),
      basis: basisJson({ user: users, key: key && apiKeys, session: opened ?? null }),
    })
    .from(users)
    .leftJoin(apiKeys, key ?? sql`false`)
    .leftJoin(sessions, session ? eq(sessions.id, session.sessionId) : sql`false`)
    .where(
      and(
        whichUser({ session, password }),
        isActiveAt({ id: users.id, deletedAt: users.deletedAt }, NOW),
        key ? isUsableKey(apiKeys, NOW) : undefined,
        key && (session || password) ? ownerIsActive() : undefined,
        session ? and(isSessionOf(sessions, session), isOpenSession(sessions, NOW)) : undefined,
        password ? hasPasswordSince(password.setAt) : undefined,
      ),
    )
  if (!row) return null
  const { userId, organizationId, basis, keyHash } = row
  const passwordSetAt = password?.setAt ?? null
  const credentials = { apiKey: row.key, session: callerSession(row.session, session), passwordSetAt }
  return { caller: { actor: 'USER', userId, organizationId, ...credentials, ...withinPassword(row), basis }, keyHash }
}

function callerSession(
  row: Omit<CallerSession, 'keyId'> | null,
  claims: TokenClaims | undefined,
): CallerSession | null {
  return row && claims ? { ...row, keyId: claims.keyId } : null
}

function whichUser({ session, password }: Pick<Proven, 'session' | 'password'>): SQL {
  if (session) return eq(users.id, session.userId)
  return password ? eq(users.id, password.userId) : eq(users.id, apiKeys.userId)
}

/** Whether the owner of the key is active: the key of an application ends with the application, regardless of the user who uses it. */
function ownerIsActive(): SQL {
  const owner = alias(users, 'owner')
  const active = isActiveAt({ id: owner.id, deletedAt: owner.deletedAt }, NOW)
  return sql`exists (select from ${users} as owner where ${eq(owner.id, apiKeys.userId)} and ${active})`
}

function hasPasswordSince(setAt: string): SQL {
  return sql`exists (select from ${passwords} as p where p.user_id = ${users.id} and p.set_at = ${setAt})`
}

/** Whether a caller who came in by a password must change it first. A session belongs to its user's current password, because another one ends it. */
function mustChange(isByPassword: boolean): SQL<boolean> {
  if (!isByPassword) return sql<boolean>`false`
  return sql<boolean>`exists (select from ${passwords} as p where p.user_id = ${users.id} and p.must_change)`
}

type Authority = Pick<Caller, 'mustChangePassword' | 'authority' | 'levels'>

/**
 * Returns what the caller holds: nothing while their password must be changed, because another person may know it. The
 * authority of every caller comes through here, so no rule can forget it.
 */
function withinPassword({ mustChangePassword, authority, levels }: Authority): Authority {
  return mustChangePassword
    ? { mustChangePassword, authority: [], levels: [] }
    : { mustChangePassword, authority, levels }
}

function authorityJson(holder: Holder) {
  return sql<
    Held[]
  >`(select coalesce(json_agg(json_build_object('what', a.what, 'organizationId', a.organization_id, 'projectId', a.project_id, 'until', a.until)), '[]'::json) from ${authorityOf(holder)} as a)`
}

/** Reads the levels held by a grant; those that `controllers.manage` grants are known from the authority. */
function levelsJson(holder: Holder) {
  return sql<
    HeldLevel[]
  >`(select coalesce(json_agg(json_build_object('controllerId', l.controller_id, 'modelId', l.model_id, 'level', l.level)), '[]'::json) from ${levelsOf(holder)} as l where l.via = 'GRANT')`
}

/**
 * Reads a caller's authority again, as it is at this statement. It returns null where the caller or their credential is no
 * longer valid. @param tx the transaction that has locked the caller's row, so that it cannot change any more.
 */
export async function readAuthority(tx: Connection, caller: Caller): Promise<Caller | null> {
  const { userId, apiKey, session, passwordSetAt } = caller
  if (caller.actor === 'OPERATOR' || userId === null) return caller
  const holder = { userId: sql`${users.id}`, apiKeyId: apiKey?.id ?? null }
  const [row] = await tx
    .select({
      mustChangePassword: mustChange(session !== null || passwordSetAt !== null),
      authority: authorityJson(holder),
      levels: levelsJson(holder),
    })
    .from(users)
    .leftJoin(apiKeys, apiKey ? eq(apiKeys.id, apiKey.id) : sql`false`)
    .leftJoin(sessions, session ? eq(sessions.id, session.id) : sql`false`)
    .where(
      and(
        eq(users.id, userId),
        isActiveAt({ id: users.id, deletedAt: users.deletedAt }, NOW),
        apiKey ? and(isUsableKey(apiKeys, NOW), ownerIsActive()) : undefined,
        session ? and(isOpenSession(sessions, NOW), isTrustedKey(session.keyId)) : undefined,
        passwordSetAt === null ? undefined : hasPasswordSince(passwordSetAt),
      ),
    )
  return row ? { ...caller, ...withinPassword(row), basis: null } : null
}
