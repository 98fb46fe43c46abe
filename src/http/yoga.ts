import { createYoga } from 'graphql-yoga'
import { createId } from '../db/id.ts'
import type { Context } from '../graphql/context.ts'
import { schema } from '../graphql/schema.ts'
import type { Services } from '../services.ts'
import { useDocuments } from './documents.ts'
import { GRAPHQL_PATH } from './gate.ts'
import { publicError, useErrors } from './masking.ts'
import type { RequestContext } from './request.ts'
import { useCaller } from './use-caller.ts'

/** Creates the API as a Yoga instance, which does not listen. */
export function createApp(services: Services) {
  return createYoga<RequestContext, Context>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
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

export type App = ReturnType<typeof createApp>
