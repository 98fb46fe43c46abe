/**
 * Runs a mutation: in one transaction the named objects are found and locked, the caller's authority is read and decided
 * again, the escalation guard checks what is granted, the operation runs, the audit row is written and the answer is read.
 */

import type { GraphQLSchema } from 'graphql'
import { readAuthority } from '../authentication/read-caller.ts'
import { keepAnAdministrator } from '../authority/administrators.ts'
import { type Caller, NOBODY } from '../authority/caller.ts'
import { type Granted, guard } from '../authority/guard.ts'
import { decide, type Rule } from '../authority/rule.ts'
import { runStatement, type Transaction } from '../db/database.ts'
import { DeadlinePassedError, isOutage, isRetryable } from '../db/errors.ts'
import { type Actor, recordChange, type Sides, withoutEqual } from '../entities/audit/operations.ts'
import { type Notice, notify } from '../entities/notification/operations.ts'
import { AS_CHANGE, isReadOnly, lockChanges } from '../entities/settings/operations.ts'
import { CallerEndedError, ForbiddenError, isRefusal, RaceLostError, ReadOnlyError, type Target } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import type { Reading } from '../read/run.ts'
import { type AccessDiff, noteAccess } from './access-diff.ts'
import { missingForKey } from './key-rules.ts'
import { createFinder, type Finder, type Finding, lockFound } from './lookup.ts'
import { answerMade, openRepetition } from './repeat.ts'

/** The values that an operation works with. */
export interface Operation<Input, Refs, Prepared = undefined> {
  ctx: Context
  tx: Transaction
  caller: Caller
  input: Input
  refs: Refs
  prepared: Prepared
  /** True where nothing will be saved; the operation then makes no secret. */
  dryRun: boolean
}

/** What an operation did. `change` is null where there was nothing to do, and a list where it did several things. */
export interface Outcome<Values> {
  values: Values
  change: Made | Made[] | null
  /** The notifications that users get about it. */
  notices?: Notice[]
  /** True where the change was to the caller's own access: the answer is then what they may see after it. */
  isOwnAccess?: boolean
}

/** A change that was made. */
export interface Made extends Sides {
  /** What was changed, where it is not the target of the mutation: something that the mutation made. */
  target?: Target
  /** The user who made the change, where the caller is not known before it, as in a sign-in. */
  actorId?: string
}

/** The effect of read-only mode on a mutation: it is refused, it is still allowed, or it sets the mode. */
export type ReadOnlyMode = 'REFUSED' | 'ALLOWED' | 'SETS'

/** The parts of a mutation's declaration that its run needs. */
export interface ChangePlan<Input, Refs, Values, Prepared> {
  name: string
  target(refs: Refs): Target | null
  may: Rule<Refs>
  isPublic: boolean
  readOnlyMode: ReadOnlyMode
  longTexts: string[]
  makes: boolean
  /** The names of the payload's secrets. */
  secrets: Set<string>
  grants: 'nothing' | ((operation: Operation<Input, Refs, Prepared>) => Granted)
  touchesCredentials: boolean | ((input: Input) => boolean)
  makesWayIn: boolean | ((input: Input) => boolean)
  endangersAdministration: boolean
  prepare(ctx: Context, input: Input, dryRun: boolean): Promise<Prepared>
  find(finder: Finder, input: Input): Finding<Refs>
  run(operation: Operation<Input, Refs, Prepared>): Promise<Outcome<Values>>
}

/** Carries the answer of a dry run out of its transaction, which is rolled back. */
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
  answer: ReadAnswer<Values, Answer>,
): Promise<Answer> {
  const missing = missingForKey(plan, ctx.caller?.apiKey ?? null, input)
  if (missing.length > 0) throw new ForbiddenError(missing)
  const prepared = await plan.prepare(ctx, input, dryRun)
  const wanted = { input, prepared, dryRun, diffSchema }
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(plan, ctx, wanted, answer)
    } catch (error) {
      if (attempt < attemptsAfter(error)) continue
      throw error instanceof RaceLostError ? error.conflict : error
    }
  }
}

/** The number of attempts that a transaction gets which failed like this; nothing of it was committed. */
function attemptsAfter(error: unknown): number {
  if (error instanceof RaceLostError || isRetryable(error)) return MAX_ATTEMPTS
  return isOutage(error) && !(error instanceof DeadlinePassedError) ? 2 : 1
}

interface Wanted<Input, Prepared> {
  input: Input
  prepared: Prepared
  dryRun: boolean
  /** The schema of the document, where the document selects the difference in access; otherwise null. */
  diffSchema: GraphQLSchema | null
}

/** Reads the payload of what was done. */
type ReadAnswer<Values, Answer> = (values: Values, reading: Reading, accessDiff: AccessDiff | null) => Promise<Answer>

/** Runs one transaction, which is rolled back for a dry run. @throws CommitUnknownError */
async function runOnce<Input, Refs, Values, Prepared, Answer>(
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  ctx: Context,
  wanted: Wanted<Input, Prepared>,
  answer: ReadAnswer<Values, Answer>,
): Promise<Answer> {
  const beginning = { first: plan.readOnlyMode === 'SETS' ? lockChanges({ alone: true }) : AS_CHANGE }
  try {
    return await ctx.services.database.transaction(async (tx, first) => {
      const asking = begin(plan, ctx, isReadOnly(first))
      const result = await changeWithin(tx, plan, ctx, { ...wanted, asking }, answer)
      if (wanted.dryRun) throw new DryRunDone(result)
      return result
    }, beginning)
  } catch (error) {
    if (error instanceof DryRunDone) return error.answer
    throw error
  }
}

async function changeWithin<Input, Refs, Values, Prepared, Answer>(
  tx: Transaction,
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  ctx: Context,
  { asking, ...wanted }: Wanted<Input, Prepared> & { asking: Caller },
  answer: ReadAnswer<Values, Answer>,
): Promise<Answer> {
  const repetition = await openRepetition<Values & object>(tx, plan, ctx, asking, wanted.input as object)
  const made = repetition?.made
  if (made) return answerMade(tx, asking, (caller) => answer(made, readingOn(tx, caller), null))
  const { refs, caller } = await findAndLock(tx, plan, ctx, asking, wanted.input)
  const readDiff = wanted.diffSchema && (await noteAccess(tx, caller, wanted.diffSchema))
  const target = plan.target(refs)
  const outcome = await namingTarget(target, () => decideAndRun(plan, { ...wanted, ctx, tx, caller, refs }))
  const changes = changesMade(outcome)
  if (changes.length > 0) {
    if (plan.endangersAdministration) await namingTarget(target, () => keepAnAdministrator(tx))
    await recordAll(tx, plan.name, { ...ctx, caller }, changes, target)
    await notify(tx, ctx.services.mailer, caller, outcome.notices ?? [])
  }
  await repetition?.remember(outcome.values as Values & object)
  const reader = outcome.isOwnAccess && changes.length > 0 ? ((await readAuthority(tx, caller)) ?? caller) : caller
  return answer(outcome.values, readingOn(tx, reader), readDiff && (await readDiff()))
}

/** Writes one row of the audit for each thing that was changed. */
async function recordAll(tx: Transaction, name: string, actor: Actor, changes: Made[], target: Target | null) {
  for (const change of changes) {
    const about = change.target ?? target
    if (about === null) throw new Error(`${name} does not say what it changed.`)
    await recordChange(tx, actor, name, { ...about, ...change })
  }
}

/** Reads in the transaction, as this caller. */
function readingOn(tx: Transaction, caller: Caller): Reading {
  return { caller, run: (text, values, prepare) => runStatement(tx, text, values, prepare) }
}

/** Returns the caller, where the mutation may begin at all. @throws CallerEndedError, ReadOnlyError */
function begin(
  { isPublic, readOnlyMode }: { isPublic: boolean; readOnlyMode: ReadOnlyMode },
  { caller, services }: Context,
  isReadOnly: boolean,
): Caller {
  const asking = caller ?? (isPublic ? NOBODY : null)
  if (asking === null) throw new CallerEndedError()
  if (readOnlyMode === 'REFUSED' && (isReadOnly || services.config.readOnly)) throw new ReadOnlyError()
  return asking
}

/**
 * Finds and locks what the input names, and then reads the caller's authority, or proves that it is what was kept.
 * @throws NotFoundError, CallerEndedError, AuthorityChangedError
 */
async function findAndLock<Input, Refs, Values, Prepared>(
  tx: Transaction,
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  { proof }: Context,
  asking: Caller,
  input: Input,
): Promise<{ refs: Refs; caller: Caller }> {
  const finder = createFinder(tx, asking)
  const refs = await lockFound(finder, () => plan.find(finder, input))
  await proof?.completeWithin(tx)
  const caller = proof ? { ...asking, basis: null } : await readAuthority(tx, asking)
  if (!caller) throw new CallerEndedError()
  return { refs, caller }
}

/** @throws ForbiddenError, MissingAuthorityError, and what the operation throws */
async function decideAndRun<Input, Refs, Values, Prepared>(
  plan: ChangePlan<Input, Refs, Values, Prepared>,
  operation: Operation<Input, Refs, Prepared>,
): Promise<Outcome<Values>> {
  const { tx, caller, refs } = operation
  decide(plan.may, caller, refs)
  if (plan.grants !== 'nothing') await guard(tx, caller, plan.grants(operation))
  return plan.run(operation)
}

/** Returns what was changed, without the fields that stayed the same, and without what does not differ from before. */
function changesMade<Values>({ change }: Outcome<Values>): Made[] {
  return [change ?? []].flat().flatMap((made) => {
    if (!made.before || !made.after) return made
    const sides = withoutEqual(made.before, made.after)
    const isEmpty = Object.keys({ ...sides.before, ...sides.after }).length === 0
    return isEmpty ? [] : { ...made, ...sides }
  })
}

/** Adds the target to a refusal, for the audit. */
async function namingTarget<Result>(target: Target | null, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isRefusal(error)) error.target = target
    throw error
  }
}
