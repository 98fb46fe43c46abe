import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Transaction } from '../../db/database.ts'
import { createId } from '../../db/id.ts'
import { sshKeys } from '../../db/tables.ts'
import { writeUnique } from '../../db/unique.ts'
import { ConflictError } from '../../errors.ts'
import type { PublicKey } from './public-key.ts'

/** All of them stand in the list of every model they may write to. */
const MAX_SSH_KEYS = 50

/** @throws ConflictError where the user has the key already, under whatever comment. */
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

/** Removes one key, or all of a user's; gives how many. */
export async function removeSshKeys(tx: Transaction, userId: string, fingerprint: string | null): Promise<number> {
  const which = fingerprint === null ? undefined : eq(sshKeys.fingerprint, fingerprint)
  const rows = await tx
    .update(sshKeys)
    .set({ deletedAt: sql`clock_timestamp()` })
    .where(and(eq(sshKeys.userId, userId), isNull(sshKeys.deletedAt), which))
    .returning({ id: sshKeys.id })
  return rows.length
}
