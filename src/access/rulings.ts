/**
 * The outcome of a mutation if the subject called it. It is decided by the same rule, escalation guard and visibility
 * as the mutation itself, without running it.
 */
import type { Caller } from '../authority/caller.ts'
import { guard } from '../authority/guard.ts'
import { levelNamed } from '../authority/levels.ts'
import { wordNamed } from '../authority/permissions.ts'
import { isCircumstance, metRequirements, missingOf, unmetRequirements } from '../authority/rule.ts'
import type { Transaction } from '../db/database.ts'
import { MissingAuthorityError, type MissingRequirement, missingCircumstance, NotFoundError } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { askableMutations } from '../mutation/declare.ts'
import { missingForKey } from '../mutation/key-rules.ts'
import { createFinder, type Finder, readUnlocked } from '../mutation/lookup.ts'
import type { ChangePlan } from '../mutation/run.ts'
import { type AskedRow, requirementRows } from './asked.ts'

/** The decision about one mutation. `HIDDEN` means that for the subject, something the input names does not exist. */
export interface Ruling {
  code: 'ALLOWED' | 'NOT_HELD' | 'INACTIVE' | 'HIDDEN' | 'NOT_FOUND'
  /** The missing requirements, including those of the escalation guard. */
  missing: MissingRequirement[]
  /** The requirements that decide the answer: the met ones where it is allowed, the unmet ones where it is not. */
  rows: AskedRow[]
  /** True where it is allowed because it concerns the subject themselves. */
  isTheirs: boolean
}

type Plan = ChangePlan<unknown, unknown, unknown, unknown>

/** The answer that the subject would get, as far as the asker may know it. */
export async function ruleOn(
  tx: Transaction,
  ctx: Context,
  { asker, subject, isOwn, call: [name, input] }: Called,
): Promise<Ruling> {
  const plan = planOf(name)
  const seen = await find(plan, input, createFinder(tx, asker, { self: subject }))
  if (!seen) return NOT_FOUND
  // What the asker can't see counts as missing, even where the subject can see it.
  const found = isOwn ? seen : await find(plan, input, createFinder(tx, subject, { others: [asker] }))
  const { refs } = found ?? seen
  const missing = [...missingWithKey(plan, subject, input), ...missingOf(plan.may, subject, refs)]
  const rows = unmetRequirements(plan.may, subject, refs).flatMap(requirementRows)
  if (!found) return { code: 'HIDDEN', missing, rows, isTheirs: false }
  if (missing.length > 0) return { code: 'NOT_HELD', missing, rows, isTheirs: false }
  const operation = { ctx, tx, caller: subject, input, refs, prepared: null, dryRun: true }
  const gaps = await ungrantable(tx, plan, operation, asker)
  if (gaps.length > 0) return { code: 'NOT_HELD', missing: gaps, rows: gaps.flatMap(gapRow), isTheirs: false }
  const met = metRequirements(plan.may, subject, refs)
  return { code: 'ALLOWED', missing: [], rows: met.flatMap(requirementRows), isTheirs: met.some(isCircumstance) }
}

const NOT_FOUND: Ruling = { code: 'NOT_FOUND', missing: [], rows: [], isTheirs: false }

interface Called {
  asker: Caller
  subject: Caller
  /** True where the asker asks about themselves, with the credential of the request. */
  isOwn: boolean
  /** The name of a mutation and its input. */
  call: [string, unknown]
}

/**
 * A missing requirement of the escalation guard as a row that a grant could meet; none where what is held ends too
 * early.
 */
function gapRow({ what, where, isTooShort }: MissingRequirement): AskedRow[] {
  if (where === null || isTooShort) return []
  if (where.controllerId === null) return [{ kind: 'PLACE', permission: wordNamed(what), ...where }]
  return [{ kind: 'PLACE', access: levelNamed(where.modelId !== null, what), ...where }]
}

function planOf(name: string): Plan {
  const plan = askableMutations.get(name)?.plan
  if (!plan) throw new Error(`There is no mutation ${name}.`)
  return plan
}

/** Everything the input names, as the finder sees it; null where a part of it is hidden or missing. */
async function find(plan: Plan, input: unknown, finder: Finder): Promise<{ refs: unknown } | null> {
  try {
    return { refs: await readUnlocked(finder, () => plan.find(finder, input)) }
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

/** The requirements that the key itself does not meet, regardless of what its user may do. */
function missingWithKey(plan: Plan, { apiKey }: Caller, input: unknown): MissingRequirement[] {
  const readOnly = apiKey?.readOnly ? missingCircumstance('a key that is not read-only') : []
  return [...readOnly, ...missingForKey(plan, apiKey, input)]
}

/** The missing requirements that the escalation guard would report. */
async function ungrantable(
  tx: Transaction,
  plan: Plan,
  operation: Parameters<Exclude<Plan['grants'], 'nothing'>>[0],
  reader: Caller,
): Promise<MissingRequirement[]> {
  if (plan.grants === 'nothing') return []
  try {
    await guard(tx, operation.caller, plan.grants(operation), reader)
    return []
  } catch (error) {
    if (error instanceof MissingAuthorityError) return error.missing
    throw error
  }
}
