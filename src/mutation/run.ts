/**
 * How a mutation runs: one transaction in which the things named are found and locked, the caller's authority is read
 * and decided anew, the guard is asked, the operation runs, the audit row is written and the answer is read.
 */

import { isDeepStrictEqual } from 'node:util'
import { sql } from 'drizzle-orm'
import type { GraphQLSchema } from 'graphql'
import { readAuthority } from '../authentication/identify.ts'
import { lastingAdministratorExists } from '../authority/administrators.ts'
import { type Caller, type CallerKey, NOBODY } from '../authority/caller.ts'
import { type Conferral, guard } from '../authority/guard.ts'
import { decide, type Rule } from '../authority/rule.ts'
import { runStatement, type Transaction } from '../db/database.ts'
import { isConnectionLost, isRetryable } from '../db/errors.ts'
import { type Change, recordChange } from '../entities/audit/operations.ts'
import { targetOf } from '../entities/audit/targets.ts'
import { type Notice, notify } from '../entities/notification/operations.ts'
import { holdChanges, readReadOnly } from '../entities/settings/operations.ts'
import {
  CallerEndedError,
  ForbiddenError,
  isRefusal,
  LastAdminError,
  type Need,
  needing,
  ReadOnlyError,
} from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { REQUEST_DEADLINE_MS } from '../graphql/context.ts'
import type { Reading } from '../read/run.ts'
import { type AccessDiff, readAccessDiff, rememberAccess } from './access-diff.ts'
import { createFinder, type Finder, lockAll } from './lookup.ts'

/** What an operation works with. */
export interface Operation<Input, Refs, Prepared = undefined> {
  ctx: Context
  tx: Transaction
  caller: Caller
  input: Input
  refs: Refs
  prepared: Prepared
  /** Nothing will be kept: mint no secret. */
  dryRun: boolean
}

/** What an operation did. `change` null: there was nothing to do. */
export interface Outcome<Values> {
  values: Values
  change: Change | null
  /** What users are to be told of it. */
  notices?: Notice[]
  /** It was the caller's own access: the answer is what they may see after it. */
  isOwnAccess?: boolean
}

/** What read-only mode is to a mutation: it is refused, allowed all the same, or what sets the mode. */
export type ReadOnlyMode = 'REFUSED' | 'ALLOWED' | 'SETS'

/** The parts of a mutation's declaration that its run needs. */
export interface ChangePlan<Input, Refs, Values, Prepared> {
  name: string
  may: Rule<Refs>
  isPublic: boolean
  readOnlyMode: ReadOnlyMode
  longTexts: string[]
  confers: 'nothing' | ((operation: Operation<Input, Refs, Prepared>) => Conferral)
  touchesCredentials: boolean | ((input: Input) => boolean)
  endangersAdministration: boolean
  prepare(ctx: Context, input: Input, dryRun: boolean): Promise<Prepared>
  find(finder: Finder, input: Input): Promise<Refs>
  run(operation: Operation<Input, Refs, Prepared>): Promise<Outcome<Values>>
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
export async function runChange<Input, Refs, Values, Prepared, Answer>(
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  ctx: Context,
  input: Input,
  { dryRun, diffSchema }: { dryRun: boolean; diffSchema: GraphQLSchema | null },
  answer: (values: Values, reading: Reading, accessDiff: AccessDiff | null) => Promise<Answer>,
): Promise<Answer> {
  const keyNeeds = limitedKeyNeeds(plan, ctx.caller?.apiKey ?? null, input)
  if (keyNeeds.length > 0) throw new ForbiddenError(keyNeeds)
  const prepared = await plan.prepare(ctx, input, dryRun)
  for (let attempt = 1; ; attempt++) {
    let committing = false
    try {
      return await ctx.services.database.transaction(async (tx) => {
        const result = await changeWithin(tx, plan, ctx, { input, prepared, dryRun, diffSchema }, answer)
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

interface Wanted<Input, Prepared> {
  input: Input
  prepared: Prepared
  dryRun: boolean
  /** Of the document, where the difference in access is asked for. */
  diffSchema: GraphQLSchema | null
}

async function changeWithin<Input, Refs, Values, Prepared, Answer>(
  tx: Transaction,
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  ctx: Context,
  wanted: Wanted<Input, Prepared>,
  answer: (values: Values, reading: Reading, accessDiff: AccessDiff | null) => Promise<Answer>,
): Promise<Answer> {
  const asking = ctx.caller ?? (plan.isPublic ? NOBODY : null)
  if (asking === null) throw new CallerEndedError()
  // The client has been told that the outcome is unknown; it had better not become known now.
  if (Date.now() - ctx.startedAt > REQUEST_DEADLINE_MS) throw new Error('The request waited too long to begin.')
  if (plan.readOnlyMode === 'SETS') await holdChanges(tx)
  else await refuseReadOnly(tx, plan.readOnlyMode, ctx)
  const finder = createFinder(tx, asking)
  const refs = await plan.find(finder, wanted.input)
  await lockAll(finder)
  const caller = await readAuthority(tx, asking)
  if (!caller) throw new CallerEndedError()
  const operation = { ...wanted, ctx, tx, caller, refs }
  if (wanted.diffSchema) await rememberAccess(tx)
  const outcome = await namingTarget(refs, async () => {
    decide(plan.may, caller, refs)
    if (plan.confers !== 'nothing') await guard(tx, caller, plan.confers(operation))
    return plan.run(operation)
  })
  const change = changeOf(outcome)
  if (change) {
    if (plan.endangersAdministration) await namingTarget(refs, () => keepAnAdministrator(tx))
    await recordChange(tx, { ...ctx, caller }, plan.name, change)
    await notify(tx, ctx.services.mailer, caller, outcome.notices ?? [])
  }
  const reader = outcome.isOwnAccess && change ? ((await readAuthority(tx, caller)) ?? caller) : caller
  const reading: Reading = {
    caller: reader,
    run: (text, statementValues, prepare) => runStatement(tx, text, statementValues, prepare),
  }
  return answer(outcome.values, reading, wanted.diffSchema && (await readAccessDiff(tx, caller, wanted.diffSchema)))
}

/** What was changed; null where everything is as it was. */
function changeOf<Values>({ change }: Outcome<Values>): Change | null {
  const isEmpty = change?.before !== undefined && isDeepStrictEqual(change.before, change.after)
  return isEmpty ? null : change
}

/** A refusal says what it was about, for the audit. */
async function namingTarget<Result>(refs: unknown, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isRefusal(error)) error.target = targetOf(refs)
    throw error
  }
}

/** Also holds the mode as it is until the change is made. @throws ReadOnlyError */
async function refuseReadOnly(tx: Transaction, mode: ReadOnlyMode, { services }: Context) {
  const isReadOnly = await readReadOnly(tx)
  if (mode === 'REFUSED' && (isReadOnly || services.config.readOnly)) throw new ReadOnlyError()
}

/** A limited key never touches credentials: what it would take instead, or nothing. */
export function limitedKeyNeeds<Input>(
  { touchesCredentials }: { touchesCredentials: boolean | ((input: Input) => boolean) },
  apiKey: CallerKey | null,
  input: Input,
): Need[] {
  const touches = typeof touchesCredentials === 'function' ? touchesCredentials(input) : touchesCredentials
  return touches && apiKey?.limited ? needing('a key without limits') : []
}

/** Any number, the same for all: whoever might take away the last administrator does so one after the other. */
const ADMINISTRATION_LOCK = 7_307_199_821

/** @throws LastAdminError for the transaction that comes last. */
async function keepAnAdministrator(tx: Transaction) {
  await tx.execute(sql`select pg_advisory_xact_lock(${ADMINISTRATION_LOCK})`)
  const rows = await tx.execute(sql`select 1 where exists (${lastingAdministratorExists()})`)
  if (rows.length === 0) throw new LastAdminError()
}
