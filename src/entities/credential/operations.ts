import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { controllers, credentials, models } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { type Keyring, seal, unseal } from '../../encryption/keyring.ts'
import { ConflictError } from '../../errors.ts'
import { type AttributeValue, credentialType } from './attributes.ts'

export type Credential = typeof credentials.$inferSelect

/**
 * Refuses every use of a credential that was locked because another user has had access to its owner's account.
 * @throws ConflictError
 */
export function refuseLocked(credential: Credential | null) {
  if (!credential?.lockedAt) return
  throw new ConflictError('It is locked, as another user has had access to this account since: add it again.')
}

interface NewCredential {
  userId: string
  name: string
  type: string
  values: AttributeValue[]
}

/** Inserts a credential and returns its id. @throws ConflictError where the user has one with this name. */
export async function insertCredential(tx: Transaction, keyring: Keyring, given: NewCredential): Promise<string> {
  const { userId, name } = given
  const id = createId()
  const row = { id, userId, name, ...(await sealed(keyring, { id, userId }, given)) }
  await writeUnique(
    tx.insert(credentials).values(row),
    'credentials_name_unique',
    `There is a credential named "${name}" already.`,
  )
  return id
}

type Attributes = Pick<NewCredential, 'type' | 'values'>

/** The columns of attributes, of which the secrets are encrypted. */
async function sealed(keyring: Keyring, owned: Pick<Credential, 'id' | 'userId'>, { type, values }: Attributes) {
  const secret = valuesOf(values, true)
  const secrets = await seal(keyring, JSON.stringify(secret), boundTo(owned))
  const attributes = valuesOf(values, false)
  return { type, attributes, secretNames: Object.keys(secret), secrets, keyId: keyring.current.id }
}

/** Replaces everything but the name of a credential. */
export async function replaceAttributes(tx: Transaction, keyring: Keyring, credential: Credential, given: Attributes) {
  const columns = await sealed(keyring, credential, given)
  await tx
    .update(credentials)
    .set({ ...columns, lockedAt: null })
    .where(eq(credentials.id, credential.id))
}

function valuesOf(values: AttributeValue[], isSecret: boolean): Record<string, string> {
  const wanted = values.filter((one) => one.isSecret === isSecret)
  return Object.fromEntries(wanted.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])))
}

/** Returns the text that the encrypted secrets of a credential are bound to. */
export function boundTo({ id, userId }: { id: string; userId: string }): string {
  return `credentials/${id}/${userId}`
}

/** Returns all attributes of a credential with their secret values. @throws SealError */
export async function openCredential(keyring: Keyring, credential: Credential): Promise<AttributeValue[]> {
  const secrets: Record<string, string> = JSON.parse(
    await unseal(keyring, credential.secrets ?? '', boundTo(credential)),
  )
  return describeAttributes({ ...credential, attributes: { ...credential.attributes, ...secrets } })
}

/** Returns the attributes that are present, in their order. The value of a secret that is not given is null. */
export function describeAttributes(
  credential: Pick<Credential, 'type' | 'attributes' | 'secretNames'>,
): AttributeValue[] {
  const { type, attributes, secretNames } = credential
  return credentialType(type)
    .attributes.filter(({ name }) => name in attributes || secretNames.includes(name))
    .map(({ name, isSecret }) => ({ name, value: attributes[name] ?? null, isSecret }))
}

/**
 * Locks all credentials of a user. It is called where another user gets access to the account. No other user may see
 * the secrets, so credentials that were added before are not revealed afterwards to anyone, including the user.
 */
export async function lockCredentials(tx: Transaction, userId: string) {
  await tx
    .update(credentials)
    .set({ lockedAt: sql`clock_timestamp()` })
    .where(and(eq(credentials.userId, userId), isNull(credentials.deletedAt), isNull(credentials.lockedAt)))
}

/** Removes a credential. Its secrets are deleted at once. */
export async function removeCredential(tx: Transaction, id: string) {
  await remove(tx, eq(credentials.id, id))
}

/** Removes all credentials of a user. */
export async function removeCredentials(tx: Transaction, userId: string) {
  await remove(tx, and(eq(credentials.userId, userId), isNull(credentials.deletedAt)))
}

async function remove(tx: Transaction, which: SQL | undefined) {
  await tx.update(credentials).set({ deletedAt: sql`clock_timestamp()`, secrets: null, keyId: null }).where(which)
}

/** Returns the name of a credential, or null where there is no credential. */
export async function readCredentialName(tx: Transaction, id: string | null): Promise<string | null> {
  if (id === null) return null
  const [row] = await tx.select({ name: credentials.name }).from(credentials).where(eq(credentials.id, id))
  return row?.name ?? null
}

/** Returns the models that use these credentials, as `controller/model`, and whether they satisfy `visible`. */
export function readUses(tx: Transaction, which: SQL, visible: SQL = sql`true`) {
  return tx
    .select({
      name: sql<string>`${controllers.name} || '/' || ${models.name}`,
      isVisible: sql<boolean>`coalesce(${visible}, false)`,
    })
    .from(models)
    .innerJoin(controllers, eq(controllers.id, models.controllerId))
    .innerJoin(credentials, eq(credentials.id, models.credentialId))
    .where(and(which, isNull(models.deletedAt)))
    .orderBy(controllers.nameKey, models.nameKey)
}

/** Removes a user's credentials from all models. Returns the models that used them, as `controller/model`. */
export async function detachCredentials(tx: Transaction, userId: string): Promise<string[]> {
  const used = await readUses(tx, eq(credentials.userId, userId))
  await tx
    .update(models)
    .set({ credentialId: null })
    .where(sql`credential_id in (
    select c.id from ${credentials} as c where c.user_id = ${userId})`)
  return used.map(({ name }) => name)
}
