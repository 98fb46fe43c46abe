import type { Plugin } from 'graphql-yoga'
import type { Database } from '../db/database.ts'
import { createId } from '../db/id.ts'
import { outageAnswer } from '../http/outage.ts'
import { logError } from '../log.ts'
import type { Caller } from './caller.ts'
import { BadCredentialError, identify } from './identify.ts'

/** What a request carries into the context. */
export interface RequestContext {
  caller: Caller | null
  requestId: string
  address: string | null
}

/** The answer to a bad credential, whatever was asked. Never `Basic`: browsers would pop up and then send passwords. */
export const UNAUTHENTICATED_ANSWER = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer', 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify({
    errors: [{ message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } }],
  }),
}

/** Yoga would print what is thrown here, statement and stack. */
function outage(error: unknown, { requestId = createId() }: Partial<RequestContext>) {
  logError(error, requestId)
  return outageAnswer(requestId)
}

/** Finds the caller before anything is parsed; a bad credential ends the request. */
export function useCaller(database: Database): Plugin<object, Partial<RequestContext>> {
  return {
    async onRequest({ request, serverContext, endResponse, fetchAPI }) {
      try {
        serverContext.caller = await identify(database.db, (name) => request.headers.get(name) ?? undefined)
      } catch (error) {
        const { body, ...init } =
          error instanceof BadCredentialError ? UNAUTHENTICATED_ANSWER : outage(error, serverContext)
        endResponse(new fetchAPI.Response(body, init))
      }
    },
  }
}
