import type { FieldNode, GraphQLField, GraphQLSchema } from 'graphql'
import { Kind } from 'graphql'
import type { Context } from './context.ts'

/** A field that is selected below a root field. */
interface Selected {
  responseName: string
  name: string
}

/**
 * Answers a root field by JSON, without the executor; null where the executor has to answer. Whatever it throws is answered by
 * the executor too. Its field is for every caller who has signed in.
 */
export type FinalResolver = (asked: {
  ctx: Context
  schema: GraphQLSchema
  args: Record<string, unknown>
  fields: Selected[]
}) => Promise<string | null>

/** Returns the final resolver of a field; undefined where it has none. */
export function finalResolverOf(field: GraphQLField<unknown, unknown>): FinalResolver | undefined {
  return field.extensions.answersFinally as FinalResolver | undefined
}

/** The fields that are selected below a field; null where they are not all plain: fragments, directives, or one name twice. */
export function plainSelection({ selectionSet }: FieldNode): Selected[] | null {
  const selected = new Map<string, Selected>()
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind !== Kind.FIELD || selection.directives?.length || selection.arguments?.length) return null
    const name = selection.name.value
    const responseName = selection.alias?.value ?? name
    if (selected.has(responseName)) return null
    selected.set(responseName, { responseName, name })
  }
  return [...selected.values()]
}
