import { createYoga } from 'graphql-yoga'
import { type RequestContext, useCaller } from './auth/plugin.ts'
import { createContext } from './context.ts'
import type { Database } from './db/database.ts'
import { createId } from './db/id.ts'
import { useDocuments } from './http/documents.ts'
import { publicError, useErrors } from './http/errors.ts'
import { schema } from './schema.ts'

export const GRAPHQL_PATH = '/graphql'

/** The API over a database, as a Yoga instance. It does not listen. */
export function createApp(database: Database) {
  return createYoga<Partial<RequestContext>>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    context: ({ caller = null, requestId = createId(), address = null }) =>
      createContext(database, caller, { requestId, address }),
    plugins: [useCaller(database), useDocuments(), useErrors()],
    parserAndValidationCache: false,
    maskedErrors: { isDev: false, maskError: (error) => publicError(error, createId()) },
    cors: false,
    multipart: false,
    batching: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  })
}

export type App = ReturnType<typeof createApp>
