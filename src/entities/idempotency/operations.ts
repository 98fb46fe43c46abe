import { createHmac } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { NOW } from '../../authority/held.ts'
import type { Transaction } from '../../db/database.ts'
import { idempotencyKeys } from '../../db/tables.ts'
import type { Keyring } from '../../encryption/keyring.ts'
import { ConflictError, type Issue } from '../../errors.ts'

/** A call of a mutation that may be repeated without making anything twice. */
export interface RepeatableCall {
  userId: string
  key: string
  mutation: string
  /** The whole input, with the key. */
  input: unknown
}

type Values = Record<string, unknown>

const MOST_CHARACTERS = 200

/** Returns the problems of an idempotency key. */
export function idempotencyKeyIssues(key: string | null | undefined): Issue[] {
  if (key === undefined || (key !== null && /^[\x21-\x7e]+$/.test(key) && key.length <= MOST_CHARACTERS)) return []
  const message = `Give 1 to ${MOST_CHARACTERS} printable ASCII characters without spaces, like a UUID, or omit this.`
  return [{ path: 'idempotencyKey', message }]
}

/**
 * Reserves the key for this call, until the transaction ends: another call with it waits. Returns what an earlier call made
 * under it within the last day, and null where there was none.
 * @throws ConflictError where that was another call
 */
export async function claimIdempotencyKey(
  tx: Transaction,
  keyring: Keyring,
  call: RepeatableCall,
): Promise<Values | null> {
  const { userId, key, mutation } = call
  const [inputDigest = ''] = digestsOf(keyring, call)
  const isOld = sql`${idempotencyKeys.createdAt} < ${NOW} - interval '1 day'`
  await tx.delete(idempotencyKeys).where(and(eq(idempotencyKeys.userId, userId), isOld))
  const claimed = await tx
    .insert(idempotencyKeys)
    .values({ userId, key, mutation, inputDigest, values: {} })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key })
  if (claimed.length > 0) return null
  const [made] = await tx.select().from(idempotencyKeys).where(isCall(call))
  if (made?.mutation !== mutation || !digestsOf(keyring, call).includes(made.inputDigest)) {
    throw new ConflictError('This idempotency key was used for another input: use a new one.')
  }
  return made.values as Values
}

/** Keeps what the call made. */
export async function rememberMade(tx: Transaction, call: RepeatableCall, values: Values) {
  await tx.update(idempotencyKeys).set({ values }).where(isCall(call))
}

function isCall({ userId, key }: RepeatableCall) {
  return and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.key, key))
}

/**
 * The digests of an input, by each of the encryption keys, the current one first. An input may hold a password, which could
 * be guessed from a digest without a key.
 */
function digestsOf({ current, byId }: Keyring, { mutation, input }: RepeatableCall): string[] {
  const text = JSON.stringify([mutation, inOrder(input)])
  const others = [...byId.values()].filter(({ id }) => id !== current.id)
  return [current, ...others].map(({ bytes }) => createHmac('sha256', bytes).update(text).digest('base64url'))
}

/** The same value with the fields of its objects in the order of their names. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return fields.map(([name, field]) => [name, inOrder(field)])
}
