import type { Plugin } from 'graphql-yoga'
import { BadCredentialError } from '../authentication/bad-credential.ts'
import { identify } from '../authentication/identify.ts'
import { createId } from '../db/id.ts'
import { RateLimitedError } from '../errors.ts'
import { logError } from '../log.ts'
import type { Services } from '../services.ts'
import { outageAnswer } from './outage.ts'
import type { Answer, RequestContext } from './request.ts'

/** The answer to a bad credential, whatever was asked. Never `Basic`: browsers would pop up and then send passwords. */
const UNAUTHENTICATED_ANSWER: Answer = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer', 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify({
    errors: [{ message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } }],
  }),
}

/** The answer where the caller could not be found, for whatever reason. Yoga would print statement and stack. */
export function refuseCaller(error: unknown, requestId: string): Answer {
  if (error instanceof BadCredentialError) return UNAUTHENTICATED_ANSWER
  if (error instanceof RateLimitedError) return rateLimitedAnswer(error)
  logError(error, requestId)
  return outageAnswer(requestId)
}

function rateLimitedAnswer({ message, retryAfterSeconds }: RateLimitedError): Answer {
  return {
    status: 429,
    headers: { 'retry-after': String(retryAfterSeconds), 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ errors: [{ message, extensions: { code: 'RATE_LIMITED', retryAfterSeconds } }] }),
  }
}

/** Finds the caller before anything is parsed; a bad credential ends the request. */
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
