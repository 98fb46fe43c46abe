import type { Plugin } from 'graphql-yoga'
import type { Database } from '../db/database.ts'
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

/** Finds the caller before anything is parsed; a bad credential ends the request. */
export function useCaller(database: Database): Plugin<object, Partial<RequestContext>> {
  return {
    async onRequest({ request, serverContext, endResponse, fetchAPI }) {
      try {
        serverContext.caller = await identify(database.db, (name) => request.headers.get(name) ?? undefined)
      } catch (error) {
        if (!(error instanceof BadCredentialError)) throw error
        const { body, ...init } = UNAUTHENTICATED_ANSWER
        endResponse(new fetchAPI.Response(body, init))
      }
    },
  }
}
