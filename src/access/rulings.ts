/**
 * What would become of a mutation that somebody called: the very rule, guard and visibility that it would meet, asked
 * without making it.
 */
import { type Caller, EVERYWHERE, holds } from '../authority/caller.ts'
import { guard } from '../authority/guard.ts'
import { levelNamed } from '../authority/levels.ts'
import { wordNamed } from '../authority/permissions.ts'
import { isCircumstance, metDemands, needsFor, unmetDemands } from '../authority/rule.ts'
import type { Transaction } from '../db/database.ts'
import { MissingAuthorityError, type Need, NotFoundError, needing } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { askableMutations } from '../mutation/declare.ts'
import { createFinder, type Finder } from '../mutation/lookup.ts'
import { type ChangePlan, limitedKeyNeeds } from '../mutation/run.ts'
import { type AskedRow, demandRows } from './asked.ts'

/** `HIDDEN`: to the subject what the input names does not exist. */
export interface Ruling {
  code: 'ALLOWED' | 'NOT_HELD' | 'INACTIVE' | 'HIDDEN' | 'NOT_FOUND'
  /** What is missing; the guard's part too. */
  needs: Need[]
  /** What bears on the answer: what is demanded and held where it is yes, what is not held where it is no. */
  rows: AskedRow[]
  /** It is allowed for being about themselves. */
  isTheirs: boolean
}

type Plan = ChangePlan<unknown, unknown, unknown, unknown>

/** What the subject would be answered, as far as the asker may know of it. */
export async function ruleOn(
  tx: Transaction,
  ctx: Context,
  { asker, subject, isOwn, call: [name, input] }: Called,
): Promise<Ruling> {
  const plan = planOf(name)
  const seen = await find(plan, input, createFinder(tx, asker, { self: subject }))
  if (!seen) return NOT_FOUND
  // What the asker does not see is to them as if it were missing, for the subject too.
  const found = isOwn ? seen : await find(plan, input, createFinder(tx, subject, { others: [asker] }))
  const { refs } = found ?? seen
  const needs = [...keyNeeds(plan, subject, input), ...needsFor(plan.may, subject, refs)]
  const missing = unmetDemands(plan.may, subject, refs).flatMap(demandRows)
  if (!found) return { code: 'HIDDEN', needs, rows: missing, isTheirs: false }
  if (needs.length > 0) return { code: 'NOT_HELD', needs, rows: missing, isTheirs: false }
  const gaps = await unconferable(tx, plan, { ctx, tx, caller: subject, input, refs, prepared: null, dryRun: true })
  if (gaps.length > 0) {
    const told = isOwn || mayReadAbout(asker, refs) ? gaps : needing('more than they hold')
    return { code: 'NOT_HELD', needs: told, rows: told.flatMap(gapRow), isTheirs: false }
  }
  const met = metDemands(plan.may, subject, refs)
  return { code: 'ALLOWED', needs: [], rows: met.flatMap(demandRows), isTheirs: met.some(isCircumstance) }
}

const NOT_FOUND: Ruling = { code: 'NOT_FOUND', needs: [], rows: [], isTheirs: false }

/** What the guard misses to take a user over is what that user holds: it is for who reads their record. */
function mayReadAbout(asker: Caller, refs: unknown): boolean {
  const things = refs as Partial<Record<'user' | 'existing' | 'role', { organizationId: string } | null>>
  const { user, existing = user, role } = things
  // What is added to a role is conferred on its holders, whoever they are.
  if (role && !existing) return holds(asker, 'users.read', EVERYWHERE)
  return !existing || holds(asker, 'users.read', { organizationId: existing.organizationId, projectId: null })
}

interface Called {
  asker: Caller
  subject: Caller
  /** The asker asks about themselves, with what they came with. */
  isOwn: boolean
  /** The name of a mutation, and its input. */
  call: [string, unknown]
}

/** What the guard misses as something that could be granted; what is held, but not for that long, is no near miss. */
function gapRow({ what, where, isTooShort }: Need): AskedRow[] {
  if (where === null || isTooShort) return []
  if (where.controllerId === null) return [{ kind: 'PLACE', permission: wordNamed(what), ...where }]
  return [{ kind: 'PLACE', access: levelNamed(where.modelId !== null, what), ...where }]
}

function planOf(name: string): Plan {
  const plan = askableMutations.get(name)?.plan
  if (!plan) throw new Error(`There is no mutation ${name}.`)
  return plan
}

/** What the input names, as the finder sees it; null where some of it is hidden or missing. */
async function find(plan: Plan, input: unknown, finder: Finder): Promise<{ refs: unknown } | null> {
  try {
    const refs = await plan.find(finder, input)
    for (const ask of finder.afterLock) await ask()
    return { refs }
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

/** What keeps a key from any such mutation, whatever its user may. */
function keyNeeds(plan: Plan, { apiKey }: Caller, input: unknown): Need[] {
  const readOnly = apiKey?.readOnly ? needing('a key that is not read-only') : []
  return [...readOnly, ...limitedKeyNeeds(plan, apiKey, input)]
}

/** What the guard would say is missing. */
async function unconferable(
  tx: Transaction,
  plan: Plan,
  operation: Parameters<Exclude<Plan['confers'], 'nothing'>>[0],
): Promise<Need[]> {
  if (plan.confers === 'nothing') return []
  try {
    await guard(tx, operation.caller, plan.confers(operation))
    return []
  } catch (error) {
    if (error instanceof MissingAuthorityError) return error.needs
    throw error
  }
}
