import { timingSafeEqual } from 'node:crypto'
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { hashToken, looksLikeToken, readTokenId } from '../api-key/token.ts'
import type { Connection } from '../db/database.ts'
import { apiKeys, users } from '../db/tables.ts'
import type { Caller, Held, HeldLevel } from './caller.ts'
import { authorityOf, type Holder, isActiveAt, levelsOf, NOW } from './held.ts'

/** The credential is not good. One message for every cause: nothing is told to who guesses. */
export class BadCredentialError extends Error {
  override name = 'BadCredentialError'
}

/** Reads one header; undefined where it is absent. */
export type HeaderReader = (name: string) => string | undefined

/**
 * Finds who asks, from `Api-Key`, `Authorization: Bearer` or `Authorization: Token`, in one statement that brings their
 * authority along. No credential is nobody: null. @throws BadCredentialError
 */
export async function identify(db: Connection, header: HeaderReader): Promise<Caller | null> {
  const presented = readCredential(header)
  return presented === null ? null : findByKey(db, presented)
}

function readCredential(header: HeaderReader): string | null {
  const apiKey = header('api-key')
  const authorization = header('authorization')
  if (authorization === undefined) return apiKey ?? null
  const [, token] = /^(?:bearer|token) +([\x21-\x7e]+)$/i.exec(authorization) ?? []
  if (token === undefined) throw new BadCredentialError()
  // Two different keys name two callers: neither can be believed.
  if (apiKey !== undefined && apiKey !== token) throw new BadCredentialError()
  return token
}

async function findByKey(db: Connection, presented: string): Promise<Caller> {
  const [row] = await db
    .select({
      id: apiKeys.id,
      hash: apiKeys.hash,
      readOnly: apiKeys.readOnly,
      limited: apiKeys.limited,
      expiresAt: apiKeys.expiresAt,
      userId: users.id,
      organizationId: users.organizationId,
      authority: authorityJson({ userId: sql`${users.id}`, apiKeyId: sql`${apiKeys.id}` }),
      levels: levelsJson({ userId: sql`${users.id}`, apiKeyId: sql`${apiKeys.id}` }),
    })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .where(and(whichKey(presented), isUsable(), isActiveAt({ id: users.id, deletedAt: users.deletedAt }, NOW)))
  if (!row || !timingSafeEqual(row.hash, hashToken(presented))) throw new BadCredentialError()
  const { id, readOnly, limited, expiresAt, userId, organizationId, authority, levels } = row
  return { actor: 'USER', userId, organizationId, apiKey: { id, readOnly, limited, expiresAt }, authority, levels }
}

/** A key of our form names its row; anything else can only be root's, set by ROOT_API_KEY. */
function whichKey(presented: string): SQL | undefined {
  if (!looksLikeToken(presented)) return eq(apiKeys.source, 'ENVIRONMENT')
  const id = readTokenId(presented)
  if (id === null) throw new BadCredentialError()
  return eq(apiKeys.id, id)
}

function isUsable(): SQL | undefined {
  return and(isNull(apiKeys.revokedAt), sql`(${apiKeys.expiresAt} is null or ${NOW} < ${apiKeys.expiresAt})`)
}

function authorityJson(holder: Holder) {
  return sql<
    Held[]
  >`(select coalesce(json_agg(json_build_object('what', a.what, 'organizationId', a.organization_id, 'projectId', a.project_id, 'until', a.until)), '[]'::json) from ${authorityOf(holder)} as a)`
}

/** What `controllers.manage` gives is known from the authority; only grants are brought along. */
function levelsJson(holder: Holder) {
  return sql<
    HeldLevel[]
  >`(select coalesce(json_agg(json_build_object('controllerId', l.controller_id, 'modelId', l.model_id, 'level', l.level)), '[]'::json) from ${levelsOf(holder)} as l where l.via = 'GRANT')`
}

/**
 * Reads a caller's authority anew, as it is at this statement. Null where their key or they themselves are no longer
 * good. @param tx the transaction that has locked the caller's row, so that nothing of it changes any more.
 */
export async function readAuthority(tx: Connection, caller: Caller): Promise<Caller | null> {
  if (caller.actor === 'OPERATOR' || caller.userId === null) return caller
  const apiKeyId = caller.apiKey?.id ?? null
  const [row] = await tx
    .select({
      authority: authorityJson({ userId: sql`${users.id}`, apiKeyId }),
      levels: levelsJson({ userId: sql`${users.id}`, apiKeyId }),
    })
    .from(users)
    .leftJoin(apiKeys, apiKeyId ? eq(apiKeys.id, apiKeyId) : sql`false`)
    .where(
      and(
        eq(users.id, caller.userId),
        isActiveAt({ id: users.id, deletedAt: users.deletedAt }, NOW),
        apiKeyId ? isUsable() : undefined,
      ),
    )
  return row ? { ...caller, ...row } : null
}
