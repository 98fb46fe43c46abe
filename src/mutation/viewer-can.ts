/** The fields `viewerCan…`: whether the caller may call a mutation on an object. They use the same rule that refuses the mutation, for each row. */
import { and, isNull, not, type SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import {
  HAS_EXPIRING_KEY,
  HAS_LIMITED_KEY,
  HAS_READ_ONLY_KEY,
  MUST_CHANGE_PASSWORD,
} from '../authority/caller-values.ts'
import { mayGrantSql } from '../authority/guard.ts'
import { allowsSql } from '../authority/rule.ts'
import { reads } from '../graphql/builder.ts'
import { isOpenBeforePasswordChange } from '../graphql/password-gate.ts'
import type { ReadType } from '../read/declarations.ts'
import type { CallerScope, Row } from '../read/spec.ts'
import { literal } from '../read/sql.ts'
import type { ChangePlan, Operation } from './run.ts'

/** The type of object for which a frontend shows a button for a mutation. */
export interface Shown {
  on: ReadType<string, string>
  /** The part of the name after `viewerCan`. */
  as: string
  /** The objects that the mutation would find, by columns of the row; objects that its rule does not use are left out. */
  refs: (row: Row) => object
  /** The states of the object in which it is never possible, whatever the caller holds; a state that passes is left out. */
  never?: (row: Row) => SQL
  /** The input values that affect whether it may be called, where omitting them would require more. */
  input?: object
  /** True where what it grants depends only on those objects: the escalation guard is checked too. */
  isGuarded?: boolean
}

/** Adds the field to the type of the object. */
export function showOn<Input, Refs, Values, Prepared>(
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  { on, as, refs, input = {}, isGuarded = false, never }: Shown,
) {
  const description = `May the caller \`${plan.name}\` here? It tells a frontend whether to show the action: the mutation can still be refused, because of the current state or because it would grant more than the caller holds.`
  const applies = (rule: boolean | ((input: Input) => boolean)) =>
    typeof rule === 'function' ? rule(input as Input) : rule
  const [touches, makesWayIn] = [applies(plan.touchesCredentials), applies(plan.makesWayIn)]
  const isShut = (caller: CallerScope) =>
    (caller.flag(MUST_CHANGE_PASSWORD) && !isOpenBeforePasswordChange(plan.name)) ||
    caller.flag(HAS_READ_ONLY_KEY) ||
    (touches && caller.flag(HAS_LIMITED_KEY)) ||
    (makesWayIn && caller.flag(HAS_EXPIRING_KEY))
  const decide = (row: Row, caller: CallerScope): SQL => {
    if (isShut(caller)) return literal(false)
    const things = refs(row) as Refs
    const operation = { input, caller: { userId: null }, refs: things } as unknown as Operation<Input, Refs, Prepared>
    const granted = isGuarded && plan.grants !== 'nothing' ? plan.grants(operation) : null
    // A list of the past still contains deleted objects, on which no mutation is possible.
    const isThere = 'deletedAt' in row ? isNull(row.deletedAt as PgColumn) : undefined
    const isPossible = never && not(never(row))
    return and(isThere, isPossible, allowsSql(plan.may, caller, things), mayGrantSql(caller, granted)) ?? literal(false)
  }
  reads.extend(on as never, (f) => ({
    [`viewerCan${as}`]: f.expression({ type: 'Boolean', description, sql: decide as never }),
  }))
}
