import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { recordRefusal } from '../entities/audit/operations.ts'
import type { Context } from '../graphql/context.ts'
import { logError } from '../log.ts'
import { withoutValue } from './message.ts'

/** What a client may see; every other error is a bug or an outage and is masked. */
const PUBLIC_CODES = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'READ_ONLY',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'OUTCOME_UNKNOWN',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'NOT_FOUND',
  'INVALID_INPUT',
  'CONFLICT',
  'LAST_ADMIN',
  'MISSING_AUTHORITY',
])

/** More of them tell nothing new. */
const MAX_ERRORS = 100

/** Masks what a client may not see, and adds the errors of mutations that the document did not ask for. */
export function useErrors(): Plugin<object, Context> {
  return {
    onExecute({ args }) {
      // Names of the schema are not suggested to nobody.
      Object.assign(args, { hideSuggestions: (args.contextValue as unknown as Context).caller === null })
      return {
        async onExecuteDone({ args, result, setResult }) {
          if (Symbol.asyncIterator in result) return
          const context = args.contextValue as unknown as Context
          const { loudErrors, requestId } = context
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

/** What can't be kept in the audit is refused all the same. */
async function recordRefusals(context: Context) {
  for (const refusal of context.refusals) {
    await recordRefusal(context.services.database.db, context, refusal).catch((error: unknown) =>
      logError(error, context.requestId),
    )
  }
}

/** The error as the client sees it. What is masked is whole in the log, under the request's id. */
export function publicError(error: unknown, requestId: string): GraphQLError {
  if (error instanceof GraphQLError) {
    if (PUBLIC_CODES.has(String(error.extensions.code)) || error.extensions.requestId) return error
    // Without a path it is about the request, not a field: a variable of the wrong type, an unknown operation.
    if (error.path === undefined) return badRequest(error)
  }
  logError(error instanceof GraphQLError ? (error.originalError ?? error) : error, requestId)
  const { nodes, path } = error instanceof GraphQLError ? error : {}
  return new GraphQLError('Something went wrong. Tell the operator this request’s id.', {
    nodes,
    path,
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
  })
}

function badRequest(error: GraphQLError): GraphQLError {
  const { message, nodes, extensions } = error
  const { status, headers } = (extensions.http ?? {}) as { status?: number; headers?: Record<string, string> }
  const http = status ? { http: { status, headers } } : {}
  return new GraphQLError(withoutValue(message), { nodes, extensions: { code: 'BAD_USER_INPUT', ...http } })
}
