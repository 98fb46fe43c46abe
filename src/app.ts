import { createYoga } from 'graphql-yoga'
import { type RequestContext, useCaller } from './auth/plugin.ts'
import { createContext } from './context.ts'
import { createId } from './db/id.ts'
import { useDocuments } from './http/documents.ts'
import { publicError, useErrors } from './http/errors.ts'
import { GRAPHQL_PATH } from './http/gate.ts'
import { lintReads } from './read/lint.ts'
import { schema } from './schema.ts'
import type { Services } from './services.ts'

/** The API as a Yoga instance. It does not listen. */
export function createApp(services: Services) {
  refuseBadDeclarations()
  return createYoga<Partial<RequestContext>>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    context: ({ caller = null, requestId = createId(), address = null, isGet = false }) =>
      createContext(services, caller, { requestId, address, isGet }),
    plugins: [useCaller(services), useDocuments(), useErrors()],
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

/** What the read path can't do right is refused here, not answered wrongly later. */
function refuseBadDeclarations() {
  const problems = lintReads(schema)
  if (problems.length > 0) throw new Error(`The schema can’t be read: ${problems.join(' ')}`)
}

export type App = ReturnType<typeof createApp>
