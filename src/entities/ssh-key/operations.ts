import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { sshKeys } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { ConflictError } from '../../errors.ts'
import type { PublicKey } from './public-key.ts'

/** The number of keys is limited because all of them are in the list of every model that the user may write to. */
const MAX_SSH_KEYS = 50

/** Adds a key. @throws ConflictError where the user already has the key, with any comment, or has too many keys */
export async function insertSshKey(tx: Transaction, userId: string, key: PublicKey): Promise<string> {
  const id = createId()
  const count = await tx.$count(sshKeys, and(eq(sshKeys.userId, userId), isNull(sshKeys.deletedAt)))
  if (count >= MAX_SSH_KEYS) throw new ConflictError(`A user has at most ${MAX_SSH_KEYS} ssh keys: remove one first.`)
  await writeUnique(
    tx.insert(sshKeys).values({ id, userId, ...key }),
    'ssh_keys_fingerprint_unique',
    `The user has the key ${key.fingerprint} already.`,
  )
  return id
}

/** Removes one key of a user, or all of them. Returns the number of removed keys. */
export async function removeSshKeys(tx: Transaction, userId: string, fingerprint: string | null): Promise<number> {
  const which = fingerprint === null ? undefined : eq(sshKeys.fingerprint, fingerprint)
  const rows = await tx
    .update(sshKeys)
    .set({ deletedAt: sql`clock_timestamp()` })
    .where(and(eq(sshKeys.userId, userId), isNull(sshKeys.deletedAt), which))
    .returning({ id: sshKeys.id })
  return rows.length
}
