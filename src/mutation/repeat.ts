/** A mutation that makes something can be repeated with the same idempotency key: nothing is then made again. */

import { readAuthority } from '../authentication/read-caller.ts'
import type { Caller } from '../authority/caller.ts'
import type { Transaction } from '../db/database.ts'
import { claimIdempotencyKey, type RepeatableCall, rememberMade } from '../entities/idempotency/operations.ts'
import { CallerEndedError, ConflictError } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { HiddenPayloadError } from './payload.ts'

/** The parts of a mutation's declaration that are needed here. */
interface Made {
  name: string
  makes: boolean
  /** The names of the payload's secrets. */
  secrets: ReadonlySet<string>
}

/** A call with an idempotency key, and what an earlier one with the same key made; null where it is the first. */
export interface Repetition<Values> {
  made: Values | null
  /** Keeps what this call made, without its secrets. */
  remember(values: Values): Promise<void>
}

/** Reserves the idempotency key of the input, where it has one. @throws ConflictError where another call used it */
export async function openRepetition<Values extends object>(
  tx: Transaction,
  { name, makes, secrets }: Made,
  { services }: Context,
  asking: Caller,
  input: { idempotencyKey?: string | null },
): Promise<Repetition<Values> | null> {
  const { idempotencyKey } = input
  if (!makes || !idempotencyKey || asking.userId === null) return null
  const call: RepeatableCall = { userId: asking.userId, key: idempotencyKey, mutation: name, input }
  return {
    made: (await claimIdempotencyKey(tx, services.keyring, call)) as Values | null,
    async remember(values) {
      const open = Object.entries(values).filter(([field]) => !secrets.has(field))
      await rememberMade(tx, call, Object.fromEntries(open))
    },
  }
}

/** Answers what an earlier call made, as the caller sees it now. @throws ConflictError where they see it no longer */
export async function answerMade<Answer>(
  tx: Transaction,
  asking: Caller,
  answer: (caller: Caller) => Promise<Answer>,
): Promise<Answer> {
  const caller = await readAuthority(tx, asking)
  if (!caller) throw new CallerEndedError()
  try {
    return await answer(caller)
  } catch (error) {
    if (!(error instanceof HiddenPayloadError)) throw error
    throw new ConflictError('What was made with this idempotency key is gone, or you no longer see it.')
  }
}
