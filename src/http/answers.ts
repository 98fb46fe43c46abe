/** The path from a request's parameters to its answer: without Request and Response, with one pass through the plugins. */

import {
  type ExecutionResult,
  type GraphQLError,
  type GraphQLErrorExtensions,
  getOperationAST,
  getVariableValues,
} from 'graphql'
import { AuthorityChangedError } from '../authentication/kept.ts'
import type { Context, LongPoll } from '../graphql/context.ts'
import { readInputValues, variableErrors } from '../graphql/input-values.ts'
import { badUserInput } from '../read/errors.ts'
import { inOperationSpan } from '../tracing.ts'
import { JSON_TYPE, printError } from './error-answer.ts'
import { answerFinally } from './final.ts'
import { publicError } from './masking.ts'
import type { Params } from './params.ts'
import type { Answer, RequestContext } from './request.ts'
import { recordOperation } from './request-record.ts'
import type { App } from './yoga.ts'

const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8'

/**
 * Answers one request. `params` is a sentence where they are malformed; `accept` selects one of the two media types of
 * GraphQL over HTTP. @throws AuthorityChangedError where the caller is kept and not proven: nothing was done then
 */
export async function answerRequest(
  app: App,
  params: Params | string,
  accept: string | undefined,
  context: RequestContext,
): Promise<Answer> {
  const isGraphqlType = /application\/graphql-response\+json/i.test(accept ?? '')
  const result = typeof params === 'string' ? refused(400, params) : await execute(app, params, context)
  if (!('isQuery' in result)) await context.proof?.complete()
  return toAnswer(result, isGraphqlType)
}

/** An execution, and whether it was of a query; `text` is the data of a query that the database has already written. */
type Executed = ExecutionResult & { isQuery: boolean; text?: string; longPoll?: LongPoll | null }

/** The result of a document that was not executed; the HTTP status depends on it. */
interface Unexecuted {
  errors: readonly GraphQLError[]
  /** The status, where it is the same for both media types. */
  status?: number
}

type Result = Executed | Unexecuted

/** GraphQL's own messages are not used: to write one for each of many faults takes long. */
const ONLY_WHETHER = { maxErrors: 1, hideSuggestions: true }

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
    if (context.record) recordOperation(context.record, operation)
    const contextValue = await contextFactory()
    const { variables, issues } = readInputValues(schema, operation, params.variables ?? {})
    const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, ONLY_WHETHER)
    const errors = variableValues ? [] : variableErrors(schema, operation, variables, context.caller === null)
    if (errors.length > 0) return { errors }
    Object.assign(contextValue, { inputIssues: issues })
    return await inOperationSpan(operation, async () => {
      const text = variableValues && (await answerFinally(document, operation, variableValues, contextValue))
      if (typeof text === 'string')
        return { isQuery: true, text, longPoll: longPollOf(contextValue, () => JSON.parse(text)) }
      const { operationName } = params
      const result = await run({ schema, document, contextValue, variableValues: variables, operationName })
      const longPoll = longPollOf(contextValue, () => result.data)
      return { ...result, isQuery: operation.operation === 'query', longPoll }
    })
  } catch (error) {
    if (error instanceof AuthorityChangedError) throw error
    const told = publicError(error, context.requestId)
    // An error at a root field leaves that field null, as the executor does it.
    return told.path ? { errors: [told], data: { [String(told.path[0])]: null }, isQuery: true } : { errors: [told] }
  }
}

/** How the request waits; null where it does not wait, or has found something. */
function longPollOf({ longPoll }: Context, dataOf: () => unknown): LongPoll | null {
  return longPoll && isEmptyPage(dataOf()) ? longPoll : null
}

/** Whether the only root field is a page of a list without items. */
function isEmptyPage(data: unknown): boolean {
  const pages = Object.values(data ?? {}).map((page) => Object.values(page ?? {}).filter(Array.isArray))
  return pages.length > 0 && pages.every((lists) => lists.length > 0 && lists.every(({ length }) => length === 0))
}

function toAnswer(result: Result, isGraphqlType: boolean): Answer {
  const headers: Record<string, string> = { 'content-type': isGraphqlType ? GRAPHQL_TYPE : JSON_TYPE }
  const { code, retryAfterSeconds } = result.errors?.map(({ extensions }) => extensions).find(isForRequest) ?? {}
  if (retryAfterSeconds) headers['retry-after'] = String(retryAfterSeconds)
  if (code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer'
  const status = STATUS_OF_CODE[String(code)] ?? statusOf(result, isGraphqlType)
  if (status === 405) headers.allow = 'POST'
  // Only payloads of mutations hold secrets: new keys, tokens, revealed credentials. No mutation's answer is compressed.
  const codes = result.errors?.map(({ extensions }) => String(extensions?.code)) ?? []
  const holdsNoSecret = 'isQuery' in result && result.isQuery
  const { longPoll = null } = 'isQuery' in result ? result : {}
  return { status, headers, body: print(result), codes, holdsNoSecret, isFinal: 'text' in result, longPoll }
}

/** The codes of errors about the whole request, which clients and proxies handle by the status alone. */
const STATUS_OF_CODE: Record<string, number> = {
  UNAUTHENTICATED: 401,
  PASSWORD_CHANGE_REQUIRED: 403,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  OUTCOME_UNKNOWN: 503,
}

function isForRequest({ code }: GraphQLErrorExtensions): boolean {
  return String(code) in STATUS_OF_CODE
}

function statusOf(result: Result, isGraphqlType: boolean): number {
  if ('status' in result && result.status !== undefined) return result.status
  if ('text' in result || ('data' in result && result.data !== undefined)) return 200
  // Old clients treat any status but 200 as a broken server, so only clients that accept the new media type get 400.
  return isGraphqlType ? 400 : 200
}

function print(result: Result): string {
  if ('text' in result && result.text !== undefined) return `{"data":${result.text}}`
  const { errors, data, extensions } = { data: undefined, extensions: undefined, ...result }
  return JSON.stringify({ errors: errors?.map(printError), data, extensions })
}
