import type { Plugin } from 'graphql-yoga'
import { createContext } from '../graphql/context.ts'
import type { Services } from '../services.ts'
import type { RequestContext } from './request.ts'

/** The context plugin: gives resolvers the caller, who was found before anything of the request was parsed. */
export function useCaller(services: Services): Plugin<RequestContext> {
  return {
    onContextBuilding({ context, extendContext }) {
      extendContext(createContext(services, context.caller, context))
    },
  }
}
