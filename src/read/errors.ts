import { GraphQLError } from 'graphql'

/** The error for an invalid value from the client in a query; the message names the argument. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
}

/** The error for a statement that the database canceled because it took too long. */
export function tooSlow(): GraphQLError {
  return tooComplex('Reading this takes too long: ask for less, by a filter, a shorter time or smaller pages.')
}

/** The error for a document whose nested pages, multiplied, are more rows than one request may read. */
export function tooManyRows(): GraphQLError {
  return tooComplex('The document asks for too many rows: ask for smaller pages, or nest fewer of them.')
}

/** The error for a request that is too much for the server; the message says what of it. */
export function tooComplex(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX' } })
}
