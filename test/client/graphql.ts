import { initGraphQLTada } from 'gql.tada'
import type { introspection } from './introspection.d.ts'

/** Makes typed documents: what one asks for and what it answers with come from schema.graphql. */
export const graphql = initGraphQLTada<{
  introspection: introspection
  scalars: { DateTime: string; Duration: string; EmailAddress: string }
}>()
