/** Seals secrets again, row by row, while servers run: each server can open what either key sealed. After an interruption it continues where it stopped. */
import { and, eq, isNotNull, ne } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { credentials, signingKeys, webhooks } from '../db/tables.ts'
import { boundTo } from '../entities/credential/operations.ts'
import { sealingOf } from '../entities/session/signing-keys.ts'
import { sealingOfWebhook } from '../entities/webhook/secrets.ts'
import { type Keyring, keyIdOf, seal, unseal } from './keyring.ts'

/** Seals with the current key everything that another key sealed, and returns how many secrets that were. @throws SealError */
export async function sealAnew(database: Database, keyring: Keyring): Promise<number> {
  const counts = [
    await sealSigningKeysAnew(database, keyring),
    await sealCredentialsAnew(database, keyring),
    await sealWebhooksAnew(database, keyring),
  ]
  return counts.reduce((sum, count) => sum + count, 0)
}

async function sealSigningKeysAnew({ db }: Database, keyring: Keyring): Promise<number> {
  const rows = await db.select({ id: signingKeys.id, privateKey: signingKeys.privateKey }).from(signingKeys)
  const old = rows.filter(({ privateKey }) => keyIdOf(privateKey) !== keyring.current.id)
  for (const { id, privateKey } of old) {
    const sealed = await seal(keyring, await unseal(keyring, privateKey, sealingOf(id)), sealingOf(id))
    await db.update(signingKeys).set({ privateKey: sealed }).where(eq(signingKeys.id, id))
  }
  return old.length
}

const BATCH = 100

async function sealCredentialsAnew({ db }: Database, keyring: Keyring): Promise<number> {
  const isOld = and(isNotNull(credentials.secrets), ne(credentials.keyId, keyring.current.id))
  let count = 0
  for (;;) {
    const rows = await db.select().from(credentials).where(isOld).limit(BATCH)
    for (const row of rows) {
      const bound = boundTo(row)
      const secrets = await seal(keyring, await unseal(keyring, row.secrets ?? '', bound), bound)
      // A credential that was removed in the meantime has no secrets any more, and gets none.
      await db
        .update(credentials)
        .set({ secrets, keyId: keyring.current.id })
        .where(and(eq(credentials.id, row.id), isNotNull(credentials.secrets)))
    }
    count += rows.length
    if (rows.length < BATCH) return count
  }
}

async function sealWebhooksAnew({ db }: Database, keyring: Keyring): Promise<number> {
  const isOld = and(isNotNull(webhooks.secrets), ne(webhooks.keyId, keyring.current.id))
  const rows = await db.select({ id: webhooks.id, secrets: webhooks.secrets }).from(webhooks).where(isOld)
  for (const { id, secrets: old } of rows) {
    const bound = sealingOfWebhook(id)
    const secrets = await seal(keyring, await unseal(keyring, old ?? '', bound), bound)
    // Where the secret was rotated or deleted in the meantime, that stays as it is.
    await db
      .update(webhooks)
      .set({ secrets, keyId: keyring.current.id })
      .where(and(eq(webhooks.id, id), eq(webhooks.secrets, old ?? '')))
  }
  return rows.length
}
