/** Gives all top-level errors their GraphQL form. */
import { GraphQLError } from 'graphql'
import { isCommitUnknown, isOutage, isTimeout } from '../db/errors.ts'
import {
  type Alternatives,
  CallerEndedError,
  ForbiddenError,
  type NamedRequirement,
  type RateLimitedError,
  ReadOnlyError,
  rateLimitOf,
} from '../errors.ts'

/** The error for an unknown caller: the whole request is answered with 401. */
export function unauthenticated(
  message = 'This needs a valid API key or token: send it as "Authorization: Bearer …".',
): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'UNAUTHENTICATED', http: { status: 401, headers: { 'www-authenticate': 'Bearer' } } },
  })
}

/** The error for a caller without the right to do this; `alternatives` says what would be enough, and in which scope. */
export function forbidden(fieldName: string, alternatives: Alternatives): GraphQLError {
  const texts = alternatives.map((allOf) => allOf.map(({ text }) => text).join(' and '))
  return forbiddenFor(`"${fieldName}" needs ${texts.join(' or ')}.`, alternatives)
}

/** The error for a caller who came in by a password that they must change first: the whole request is answered with 403. */
export function passwordChangeRequired(): GraphQLError {
  return new GraphQLError('This password was set by somebody else. Choose your own with changePassword first.', {
    extensions: { code: 'PASSWORD_CHANGE_REQUIRED' },
  })
}

/** The error for a field that the caller may not read; the executor adds its path. */
export function unreadable(requirement: NamedRequirement): GraphQLError {
  return forbiddenFor(`Reading this needs ${requirement.text}.`, [[requirement]])
}

function forbiddenFor(message: string, alternatives: Alternatives): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'FORBIDDEN', missing: shapeAlternatives(alternatives) } })
}

/** Formats alternatives for an answer. */
export function shapeAlternatives(alternatives: Alternatives) {
  return alternatives.map((allOf) => ({ allOf }))
}

export function rateLimited({ message, retryAfterSeconds }: RateLimitedError): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'RATE_LIMITED', retryAfterSeconds } })
}

/** The error for a bug or an outage: the cause is in the log, under the request's id. */
export function internalError(requestId: string): GraphQLError {
  return new GraphQLError('Something went wrong. Tell the operator this request’s id.', {
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
  })
}

/** The error for a change that may have been made: the database did not say how its COMMIT ended. */
export function outcomeUnknown(requestId: string): GraphQLError {
  return new GraphQLError('The database did not say whether the change was made: look whether it was.', {
    extensions: { code: 'OUTCOME_UNKNOWN', requestId },
  })
}

/** The error for a request that the database cannot answer now. Nothing was changed, so it may be repeated. */
export function unavailable(): GraphQLError {
  return new GraphQLError('The database is not available: nothing was changed. Try again.', {
    extensions: { code: 'UNAVAILABLE', retryAfterSeconds: RETRY_AFTER_SECONDS },
  })
}

const RETRY_AFTER_SECONDS = 1

/** Converts what a mutation throws for the answer's `errors`; an unknown error stays as it is. */
export function topLevelError(
  error: unknown,
  fieldName: string,
  { alternatives, requestId }: { alternatives: Alternatives; requestId: string },
): unknown {
  if (error instanceof ForbiddenError) return forbidden(fieldName, alternatives)
  if (error instanceof CallerEndedError) return unauthenticated()
  if (error instanceof ReadOnlyError) return readOnly()
  const limit = rateLimitOf(error)
  if (limit) return rateLimited(limit)
  if (isCommitUnknown(error)) return outcomeUnknown(requestId)
  if (isOutage(error) || isTimeout(error)) return unavailable()
  return error
}

function readOnly(): GraphQLError {
  return new GraphQLError('The server is read-only for now: nothing was changed. Try again later.', {
    extensions: { code: 'READ_ONLY' },
  })
}
