import { randomBytes } from 'node:crypto'
import { and, eq, ne, sql } from 'drizzle-orm'
import { isUsableKey } from '../../authentication/validity.ts'
import type { Caller, Scope } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { apiKeyLimits, apiKeys } from '../../db/tables.ts'
import { createToken, hashToken, hintOf } from './token.ts'

export type ApiKey = typeof apiKeys.$inferSelect

/** A limit, shaped like a grant. */
export type Limit = Scope & { roleId: string }

export interface NewApiKey {
  userId: string
  label: string
  expiresAt: string | null
  readOnly: boolean
  /** Null: no limits, the owner's whole authority. */
  limits: Limit[] | null
}

/** A key and its secret, which is kept nowhere; null in a dry run, where none is minted. */
export interface MintedApiKey {
  id: string
  secret: string | null
}

export async function insertApiKey(
  tx: Transaction,
  caller: Caller,
  { limits, ...row }: NewApiKey,
  dryRun: boolean,
): Promise<MintedApiKey> {
  const id = createId()
  const secret = dryRun ? null : createToken(id)
  await tx.insert(apiKeys).values({
    id,
    ...row,
    limited: limits !== null,
    hint: secret ? hintOf(secret) : '····',
    hash: secret ? hashToken(secret) : randomBytes(32),
    createdBy: caller.userId,
  })
  if (limits && limits.length > 0) {
    await tx.insert(apiKeyLimits).values(
      limits.map(({ roleId, organizationId, projectId }) => ({
        id: createId(),
        apiKeyId: id,
        roleId,
        organizationId,
        projectId,
      })),
    )
  }
  return { id, secret }
}

const isOpen = isUsableKey(apiKeys, sql`clock_timestamp()`)

/** Ends a key at once. False where it had ended already. */
export async function endApiKey(tx: Transaction, caller: Caller, id: string): Promise<boolean> {
  const rows = await tx
    .update(apiKeys)
    .set({ revokedAt: sql`clock_timestamp()`, revokedBy: caller.userId })
    .where(and(eq(apiKeys.id, id), isOpen))
    .returning({ id: apiKeys.id })
  return rows.length > 0
}

/** Lets a key work on beside its successor until a time, and no longer than it would have. */
export async function overlapApiKey(tx: Transaction, id: string, until: string, replacedBy: string) {
  await tx
    .update(apiKeys)
    .set({ expiresAt: sql`least(expires_at, ${until}::timestamptz)`, replacedBy })
    .where(eq(apiKeys.id, id))
}

/** Does a key still work, as far as it goes by itself? */
export async function isApiKeyOpen(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), isOpen))
  return rows.length > 0
}

/** Ends all of a user's keys at once, but not the one the caller came with; gives their labels. */
export async function endApiKeys(tx: Transaction, caller: Caller, userId: string): Promise<string[]> {
  const other = caller.apiKey ? ne(apiKeys.id, caller.apiKey.id) : undefined
  const rows = await tx
    .update(apiKeys)
    .set({ revokedAt: sql`clock_timestamp()`, revokedBy: caller.userId })
    .where(and(eq(apiKeys.userId, userId), isOpen, other))
    .returning({ label: apiKeys.label })
  return rows.map(({ label }) => label)
}

/** The limits of a key; null where it has none. */
export async function readLimits(tx: Transaction, key: ApiKey): Promise<Limit[] | null> {
  if (!key.limited) return null
  const { roleId, organizationId, projectId } = apiKeyLimits
  return tx.select({ roleId, organizationId, projectId }).from(apiKeyLimits).where(eq(apiKeyLimits.apiKeyId, key.id))
}

/**
 * When the successor of a key ends. Rotated with itself it ends when the key would have; otherwise it has its full
 * length again, but never outlives the key that makes it.
 */
export function successorExpiry(key: ApiKey, caller: Caller, now: Date): string | null {
  if (caller.apiKey?.id === key.id) return key.expiresAt
  const full = key.expiresAt === null ? null : now.getTime() + Date.parse(key.expiresAt) - Date.parse(key.createdAt)
  const most = caller.apiKey?.expiresAt ? Date.parse(caller.apiKey.expiresAt) : null
  const ends = [full, most].filter((end) => end !== null)
  return ends.length > 0 ? new Date(Math.min(...ends)).toISOString() : null
}
