/** Creates what the database holds from the first start on: the built-in roles, the organization `default`, and root. */
import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import { ADMINISTRATOR, BUILT_IN_ROLES, SERVER_PERMISSIONS } from './authority/permissions.ts'
import { ConfigError } from './config.ts'
import type { Transaction } from './db/database.ts'
import { createId } from './db/id.ts'
import { apiKeys, organizations, permissions, roleGrants, rolePermissions, roles, users } from './db/tables.ts'
import { type Keyring, SealError } from './encryption/keyring.ts'
import { createToken, hashToken, hintOf } from './entities/api-key/token.ts'
import { recordChange } from './entities/audit/operations.ts'
import { DEFAULT_ORGANIZATION } from './entities/organization/operations.ts'
import { makeSigningKey, readSigningKey } from './entities/session/signing-keys.ts'
import { ROOT_USERNAME } from './entities/user/operations.ts'
import type { Services } from './services.ts'

/** The lock by which servers that start at the same time bootstrap one after the other. */
const BOOTSTRAP_LOCK = 7_307_199_822

const SYSTEM = { caller: null, requestId: null, address: null }

/**
 * Creates what is missing and leaves what exists unchanged. Returns root's key where this was the very first start and
 * no ROOT_API_KEY was set: the key is shown once and is not stored.
 */
export function bootstrap(
  { database, keyring }: Pick<Services, 'database' | 'keyring'>,
  rootApiKey: string | null,
): Promise<{ rootKey: string | null }> {
  return database.transaction(async (tx) => {
    // Where many servers start at the same time, the last one waits for all the others.
    await tx.execute(sql`set local lock_timeout = 0`)
    await tx.execute(sql`set local statement_timeout = 0`)
    await tx.execute(sql`select pg_advisory_xact_lock(${BOOTSTRAP_LOCK})`)
    await writePermissions(tx)
    await writeBuiltInRoles(tx)
    const { id, isNew } = await findOrMakeRoot(tx, await findOrMakeOrganization(tx))
    await makeFirstSigningKey(tx, keyring)
    if (rootApiKey !== null) await followVariable(tx, id, rootApiKey)
    return { rootKey: isNew && rootApiKey === null ? await makeFirstKey(tx, id) : null }
  })
}

/** @throws ConfigError where the encryption key is not the one that is in use */
async function makeFirstSigningKey(tx: Transaction, keyring: Keyring) {
  try {
    if (!(await readSigningKey(tx, keyring))) await makeSigningKey(tx, keyring)
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    throw new ConfigError(
      `ENCRYPTION_KEY does not open what this database keeps: ${error.message} Give the key it was sealed with, after a comma.`,
    )
  }
}

async function writePermissions(tx: Transaction) {
  const described: Record<string, string> = SERVER_PERMISSIONS
  const words = new Set([...Object.keys(described), ...BUILT_IN_ROLES.flatMap((role) => role.permissions)])
  const rows = [...words].sort().map((name) => ({ name, description: described[name] ?? null }))
  await tx
    .insert(permissions)
    .values(rows)
    .onConflictDoUpdate({ target: permissions.name, set: { description: sql`excluded.description` } })
}

async function writeBuiltInRoles(tx: Transaction) {
  for (const { id, name, title, permissions: words } of BUILT_IN_ROLES) {
    await tx.insert(roles).values({ id, name, title, isBuiltIn: true }).onConflictDoNothing()
    const rows = words.map((permission) => ({ id: createId(), roleId: id, permission }))
    await tx.insert(rolePermissions).values(rows).onConflictDoNothing()
  }
}

async function findOrMakeOrganization(tx: Transaction): Promise<string> {
  const [first] = await tx
    .select({ id: organizations.id })
    .from(organizations)
    .orderBy(organizations.createdAt)
    .limit(1)
  if (first) return first.id
  const id = createId()
  await tx.insert(organizations).values({ id, name: DEFAULT_ORGANIZATION })
  return id
}

async function findOrMakeRoot(tx: Transaction, organizationId: string): Promise<{ id: string; isNew: boolean }> {
  const [root] = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.usernameKey, ROOT_USERNAME), isNull(users.deletedAt)))
  if (root) return { id: root.id, isNew: false }
  const id = createId()
  await tx.insert(users).values({ id, organizationId, username: ROOT_USERNAME, kind: 'HUMAN' })
  await tx.insert(roleGrants).values({ id: createId(), userId: id, roleId: ADMINISTRATOR.id })
  const after = { username: ROOT_USERNAME, roles: [{ role: ADMINISTRATOR.name, scope: 'everywhere' }] }
  await recordChange(tx, SYSTEM, 'bootstrap', { targetType: 'User', targetId: id, organizationId, after })
  return { id, isNew: true }
}

async function makeFirstKey(tx: Transaction, userId: string): Promise<string> {
  const id = createId()
  const secret = createToken(id)
  await tx.insert(apiKeys).values({ id, userId, label: 'first key', hint: hintOf(secret), hash: hashToken(secret) })
  return secret
}

/**
 * ROOT_API_KEY owns one key: a different value revokes that key and creates a new one. The same value changes nothing,
 * even where the key was revoked in the meantime: a restart must not restore what an administrator took away.
 */
async function followVariable(tx: Transaction, userId: string, rootApiKey: string) {
  const hash = hashToken(rootApiKey)
  const [latest] = await tx
    .select({ id: apiKeys.id, hash: apiKeys.hash })
    .from(apiKeys)
    .where(eq(apiKeys.source, 'ENVIRONMENT'))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(1)
  if (latest && hash.equals(latest.hash)) return
  await tx
    .update(apiKeys)
    .set({ revokedAt: sql`clock_timestamp()` })
    .where(and(eq(apiKeys.source, 'ENVIRONMENT'), isNull(apiKeys.revokedAt)))
  const id = createId()
  const label = 'ROOT_API_KEY'
  await tx.insert(apiKeys).values({ id, userId, label, source: 'ENVIRONMENT', hint: hintOf(rootApiKey), hash })
  const before = latest ? { apiKey: latest.id } : {}
  await recordChange(tx, SYSTEM, 'bootstrap', {
    targetType: 'ApiKey',
    targetId: id,
    organizationId: null,
    before,
    after: { label },
  })
}
