import type { GraphQLError } from 'graphql'
import type { Answer } from './request.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** Makes an answer that contains only one error. */
export function errorAnswer(status: number, error: GraphQLError, headers: Record<string, string> = {}): Answer {
  const body = JSON.stringify({ errors: [printError(error)] })
  return { status, headers: { 'content-type': JSON_TYPE, ...headers }, body, codes: [String(error.extensions.code)] }
}

/** Formats an error for an answer: `extensions.http` is left out, because it is for the server and not for the client. */
export function printError(error: GraphQLError) {
  const { extensions, ...rest } = error.toJSON()
  const { http: _http, ...visible } = extensions ?? {}
  return Object.keys(visible).length > 0 ? { ...rest, extensions: visible } : rest
}
