/** What an API key or a session says of itself: does it still work? Its user must be active besides. */
import { type SQL, sql } from 'drizzle-orm'

/** Neither revoked nor expired. */
export function isUsableKey(key: { revokedAt: unknown; expiresAt: unknown }, at: SQL): SQL {
  return sql`(${key.revokedAt} is null and (${key.expiresAt} is null or ${at} < ${key.expiresAt}))`
}

/** Neither ended nor expired. */
export function isOpenSession(session: { endedAt: unknown; expiresAt: unknown }, at: SQL): SQL {
  return sql`(${session.endedAt} is null and ${at} < ${session.expiresAt})`
}

/** What a token says of its session, as values or as parameters. */
interface Claims {
  userId: unknown
  issuedAt: unknown
  expiresAt: unknown
}

/** The token says what the row says, to the second: one that says anything else was not made for it. */
export function isSessionOf(session: { userId: unknown; createdAt: unknown; expiresAt: unknown }, claims: Claims): SQL {
  return sql`(${session.userId} = ${claims.userId} and extract(epoch from ${session.createdAt}) = ${claims.issuedAt} and extract(epoch from ${session.expiresAt}) = ${claims.expiresAt})`
}
