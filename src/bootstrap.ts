/** Creates what the database holds from the first start on: the built-in roles, the organization `default`, and root. */
import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import { ADMINISTRATOR, BUILT_IN_ROLES, SERVER_PERMISSIONS } from './authority/permissions.ts'
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
import { ConfigError } from './variables.ts'

/** The lock by which servers that start at the same time bootstrap one after the other. */
const BOOTSTRAP_LOCK = 7_307_199_822

const SYSTEM = { caller: null, requestId: null, address: null }

/** What an operator must learn of a start. */
interface Bootstrapped {
  /** The key of root, where this was the very first start and no ROOT_API_KEY was set. It is shown once and is not stored. */
  rootKey: string | null
  /** What is wrong with the key of ROOT_API_KEY, without the key; null where it is valid or not set. */
  warning: string | null
}

/** Creates what is missing and leaves what exists unchanged. */
export function bootstrap(
  { database, keyring }: Pick<Services, 'database' | 'keyring'>,
  rootApiKey: string | null,
): Promise<Bootstrapped> {
  // Where many servers start at the same time, the last one waits for all the others.
  return database.transaction(
    async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(${BOOTSTRAP_LOCK})`)
      await writePermissions(tx)
      await writeBuiltInRoles(tx)
      const { id, isNew } = await findOrMakeRoot(tx, await findOrMakeOrganization(tx))
      await makeFirstSigningKey(tx, keyring)
      return {
        rootKey: isNew && rootApiKey === null ? await makeFirstKey(tx, id) : null,
        warning: rootApiKey === null ? null : await followVariable(tx, id, rootApiKey),
      }
    },
    { isPatient: true },
  )
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
 * even where the key was revoked in the meantime: a restart must not restore what an administrator took away. The start
 * goes on in that case, because the users of other keys need the server; the operator is told.
 */
async function followVariable(tx: Transaction, userId: string, rootApiKey: string): Promise<string | null> {
  const hash = hashToken(rootApiKey)
  const [latest] = await tx
    .select({ id: apiKeys.id, hash: apiKeys.hash, revokedAt: apiKeys.revokedAt })
    .from(apiKeys)
    .where(eq(apiKeys.source, 'ENVIRONMENT'))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(1)
  if (latest && hash.equals(latest.hash)) return latest.revokedAt === null ? null : REVOKED
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
  return null
}

const REVOKED =
  'ROOT_API_KEY is set, but its key was revoked and is refused with 401: set another value, or remove the variable.'
