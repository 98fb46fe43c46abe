import { randomBytes } from 'node:crypto'
import { and, eq, ne, sql } from 'drizzle-orm'
import { isUsableKey } from '../../authentication/validity.ts'
import type { Caller, Scope } from '../../authority/caller.ts'
import type { Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { apiKeyLimits, apiKeys, organizations, projects, roles } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { endWithinLife } from './life.ts'
import { createToken, hashToken, hintOf } from './token.ts'

export type ApiKey = typeof apiKeys.$inferSelect

/** One limit of a key. It has the same fields as a role grant. */
export type Limit = Scope & { roleId: string }

export interface NewApiKey {
  userId: string
  label: string
  expiresAt: string | null
  /** True where the input asks for this end, so that a sooner one would surprise. */
  isAskedFor?: boolean
  readOnly: boolean
  /** Null where the key has no limits and has the full authority of its owner. */
  limits: Limit[] | null
}

/** A key and its secret. The secret is not stored; it is null in a dry run, where no secret is created. */
export interface MintedApiKey {
  id: string
  secret: string | null
  expiresAt: string | null
}

/** Makes a key, which ends as it should, or sooner where the user’s organization allows no such life. */
export async function insertApiKey(
  tx: Transaction,
  caller: Caller,
  { limits, isAskedFor, ...row }: NewApiKey,
  dryRun: boolean,
): Promise<MintedApiKey> {
  const id = createId()
  const secret = dryRun ? null : createToken(id)
  const expiresAt = await endWithinLife(tx, row.userId, { expiresAt: row.expiresAt, isAskedFor })
  await tx.insert(apiKeys).values({
    id,
    ...row,
    expiresAt,
    limited: limits !== null,
    hint: secret ? hintOf(secret) : '····',
    hash: secret ? hashToken(secret) : randomBytes(32),
    createdBy: caller.userId,
  })
  await insertLimits(tx, id, limits ?? [])
  return { id, secret, expiresAt }
}

/** A key of another system, of which only the hash is kept. */
export interface ForeignKey {
  label: string
  hash: Buffer
  hint: string
  expiresAt: string | null
}

/**
 * Adds a key of another system. A dry run does not look whose key it is: keys could be guessed by it, and nothing be left of that.
 * @throws ConflictError where it is, or was, the key of a user
 */
export async function insertForeignKey(
  tx: Transaction,
  caller: Caller,
  userId: string,
  key: ForeignKey,
  dryRun: boolean,
): Promise<{ id: string; expiresAt: string | null }> {
  const id = createId()
  const expiresAt = await endWithinLife(tx, userId, key)
  const hash = dryRun ? randomBytes(32) : key.hash
  const row = { id, userId, ...key, hash, expiresAt, source: 'IMPORTED' as const, createdBy: caller.userId }
  const write = tx.insert(apiKeys).values(row)
  const taken = `The key "${key.label}" is, or was, the key of another user.`
  await writeUnique(writeUnique(write, 'api_keys_imported_hash_unique', taken), 'api_keys_hash_unique', taken)
  return { id, expiresAt }
}

async function insertLimits(tx: Transaction, apiKeyId: string, limits: Limit[]) {
  if (limits.length === 0) return
  const rows = limits.map(({ roleId, organizationId, projectId }) => ({
    id: createId(),
    apiKeyId,
    roleId,
    organizationId,
    projectId,
  }))
  await tx.insert(apiKeyLimits).values(rows)
}

/** Changes a key; its end and its limits stay as they are where they are not given. */
export async function changeApiKey(
  tx: Transaction,
  id: string,
  { label, expiresAt, limits }: { label: string; expiresAt: string | undefined; limits: Limit[] | null },
) {
  await tx
    .update(apiKeys)
    .set({
      label,
      ...(expiresAt && { expiresAt, endSetAt: sql`clock_timestamp()` }),
      ...(limits && { limited: true }),
    })
    .where(eq(apiKeys.id, id))
  if (!limits) return
  await tx.delete(apiKeyLimits).where(eq(apiKeyLimits.apiKeyId, id))
  await insertLimits(tx, id, limits)
}

const isOpen = isUsableKey(apiKeys, sql`clock_timestamp()`)

/** Ends a key at once. Returns false where the key had already ended. */
export async function endApiKey(tx: Transaction, caller: Caller, id: string): Promise<boolean> {
  const rows = await tx
    .update(apiKeys)
    .set({ revokedAt: sql`clock_timestamp()`, revokedBy: caller.userId })
    .where(and(eq(apiKeys.id, id), isOpen))
    .returning({ id: apiKeys.id })
  return rows.length > 0
}

/** Keeps a key valid beside its successor until a time, but never beyond the key's own planned end. */
export async function overlapApiKey(tx: Transaction, id: string, until: string, replacedBy: string) {
  await tx
    .update(apiKeys)
    .set({ expiresAt: sql`least(expires_at, ${until}::timestamptz)`, replacedBy })
    .where(eq(apiKeys.id, id))
}

/** Whether a key is neither revoked nor expired. The state of its owner is not considered. */
export async function isApiKeyOpen(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), isOpen))
  return rows.length > 0
}

/** Ends all of a user's keys at once, except the key that the caller uses. Returns the labels of the ended keys. */
export async function endApiKeys(tx: Transaction, caller: Caller, userId: string): Promise<string[]> {
  const other = caller.apiKey ? ne(apiKeys.id, caller.apiKey.id) : undefined
  const rows = await tx
    .update(apiKeys)
    .set({ revokedAt: sql`clock_timestamp()`, revokedBy: caller.userId })
    .where(and(eq(apiKeys.userId, userId), isOpen, other))
    .returning({ label: apiKeys.label })
  return rows.map(({ label }) => label)
}

/**
 * Returns the limits of a key with their names, or null where the key has no limits. A limit whose role or scope was
 * deleted allows nothing: it is gone.
 */
export async function readLimits(tx: Transaction, key: ApiKey) {
  if (!key.limited) return null
  const { roleId, organizationId, projectId } = apiKeyLimits
  return tx
    .select({
      roleId,
      organizationId,
      projectId,
      role: roles.name,
      project: projects.code,
      organization: organizations.name,
      isGone: IS_GONE,
    })
    .from(apiKeyLimits)
    .innerJoin(roles, eq(roles.id, roleId))
    .leftJoin(projects, eq(projects.id, projectId))
    .leftJoin(organizations, eq(organizations.id, organizationId))
    .where(eq(apiKeyLimits.apiKeyId, key.id))
    .orderBy(apiKeyLimits.id)
}

const IS_GONE = sql<boolean>`(${roles.deletedAt} is not null or ${projects.deletedAt} is not null or ${organizations.deletedAt} is not null)`

/**
 * Returns the planned end of a key's successor. Where the key is used to rotate itself, the successor has the same
 * planned end. Otherwise the successor gets the full lifetime of the key again, from when its end was set, but it never ends after the key that
 * creates it.
 */
export function successorExpiry(key: ApiKey, caller: Caller, now: Date): string | null {
  if (caller.apiKey?.id === key.id) return key.expiresAt
  const full =
    key.expiresAt === null
      ? null
      : now.getTime() + Date.parse(key.expiresAt) - Date.parse(key.endSetAt ?? key.createdAt)
  const most = caller.apiKey?.expiresAt ? Date.parse(caller.apiKey.expiresAt) : null
  const ends = [full, most].filter((end) => end !== null)
  return ends.length > 0 ? new Date(Math.min(...ends)).toISOString() : null
}
