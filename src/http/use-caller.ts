import type { Plugin } from 'graphql-yoga'
import { BadCredentialError } from '../authentication/bad-credential.ts'
import { identify } from '../authentication/identify.ts'
import { createId } from '../db/id.ts'
import { RateLimitedError } from '../errors.ts'
import { internalError, rateLimited, unauthenticated } from '../graphql/refusals.ts'
import { logError } from '../log.ts'
import type { Services } from '../services.ts'
import { errorAnswer } from './error-answer.ts'
import type { Answer, RequestContext } from './request.ts'

/** Makes the answer for a request whose caller could not be determined. Yoga itself would print the statement and the stack. */
export function refuseCaller(error: unknown, requestId: string): Answer {
  // The scheme is never `Basic`: browsers would show a dialog and then send passwords.
  if (error instanceof BadCredentialError)
    return errorAnswer(401, unauthenticated('The credential is not valid.'), { 'www-authenticate': 'Bearer' })
  if (error instanceof RateLimitedError)
    return errorAnswer(429, rateLimited(error), { 'retry-after': String(error.retryAfterSeconds) })
  logError(error, requestId)
  return errorAnswer(500, internalError(requestId))
}

/** Determines the caller before anything is parsed; an invalid credential ends the request. */
export function useCaller(services: Services): Plugin<object, Partial<RequestContext>> {
  return {
    async onRequest({ request, serverContext, endResponse, fetchAPI }) {
      const { address = null, requestId = createId() } = serverContext
      try {
        serverContext.caller = await identify(services, (name) => request.headers.get(name) ?? undefined, {
          address,
          requestId,
        })
      } catch (error) {
        const { body, ...init } = refuseCaller(error, requestId)
        endResponse(new fetchAPI.Response(body, init))
      }
    },
  }
}
