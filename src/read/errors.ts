import { GraphQLError } from 'graphql'

/** A bad value from the client in a query; the message names the argument. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
}

/** A field the caller may not read; the executor adds its path. */
export function fieldForbidden(missing: string, needs?: { what: string; where: string }): GraphQLError {
  const text = needs ? `${needs.what} ${needs.where}` : missing
  return new GraphQLError(`Reading this needs ${text}.`, {
    extensions: { code: 'FORBIDDEN', missing: [missing], needs: [needs ?? { what: missing, where: null }] },
  })
}

/** The database gave up on it. */
export function tooSlow(): GraphQLError {
  return new GraphQLError('Reading this takes too long: ask for less, by a filter, a shorter time or smaller pages.', {
    extensions: { code: 'QUERY_TOO_COMPLEX' },
  })
}

/** The pages asked for, multiplied down the document, are more than one request may read. */
export function tooManyRows(): GraphQLError {
  return new GraphQLError('The document asks for too many rows: ask for smaller pages, or nest fewer of them.', {
    extensions: { code: 'QUERY_TOO_COMPLEX' },
  })
}
