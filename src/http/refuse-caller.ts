import { BadCredentialError } from '../authentication/bad-credential.ts'
import { isOfDatabase } from '../db/errors.ts'
import { rateLimitOf } from '../errors.ts'
import { internalError, rateLimited, unauthenticated } from '../graphql/refusals.ts'
import { logError } from '../log.ts'
import { errorAnswer } from './error-answer.ts'
import type { Answer } from './request.ts'
import { unavailableAnswer } from './within-deadline.ts'

/** Makes the answer for a request whose caller could not be determined. */
export function refuseCaller(error: unknown, requestId: string): Answer {
  // The scheme is never `Basic`: browsers would show a dialog and then send passwords.
  if (error instanceof BadCredentialError)
    return errorAnswer(401, unauthenticated('The credential is not valid.'), { 'www-authenticate': 'Bearer' })
  const limit = rateLimitOf(error)
  if (limit) return errorAnswer(429, rateLimited(limit), { 'retry-after': String(limit.retryAfterSeconds) })
  logError(error, requestId)
  if (isOfDatabase(error)) return unavailableAnswer()
  return errorAnswer(500, internalError(requestId))
}
