import { createDeadline, type Deadline, runUntil } from '../db/deadline.ts'
import { outcomeUnknown, unavailable } from '../graphql/refusals.ts'
import { errorAnswer } from './error-answer.ts'
import type { Answer } from './request.ts'

/** A request may use the database for this long after it has arrived. */
export const REQUEST_DEADLINE_MS = 5000
/** After the deadline a request ends by itself, as soon as its statement is canceled. This is for one that does not. */
const GRACE_MS = 500

/**
 * Answers a request, within 5.5 s whatever the database does. After an answer that nothing was changed, nothing is
 * changed: no transaction commits after the deadline.
 */
export async function withinDeadline(
  requestId: string,
  answer: () => Promise<Answer>,
  deadline: Deadline = createDeadline(REQUEST_DEADLINE_MS),
): Promise<Answer> {
  const late = Promise.withResolvers<Answer>()
  const timer = setTimeout(() => late.resolve(answerForLate(deadline, requestId)), REQUEST_DEADLINE_MS + GRACE_MS)
  try {
    return await Promise.race([runUntil(deadline, answer), late.promise])
  } finally {
    clearTimeout(timer)
    deadline.end()
  }
}

function answerForLate({ isCommitSent }: Deadline, requestId: string): Answer {
  return isCommitSent ? errorAnswer(503, outcomeUnknown(requestId)) : unavailableAnswer()
}

/** The answer for a request that the database cannot serve now. */
export function unavailableAnswer(): Answer {
  const error = unavailable()
  return errorAnswer(503, error, { 'retry-after': String(error.extensions.retryAfterSeconds) })
}
