import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { isOutage, isTimeout } from '../db/errors.ts'
import { recordRefusal } from '../entities/audit/refusals.ts'
import { rateLimitOf } from '../errors.ts'
import type { Context } from '../graphql/context.ts'
import { internalError, rateLimited, unavailable } from '../graphql/refusals.ts'
import { logError } from '../log.ts'
import { tooSlow } from '../read/errors.ts'

/** The codes of errors that a client may see; every other error is a bug or an outage and is masked. */
const PUBLIC_CODES = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'PASSWORD_CHANGE_REQUIRED',
  'BAD_USER_INPUT',
  'READ_ONLY',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'OUTCOME_UNKNOWN',
  'UNAVAILABLE',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'NOT_FOUND',
  'INVALID_INPUT',
  'CONFLICT',
  'LAST_ADMINISTRATOR',
  'MISSING_AUTHORITY',
  'WRONG_CREDENTIALS',
])

/** The number of errors in an answer is limited: more of them would not help the client. */
const MAX_ERRORS = 100

/** Masks the errors that a client may not see, and adds the errors of mutations that the document did not select. */
export function useErrors(): Plugin<object, Context> {
  return {
    onExecute({ args }) {
      // Without a credential, a caller gets no suggestions of schema names.
      Object.assign(args, { hideSuggestions: (args.contextValue as unknown as Context).caller === null })
      return {
        async onExecuteDone({ args, result, setResult }) {
          if (Symbol.asyncIterator in result) return
          const context = args.contextValue as unknown as Context
          const { loudErrors, requestId, proof } = context
          await proof?.complete()
          await recordRefusals(context)
          if (!result.errors && loudErrors.length === 0) return
          const errors = [...(result.errors ?? []), ...loudErrors]
            .slice(0, MAX_ERRORS)
            .map((error) => publicError(error, requestId))
          setResult({ ...result, errors })
        },
      }
    },
  }
}

/** Writes the refusals to the audit. Where that fails, the refusal itself still stands. */
async function recordRefusals(context: Context) {
  for (const refusal of context.refusals) {
    await recordRefusal(context.services.database.db, context, refusal).catch((error: unknown) =>
      logError(error, context.requestId),
    )
  }
}

/** Returns the error as the client sees it. A masked error is complete in the log, under the request's id. */
export function publicError(error: unknown, requestId: string): GraphQLError {
  if (error instanceof GraphQLError) {
    if (PUBLIC_CODES.has(String(error.extensions.code)) || error.extensions.requestId) return error
    // An error without a path is about the request, not a field. Its message may quote the input, so it is not told.
    if (error.path === undefined) return badRequest(error)
  }
  const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error
  const { nodes, path } = error instanceof GraphQLError ? error : {}
  const { message, extensions } = shownFor(cause, requestId)
  return new GraphQLError(message, { nodes, path, extensions })
}

/** Mutations answer for the state of the database by themselves; what arrives here was read. */
function shownFor(cause: unknown, requestId: string): GraphQLError {
  const limit = rateLimitOf(cause)
  if (limit) return rateLimited(limit)
  logError(cause, requestId)
  if (isOutage(cause)) return unavailable()
  return isTimeout(cause) ? tooSlow() : internalError(requestId)
}

function badRequest(error: GraphQLError): GraphQLError {
  const { nodes, extensions } = error
  const { status, headers } = (extensions.http ?? {}) as { status?: number; headers?: Record<string, string> }
  const http = status ? { http: { status, headers } } : {}
  return new GraphQLError('The request can’t be executed as it is.', {
    nodes,
    extensions: { code: 'BAD_USER_INPUT', ...http },
  })
}
