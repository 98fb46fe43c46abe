/** Whether an API key or a session is still valid by itself. Its user must also be active. */
import { type SQL, sql } from 'drizzle-orm'

/** Whether a key is neither revoked nor expired. */
export function isUsableKey(key: { revokedAt: unknown; expiresAt: unknown }, at: SQL): SQL {
  return sql`(${key.revokedAt} is null and (${key.expiresAt} is null or ${at} < ${key.expiresAt}))`
}

/** Whether a session is neither ended nor expired. */
export function isOpenSession(session: { endedAt: unknown; expiresAt: unknown }, at: SQL): SQL {
  return sql`(${session.endedAt} is null and ${at} < ${session.expiresAt})`
}

/** The claims of a token about its session, as values or as parameters. */
interface Claims {
  userId: unknown
  /** The key that signed the token. */
  keyId: unknown
  issuedAt: unknown
  expiresAt: unknown
}

/**
 * Whether a signing key was not withdrawn. Servers remember public keys, so this is asked by each statement that finds a
 * session: no server trusts a key after it was withdrawn.
 */
export function isTrustedKey(keyId: unknown): SQL {
  return sql`exists (select from signing_keys as k where k.id = ${keyId} and k.withdrawn_at is null)`
}

/**
 * Whether the claims of a token equal the row of its session, to the second, and its key is trusted: a token with other
 * claims was not made for the session.
 */
export function isSessionOf(session: { userId: unknown; createdAt: unknown; expiresAt: unknown }, claims: Claims): SQL {
  return sql`(${session.userId} = ${claims.userId} and extract(epoch from ${session.createdAt}) = ${claims.issuedAt} and extract(epoch from ${session.expiresAt}) = ${claims.expiresAt} and ${isTrustedKey(claims.keyId)})`
}
