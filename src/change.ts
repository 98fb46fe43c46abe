/**
 * How a mutation runs: one transaction in which the things named are found and locked, the caller's authority is read
 * and decided anew, the guard is asked, the operation runs, the audit row is written and the answer is read.
 */

import { isDeepStrictEqual } from 'node:util'
import { sql } from 'drizzle-orm'
import { type Change, recordChange } from './audit/operations.ts'
import { type Caller, readCallerOf } from './auth/caller.ts'
import { type Conferral, guard } from './auth/guard.ts'
import { lastingAdministratorExists } from './auth/held.ts'
import { readAuthority } from './auth/identify.ts'
import { createFinder, type Finder, lockAll } from './auth/references.ts'
import { decide, type Rule } from './auth/rule.ts'
import type { Context } from './context.ts'
import { runStatement, type Transaction } from './db/database.ts'
import { isConnectionLost, isRetryable } from './db/errors.ts'
import { CallerEndedError, ForbiddenError, LastAdminError } from './errors.ts'
import { REQUEST_DEADLINE_MS } from './http/deadline.ts'
import type { Reading } from './read/run.ts'

/** What an operation works with. */
export interface Operation<Input, Refs> {
  tx: Transaction
  caller: Caller
  input: Input
  refs: Refs
  /** Nothing will be kept: mint no secret. */
  dryRun: boolean
}

/** What an operation did. `change` null: there was nothing to do. */
export interface Outcome<Values> {
  values: Values
  change: Change | null
  /** It was the caller's own access: the answer is what they may see after it. */
  isOwnAccess?: boolean
}

/** The parts of a mutation's declaration that its run needs. */
export interface ChangePlan<Input, Refs, Values> {
  name: string
  may: Rule<Refs>
  confers: 'nothing' | ((operation: Operation<Input, Refs>) => Conferral)
  touchesCredentials: boolean | ((input: Input) => boolean)
  endangersAdministration: boolean
  find(finder: Finder, input: Input): Promise<Refs>
  run(operation: Operation<Input, Refs>): Promise<Outcome<Values>>
}

/** The connection was lost while the transaction was being committed: nobody knows whether it was. */
export class OutcomeUnknownError extends Error {
  override name = 'OutcomeUnknown'
}

/** Carries a dry run's answer out of the transaction that must not be kept. */
class DryRunDone<Answer> extends Error {
  readonly answer: Answer
  constructor(answer: Answer) {
    super()
    this.answer = answer
  }
}

const MAX_ATTEMPTS = 4

/** Runs a mutation for the context's caller; `answer` reads the payload inside the transaction. */
export async function runChange<Input, Refs, Values, Answer>(
  plan: ChangePlan<Input, Refs, Values>,
  ctx: Context,
  input: Input,
  dryRun: boolean,
  answer: (values: Values, reading: Reading) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    let committing = false
    try {
      return await ctx.database.transaction(async (tx) => {
        const result = await changeWithin(tx, plan, ctx, input, dryRun, answer)
        if (dryRun) throw new DryRunDone(result)
        committing = true
        return result
      })
    } catch (error) {
      if (error instanceof DryRunDone) return error.answer
      if (committing && isConnectionLost(error)) throw new OutcomeUnknownError()
      if (attempt === MAX_ATTEMPTS || !isRetryable(error)) throw error
    }
  }
}

async function changeWithin<Input, Refs, Values, Answer>(
  tx: Transaction,
  plan: ChangePlan<Input, Refs, Values>,
  ctx: Context,
  input: Input,
  dryRun: boolean,
  answer: (values: Values, reading: Reading) => Promise<Answer>,
): Promise<Answer> {
  if (ctx.caller === null) throw new CallerEndedError()
  // The client has been told that the outcome is unknown; it had better not become known now.
  if (Date.now() - ctx.startedAt > REQUEST_DEADLINE_MS) throw new Error('The request waited too long to begin.')
  const finder = createFinder(tx, ctx.caller)
  const refs = await plan.find(finder, input)
  await lockAll(finder)
  const caller = await readAuthority(tx, ctx.caller)
  if (!caller) throw new CallerEndedError()
  const operation = { tx, caller, input, refs, dryRun }
  refuseLimitedKey(plan, caller, input)
  decide(plan.may, caller, refs)
  if (plan.confers !== 'nothing') await guard(tx, caller, plan.confers(operation))
  const { values, change: made, isOwnAccess } = await plan.run(operation)
  const isEmpty = made?.before !== undefined && isDeepStrictEqual(made.before, made.after)
  const change = isEmpty ? null : made
  if (plan.endangersAdministration && change) await keepAnAdministrator(tx)
  if (change) await recordChange(tx, { ...ctx, caller }, plan.name, change)
  const reader = isOwnAccess && change ? ((await readAuthority(tx, caller)) ?? caller) : caller
  return answer(values, {
    caller: readCallerOf(reader),
    run: (text, statementValues, prepare) => runStatement(tx, text, statementValues, prepare),
  })
}

function refuseLimitedKey<Input, Refs, Values>(plan: ChangePlan<Input, Refs, Values>, caller: Caller, input: Input) {
  const { touchesCredentials } = plan
  const touches = typeof touchesCredentials === 'function' ? touchesCredentials(input) : touchesCredentials
  if (touches && caller.apiKey?.limited) throw new ForbiddenError(['a key without limits'])
}

/** Any number, the same for all: whoever might take away the last administrator does so one after the other. */
const ADMINISTRATION_LOCK = 7_307_199_821

/** @throws LastAdminError for the transaction that comes last. */
async function keepAnAdministrator(tx: Transaction) {
  await tx.execute(sql`select pg_advisory_xact_lock(${ADMINISTRATION_LOCK})`)
  const rows = await tx.execute(sql`select 1 where exists (${lastingAdministratorExists()})`)
  if (rows.length === 0) throw new LastAdminError()
}
