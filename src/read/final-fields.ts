/** The queries that the JSON of the database may answer: of which root fields they are. */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import type { RootField } from './plan.ts'
import type { FinalQuery } from './run.ts'
import { fieldSpec } from './spec.ts'

type Fields = FinalQuery['fields']

/** The root fields of an operation; null where they are more than plain fields of the read path, so that the executor has to answer. */
export function finalFields(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): Fields | null {
  const parentType = schema.getQueryType()
  if (operation !== OperationTypeNode.QUERY || !parentType) return null
  const fragments = Object.fromEntries(
    definitions.filter(isFragment).map((fragment) => [fragment.name.value, fragment]),
  )
  const fields = new Map<string, RootField>()
  for (const selection of selectionSet.selections) {
    if (selection.kind !== Kind.FIELD || selection.directives?.length) return null
    const fieldName = selection.name.value
    const responseName = selection.alias?.value ?? fieldName
    const field = parentType.getFields()[fieldName]
    if (!field || !fieldSpec(field) || fields.has(responseName)) return null
    fields.set(responseName, { schema, fragments, parentType, fieldName, fieldNodes: [selection] })
  }
  return [...fields].map(([responseName, root]) => ({ responseName, root }))
}

function isFragment(definition: { kind: string }): definition is FragmentDefinitionNode {
  return definition.kind === Kind.FRAGMENT_DEFINITION
}
