import { GraphQLError } from 'graphql'

/** A bad value from the client in a query; the message names the argument. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
}

/** A field the caller may not read; the executor adds its path. */
export function fieldForbidden(missing: string, where: string | null): GraphQLError {
  const what = where === null ? missing : `${missing} ${where}`
  return new GraphQLError(`Reading this needs ${what}.`, {
    extensions: { code: 'FORBIDDEN', missing: [missing], needs: [{ what: missing, where }] },
  })
}

/** The pages asked for, multiplied down the document, are more than one request may read. */
export function tooManyRows(): GraphQLError {
  return new GraphQLError('The document asks for too many rows: ask for smaller pages, or nest fewer of them.', {
    extensions: { code: 'QUERY_TOO_COMPLEX' },
  })
}
