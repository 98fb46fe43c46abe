import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Connection, Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { signingKeys } from '../../db/tables.ts'
import { type Keyring, seal, unseal } from '../../encryption/keyring.ts'

/** The longest time a session can last (the check on `organizations.token_ttl_seconds`) and a retired key is needed. */
const LONGEST_SESSION = sql`interval '30 days'`

const isVerifying = and(
  isNull(signingKeys.withdrawnAt),
  sql`(${signingKeys.retiredAt} is null or ${signingKeys.retiredAt} > statement_timestamp() - ${LONGEST_SESSION})`,
)

/** The context to which a sealed private key is bound. */
export function sealingOf(id: string): string {
  return `signing_keys/${id}`
}

/** Makes a key that signs from now on; earlier keys only verify. Returns its id. */
export async function makeSigningKey(tx: Transaction, keyring: Keyring): Promise<string> {
  const id = createId()
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const sealed = await seal(keyring, JSON.stringify(await exportJWK(privateKey)), sealingOf(id))
  await tx.update(signingKeys).set({ retiredAt: sql`clock_timestamp()` }).where(isNull(signingKeys.retiredAt))
  await tx.insert(signingKeys).values({ id, publicKey: await exportJWK(publicKey), privateKey: sealed })
  return id
}

/** How a key was withdrawn. */
interface Withdrawn {
  /** False where it had been withdrawn before. */
  changed: boolean
  /** The key that signs from now on, where the withdrawn key signed; otherwise null. */
  successor: string | null
}

/**
 * Withdraws a key that leaked: what it signed is refused by every statement that begins after the commit. Where it is the
 * key that signs, a new key takes over. Returns null where there is no key with this id.
 */
export async function withdrawSigningKey(tx: Transaction, keyring: Keyring, id: string): Promise<Withdrawn | null> {
  const [key] = await tx
    .select({ retiredAt: signingKeys.retiredAt, withdrawnAt: signingKeys.withdrawnAt })
    .from(signingKeys)
    .where(eq(signingKeys.id, id))
    .for('update')
  if (!key) return null
  if (key.withdrawnAt !== null) return { changed: false, successor: null }
  const successor = key.retiredAt === null ? await makeSigningKey(tx, keyring) : null
  await tx.update(signingKeys).set({ withdrawnAt: sql`clock_timestamp()` }).where(eq(signingKeys.id, id))
  return { changed: true, successor }
}

/** The key that signs now. @throws SealError where it was sealed with another encryption key */
export async function readSigningKey(db: Connection, keyring: Keyring): Promise<{ id: string; jwk: JWK } | null> {
  const [row] = await db
    .select({ id: signingKeys.id, privateKey: signingKeys.privateKey })
    .from(signingKeys)
    .where(isNull(signingKeys.retiredAt))
    .orderBy(desc(signingKeys.createdAt), desc(signingKeys.id))
    .limit(1)
  return row ? { id: row.id, jwk: JSON.parse(await unseal(keyring, row.privateKey, sealingOf(row.id))) } : null
}

/** The public key of a key pair that still verifies; null where there is none with this id. */
export async function readVerifyingKey(db: Connection, id: string): Promise<JWK | null> {
  const [row] = await db
    .select({ publicKey: signingKeys.publicKey })
    .from(signingKeys)
    .where(and(eq(signingKeys.id, id), isVerifying))
  return row?.publicKey ?? null
}

/** All public keys that still verify, as a JWK Set (RFC 7517). */
export async function readKeySet(db: Connection): Promise<{ keys: JWK[] }> {
  const rows = await db
    .select({ id: signingKeys.id, publicKey: signingKeys.publicKey })
    .from(signingKeys)
    .where(isVerifying)
    .orderBy(desc(signingKeys.createdAt))
  return { keys: rows.map(({ id, publicKey }) => ({ ...publicKey, kid: id, alg: 'EdDSA', use: 'sig' })) }
}
