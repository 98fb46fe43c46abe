/** How what a mutation throws is told to its caller. */
import { GraphQLError, type GraphQLResolveInfo } from 'graphql'
import { BadCredentialError } from '../authentication/bad-credential.ts'
import { databaseError } from '../db/errors.ts'
import {
  type Alternatives,
  CallerEndedError,
  DomainError,
  ForbiddenError,
  InvalidInputError,
  RateLimitedError,
  ReadOnlyError,
} from '../errors.ts'
import { forbidden, unauthenticated } from '../graphql/builder.ts'
import { OutcomeUnknownError } from './run.ts'

/** What is answered as data; null for everything else. Class 22, data exception: a value that passed our checks and that the database still can't store. */
export function asDomainError(thrown: unknown): DomainError | null {
  if (thrown instanceof DomainError) return thrown
  if (!databaseError(thrown)?.code.startsWith('22')) return null
  return new InvalidInputError([{ path: 'input', message: 'A value can’t be stored as it is.' }])
}

/** What stands in the answer's `errors`. */
export function topLevelError(error: unknown, info: GraphQLResolveInfo, needs: Alternatives): unknown {
  if (error instanceof ForbiddenError) return forbidden(info.fieldName, error.missing, needs)
  if (error instanceof CallerEndedError) return unauthenticated()
  if (error instanceof BadCredentialError) return unauthenticated('The username or password is not right.')
  if (error instanceof ReadOnlyError) return readOnly()
  if (error instanceof RateLimitedError) return rateLimited(error)
  if (error instanceof OutcomeUnknownError) {
    return new GraphQLError('The database was lost while the change was being committed: look whether it was made.', {
      extensions: { code: 'OUTCOME_UNKNOWN' },
    })
  }
  return error
}

function readOnly(): GraphQLError {
  return new GraphQLError('The server is read-only for now: nothing was changed. Try again later.', {
    extensions: { code: 'READ_ONLY' },
  })
}

function rateLimited({ message, retryAfterSeconds }: RateLimitedError): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'RATE_LIMITED', retryAfterSeconds } })
}
