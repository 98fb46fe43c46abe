/** The path from a request's parameters to its answer: without Request and Response, with one pass through the plugins. */

import { type ExecutionResult, type GraphQLError, getOperationAST } from 'graphql'
import { readInputValues, variableErrors } from '../graphql/input-values.ts'
import { badUserInput } from '../read/errors.ts'
import { JSON_TYPE, printError } from './error-answer.ts'
import { publicError } from './masking.ts'
import type { Params } from './params.ts'
import type { Answer, RequestContext } from './request.ts'
import type { App } from './yoga.ts'

const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8'

/** Answers one request. `params` is a sentence where they are malformed; `accept` selects one of the two media types of GraphQL over HTTP. */
export async function answerRequest(
  app: App,
  params: Params | string,
  accept: string | undefined,
  context: RequestContext,
): Promise<Answer> {
  const isGraphqlType = /application\/graphql-response\+json/i.test(accept ?? '')
  const result = typeof params === 'string' ? refused(400, params) : await execute(app, params, context)
  return toAnswer(result, isGraphqlType)
}

/** An execution, and whether it was of a query. */
type Executed = ExecutionResult & { isQuery: boolean }

/** The result of a document that was not executed; the HTTP status depends on it. */
interface Unexecuted {
  errors: readonly GraphQLError[]
  /** The status, where it is the same for both media types. */
  status?: number
}

type Result = Executed | Unexecuted

function refused(status: number, message: string): Unexecuted {
  return { errors: [badUserInput(message)], status }
}

async function execute(app: App, params: Params, context: RequestContext): Promise<Result> {
  const { parse, validate, contextFactory, execute: run, schema } = app.getEnveloped({ ...context, params })
  try {
    const document = parse(params.query)
    const faults = validate(schema, document)
    if (faults.length > 0) return { errors: faults }
    const operation = getOperationAST(document, params.operationName)
    if (!operation) return { errors: [badUserInput('Name one of the document’s operations in "operationName".')] }
    if (operation.operation === 'subscription') return { errors: [badUserInput('There are no subscriptions.')] }
    if (context.isGet && operation.operation === 'mutation') return refused(405, 'Send a mutation by POST.')
    const contextValue = await contextFactory()
    const { variables, issues } = readInputValues(schema, operation, params.variables ?? {})
    const errors = variableErrors(schema, operation, variables, context.caller === null)
    if (errors.length > 0) return { errors }
    Object.assign(contextValue, { inputIssues: issues })
    const { operationName } = params
    const result = await run({ schema, document, contextValue, variableValues: variables, operationName })
    return { ...result, isQuery: operation.operation === 'query' }
  } catch (error) {
    return { errors: [publicError(error, context.requestId)] }
  }
}

function toAnswer(result: Result, isGraphqlType: boolean): Answer {
  const headers: Record<string, string> = { 'content-type': isGraphqlType ? GRAPHQL_TYPE : JSON_TYPE }
  const coded = (code: string) => result.errors?.find((error) => error.extensions?.code === code)
  const limited = coded('RATE_LIMITED')
  if (limited) headers['retry-after'] = String(limited.extensions.retryAfterSeconds)
  const isUnauthenticated = coded('UNAUTHENTICATED') !== undefined
  if (isUnauthenticated) headers['www-authenticate'] = 'Bearer'
  const isShut = coded('PASSWORD_CHANGE_REQUIRED') !== undefined
  const status = isUnauthenticated ? 401 : limited ? 429 : isShut ? 403 : statusOf(result, isGraphqlType)
  if (status === 405) headers.allow = 'POST'
  // Only payloads of mutations hold secrets: new keys, tokens, revealed credentials. No mutation's answer is compressed.
  return { status, headers, body: print(result), holdsNoSecret: 'isQuery' in result && result.isQuery }
}

function statusOf(result: Result, isGraphqlType: boolean): number {
  if ('status' in result && result.status !== undefined) return result.status
  if ('data' in result && result.data !== undefined) return 200
  // Old clients treat any status but 200 as a broken server, so only clients that accept the new media type get 400.
  return isGraphqlType ? 400 : 200
}

function print(result: Result): string {
  const { errors, data, extensions } = { data: undefined, extensions: undefined, ...result }
  return JSON.stringify({ errors: errors?.map(printError), data, extensions })
}
