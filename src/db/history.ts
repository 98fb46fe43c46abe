/** Ends facts that have a history: rows are ended, never rewritten. */
import { and, isNull, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Transaction } from './database.ts'

type Fact = PgTable & { id: PgColumn; expiresAt: PgColumn; endedAt: PgColumn }

/** Ends facts that are past their planned end, as of that end. The calling code must hold the lock of the target. */
export async function endLapsed(tx: Transaction, table: Fact, which: SQL | undefined) {
  await tx
    .update(table)
    .set({ endedAt: sql`expires_at` } as object)
    .where(and(which, isNull(table.endedAt), sql`${table.expiresAt} <= clock_timestamp()`))
}

/** The user who ends a fact; null is the operator. */
interface Ender {
  userId: string | null
}

/**
 * Ends the facts that hold now and returns how many. Those that are past their planned end are ended as of that end, and not
 * counted. Intervals are half open and never empty.
 */
export async function endFacts(
  tx: Transaction,
  table: Fact,
  which: SQL | undefined,
  { userId }: Ender,
): Promise<number> {
  const isLapsed = sql`coalesce(${table.expiresAt} <= statement_timestamp(), false)`
  const ended = await tx
    .update(table)
    .set({
      endedAt: sql`case when ${isLapsed} then expires_at else greatest(clock_timestamp(), since + interval '1 microsecond') end`,
      endedBy: sql`case when not ${isLapsed} then ${userId}::uuid end`,
    } as object)
    .where(and(which, isNull(table.endedAt)))
    .returning({ wasHeld: sql<boolean>`not ${isLapsed}` })
  return ended.filter(({ wasHeld }) => wasHeld).length
}

interface Planned {
  expiresAt: string | null
}

/** Whether what is held lasts at least as long as what is wanted. */
export function lasts(held: Planned, wanted: Planned): boolean {
  if (held.expiresAt === null) return true
  return wanted.expiresAt !== null && Date.parse(wanted.expiresAt) <= Date.parse(held.expiresAt)
}
