/** The short path from a POST of JSON to its answer: without Request and Response, with one pass through the plugins. */

import { type ExecutionResult, type GraphQLError, getOperationAST } from 'graphql'
import { readInputValues } from '../graphql/input-values.ts'
import { badUserInput } from '../read/errors.ts'
import { JSON_TYPE, printError } from './error-answer.ts'
import { publicError } from './masking.ts'
import type { Answer, RequestContext } from './request.ts'
import type { App } from './yoga.ts'

interface Params {
  query: string
  variables?: Record<string, unknown> | null
  operationName?: string | null
}

const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8'

/** Answers one POST. `accept` selects one of the two media types of GraphQL over HTTP. */
export async function answerPost(app: App, body: string, accept: string | undefined, context: RequestContext) {
  const isGraphqlType = /application\/graphql-response\+json/i.test(accept ?? '')
  const result = await execute(app, body, context)
  return toAnswer(result, isGraphqlType)
}

/** The result of a document that was not executed; the HTTP status depends on it. */
interface Unexecuted {
  errors: readonly GraphQLError[]
  malformed?: boolean
}

type Result = ExecutionResult | Unexecuted

async function execute(app: App, body: string, context: RequestContext): Promise<Result> {
  const params = readParams(body)
  if (typeof params === 'string') return { errors: [badUserInput(params)], malformed: true }
  const { parse, validate, contextFactory, execute: run, schema } = app.getEnveloped({ ...context, params })
  try {
    const document = parse(params.query)
    const errors = validate(schema, document)
    if (errors.length > 0) return { errors }
    const operation = getOperationAST(document, params.operationName)
    if (!operation) return { errors: [badUserInput('Name one of the document’s operations in "operationName".')] }
    if (operation.operation === 'subscription') return { errors: [badUserInput('There are no subscriptions.')] }
    const contextValue = await contextFactory()
    const { variables, issues } = readInputValues(schema, operation, params.variables ?? {})
    Object.assign(contextValue, { inputIssues: issues })
    return await run({
      schema,
      document,
      contextValue,
      variableValues: variables,
      operationName: params.operationName,
    })
  } catch (error) {
    return { errors: [publicError(error, context.requestId)] }
  }
}

function readParams(body: string): Params | string {
  let params: unknown
  try {
    params = JSON.parse(body)
  } catch {
    return 'The body is not JSON.'
  }
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return 'The body must be a JSON object.'
  const { query, variables, operationName, extensions } = params as Record<string, unknown>
  if (typeof query !== 'string' || query === '') return '"query" must be a GraphQL document.'
  if (!isObjectOrNothing(variables)) return '"variables" must be an object.'
  if (!isObjectOrNothing(extensions)) return '"extensions" must be an object.'
  if ((operationName ?? null) !== null && typeof operationName !== 'string') return '"operationName" must be a string.'
  return { query, variables, operationName } as Params
}

function isObjectOrNothing(value: unknown) {
  return value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value))
}

function toAnswer(result: Result, isGraphqlType: boolean): Answer {
  const headers: Record<string, string> = { 'content-type': isGraphqlType ? GRAPHQL_TYPE : JSON_TYPE }
  const coded = (code: string) => result.errors?.find((error) => error.extensions?.code === code)
  const limited = coded('RATE_LIMITED')
  if (limited) headers['retry-after'] = String(limited.extensions.retryAfterSeconds)
  const isUnauthenticated = coded('UNAUTHENTICATED') !== undefined
  if (isUnauthenticated) headers['www-authenticate'] = 'Bearer'
  const refused = isUnauthenticated ? 401 : limited ? 429 : null
  return { status: refused ?? statusOf(result, isGraphqlType), headers, body: print(result) }
}

function statusOf(result: Result, isGraphqlType: boolean): number {
  if ('malformed' in result) return 400
  if ('data' in result && result.data !== undefined) return 200
  // Old clients treat any status but 200 as a broken server, so only clients that accept the new media type get 400.
  return isGraphqlType ? 400 : 200
}

function print(result: Result): string {
  const { errors, ...rest } = { malformed: undefined, ...result }
  if (!errors) return JSON.stringify(rest)
  return JSON.stringify({ errors: errors.map(printError), ...rest })
}
