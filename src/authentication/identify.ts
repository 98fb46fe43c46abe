import { timingSafeEqual } from 'node:crypto'
import { and, eq, isNotNull, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Caller, CallerSession, Held, HeldLevel } from '../authority/caller.ts'
import { authorityOf, type Holder, isActiveAt, NOW } from '../authority/held.ts'
import { levelsOf } from '../authority/held-levels.ts'
import type { Connection } from '../db/database.ts'
import { apiKeys, passwords, sessions, users } from '../db/tables.ts'
import { hashToken, looksLikeToken, readTokenId } from '../entities/api-key/token.ts'
import type { CheckedPassword } from '../entities/password/check.ts'
import type { TokenClaims } from '../entities/session/token.ts'
import type { Target } from '../errors.ts'
import type { Services } from '../services.ts'
import { BadCredentialError } from './bad-credential.ts'
import { type Credentials, type HeaderReader, readCredentials } from './credentials.ts'
import { isOpenSession, isSessionOf, isTrustedKey, isUsableKey } from './validity.ts'

/** The origin of a request: its id and the client's address. */
export interface Origin {
  requestId: string
  address: string | null
}

/**
 * Determines the caller, in one statement that also reads their authority. It returns null where there is no credential.
 * Two credentials must both be valid: the caller is the user of the session or password, within the limits of the key.
 * @throws BadCredentialError
 * @throws RateLimitedError where there were too many attempts with a wrong password
 */
export async function identify(services: Services, header: HeaderReader, origin: Origin) {
  const credentials = readCredentials(header)
  return credentials === null ? null : findCaller(services, credentials, origin)
}

async function findCaller(services: Services, { apiKey, user }: Credentials, origin: Origin): Promise<Caller> {
  const { db } = services.database
  const key = apiKey === null ? null : whichKey(apiKey)
  if (user !== null && 'token' in user) {
    const claims = await services.tokens.verify(db, user.token)
    return readCaller(services, { key, apiKey, session: claims })
  }
  if (user === null) return readCaller(services, { key, apiKey })
  if (key === null && services.config.passwordNeedsApiKey) throw new BadCredentialError()
  return readCaller(services, {
    key,
    apiKey,
    password: await services.passwords.check(user.username, user.password, {
      ...origin,
      action: 'signIn',
      caller: null,
    }),
  })
}

interface Proven {
  key: SQL | null
  apiKey: string | null
  session?: TokenClaims
  password?: CheckedPassword
}

async function readCaller(
  { database: { db }, noteUse }: Services,
  { key, apiKey, session, password }: Proven,
): Promise<Caller> {
  const holder = { userId: sql`${users.id}`, apiKeyId: key && sql`${apiKeys.id}` }
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
      hash: apiKeys.hash,
      session: { id: sessions.id, expiresAt: sessions.expiresAt },
      mustChangePassword: mustChange(session !== undefined || password !== undefined),
      authority: authorityJson(holder),
      levels: levelsJson(holder),
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
  if (!row || (apiKey !== null && !isSecretOf(row.hash, apiKey)))
    throw new BadCredentialError(await findEnded(db, { key, apiKey, session }))
  if (row.hash) noteUse(row.hash)
  const { userId, organizationId } = row
  return {
    actor: 'USER',
    userId,
    organizationId,
    apiKey: row.key,
    session: callerSession(row.session, session),
    passwordSetAt: password?.setAt ?? null,
    ...withinPassword(row),
  }
}

function callerSession(
  row: Omit<CallerSession, 'keyId'> | null,
  claims: TokenClaims | undefined,
): CallerSession | null {
  return row && claims ? { ...row, keyId: claims.keyId } : null
}

/** Returns the key or the session that was presented, where it is right but has ended. */
async function findEnded(db: Connection, { key, apiKey, session }: Proven): Promise<Target | null> {
  if (key !== null && apiKey !== null) {
    const [row] = await db
      .select({ id: apiKeys.id, hash: apiKeys.hash, organizationId: users.organizationId })
      .from(apiKeys)
      .innerJoin(users, eq(users.id, apiKeys.userId))
      .where(and(key, sql`not ${isUsableKey(apiKeys, NOW)}`))
      .limit(1)
    if (row && isSecretOf(row.hash, apiKey))
      return { targetType: 'ApiKey', targetId: row.id, organizationId: row.organizationId }
  }
  if (!session) return null
  const [row] = await db
    .select({ id: sessions.id, organizationId: users.organizationId })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, session.sessionId), isSessionOf(sessions, session), isNotNull(sessions.endedAt)))
  return row ? { targetType: 'Session', targetId: row.id, organizationId: row.organizationId } : null
}

function isSecretOf(hash: Buffer | null, secret: string): boolean {
  return hash !== null && timingSafeEqual(hash, hashToken(secret))
}

/** The condition for the row of a key. A key that this server made contains the id of its row; any other key can only be root's, set by ROOT_API_KEY. */
function whichKey(presented: string): SQL {
  if (!looksLikeToken(presented)) return eq(apiKeys.source, 'ENVIRONMENT')
  const id = readTokenId(presented)
  if (id === null) throw new BadCredentialError()
  return eq(apiKeys.id, id)
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
  return row ? { ...caller, ...withinPassword(row) } : null
}
