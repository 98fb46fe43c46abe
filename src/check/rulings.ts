/**
 * What would become of a mutation that somebody called: the very rule, guard and visibility that it would meet, asked
 * without making it.
 */
import { type Caller, EVERYWHERE, holds } from '../auth/caller.ts'
import type { Demand } from '../auth/demand.ts'
import { guard } from '../auth/guard.ts'
import { createFinder } from '../auth/references.ts'
import { metDemands, needsFor, unmetDemands } from '../auth/rule.ts'
import { type ChangePlan, limitedKeyNeeds } from '../change.ts'
import type { Context } from '../context.ts'
import type { Transaction } from '../db/database.ts'
import { MissingAuthorityError, type Need, NotFoundError, needing } from '../errors.ts'
import { declared } from '../mutation.ts'

/** `HIDDEN`: to the subject what the input names does not exist. */
export interface Ruling {
  code: 'ALLOWED' | 'NOT_HELD' | 'INACTIVE' | 'HIDDEN' | 'NOT_FOUND'
  /** What is missing; the guard's part too. */
  needs: Need[]
  /** What bears on the answer: the demands that are met where it is yes, those that are not where it is no. */
  demands: Demand[]
}

type Plan = ChangePlan<unknown, unknown, unknown, unknown>

/** @param call the name of a mutation, and its input */
export async function ruleOn(
  tx: Transaction,
  ctx: Context,
  { asker, subject, call: [name, input] }: { asker: Caller; subject: Caller; call: [string, unknown] },
): Promise<Ruling> {
  const plan = planOf(name)
  const isOwn = asker.userId === subject.userId
  const seen = isOwn ? null : await findAs(tx, plan, asker, input)
  const mayKnow = isOwn || seen !== null || holds(asker, 'access.check', EVERYWHERE)
  const found = mayKnow ? await findAs(tx, plan, subject, input) : null
  if (!found && !seen) return { code: 'NOT_FOUND', needs: [], demands: [] }
  const { refs } = found ?? (seen as { refs: unknown })
  const needs = [...keyNeeds(plan, subject, input), ...needsFor(plan.may, subject, refs)]
  if (!found) return { code: 'HIDDEN', needs, demands: unmetDemands(plan.may, subject, refs) }
  if (needs.length > 0) return { code: 'NOT_HELD', needs, demands: unmetDemands(plan.may, subject, refs) }
  const missing = await unconferable(tx, plan, { ctx, tx, caller: subject, input, refs, prepared: null, dryRun: true })
  return {
    code: missing.length > 0 ? 'NOT_HELD' : 'ALLOWED',
    needs: missing,
    demands: metDemands(plan.may, subject, refs),
  }
}

function planOf(name: string): Plan {
  const plan = declared.get(name)?.plan
  if (!plan) throw new Error(`There is no mutation ${name}.`)
  return plan
}

/** What the input names, as somebody sees it; null where some of it is hidden from them or missing. */
async function findAs(tx: Transaction, plan: Plan, caller: Caller, input: unknown): Promise<{ refs: unknown } | null> {
  const finder = createFinder(tx, caller)
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
