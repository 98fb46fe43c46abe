/** `viewerCan…`: may the caller call a mutation on this thing? Decided for each row by what also refuses. */
import { and, isNull, type SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { HAS_LIMITED_KEY, HAS_READ_ONLY_KEY } from '../authority/caller-values.ts'
import { mayConferSql } from '../authority/guard.ts'
import { allowsSql } from '../authority/rule.ts'
import { reads } from '../graphql/builder.ts'
import type { ReadType } from '../read/declarations.ts'
import type { CallerScope, Row } from '../read/spec.ts'
import { literal } from '../read/sql.ts'
import type { ChangePlan, Operation } from './run.ts'

/** Where a frontend shows a button for a mutation. */
export interface Shown {
  on: ReadType<string, string>
  /** What stands after `viewerCan`. */
  as: string
  /** The things the mutation would find, by columns of the row; what its rule does not look at is left out. */
  refs: (row: Row) => object
  /** What of the input matters to whether it may be called, where omitting it would mean more. */
  input?: object
  /** What it confers follows from those things, whatever else the input says: the guard is asked too. */
  isGuarded?: boolean
}

/** Adds the field to the type of the thing. */
export function showOn<Input, Refs, Values, Prepared>(
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  { on, as, refs, input = {}, isGuarded = false }: Shown,
) {
  const description = `May the caller \`${plan.name}\` here? For what a frontend shows: the state of things may still forbid it, and what is given may be more than they hold.`
  const { touchesCredentials } = plan
  const touches = typeof touchesCredentials === 'function' ? touchesCredentials(input as Input) : touchesCredentials
  const decide = (row: Row, caller: CallerScope): SQL => {
    if (caller.flag(HAS_READ_ONLY_KEY) || (touches && caller.flag(HAS_LIMITED_KEY))) return literal(false)
    const things = refs(row) as Refs
    const operation = { input, caller: { userId: null }, refs: things } as unknown as Operation<Input, Refs, Prepared>
    const conferral = isGuarded && plan.confers !== 'nothing' ? plan.confers(operation) : null
    // In a list of the past what is deleted still stands, and nothing can be done with it.
    const isThere = 'deletedAt' in row ? isNull(row.deletedAt as PgColumn) : undefined
    return and(isThere, allowsSql(plan.may, caller, things), mayConferSql(caller, conferral)) ?? literal(false)
  }
  reads.extend(on as never, (f) => ({
    [`viewerCan${as}`]: f.expression({ type: 'Boolean', description, sql: decide as never }),
  }))
}
