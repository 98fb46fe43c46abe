/**
 * A bad page argument anywhere under a statement's field makes that field fail, whether or not a row is there for it:
 * this walks the selection and finds them.
 */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  isObjectType,
  Kind,
  type SelectionNode,
} from 'graphql'
import { type ListName, type Ordering, orderings, pageProblems } from './oracle-lists.ts'

type Info = GraphQLResolveInfo
type Field = GraphQLField<unknown, unknown>

/** Ordinary resolvers run statements of their own; what is below them fails there. */
const OWN_STATEMENT = new Set(['loadedReviewer', 'loadedTeam'])

/** The problems of a field's own arguments and of all that is selected below it. */
export function findProblems(field: Field, nodes: readonly FieldNode[], info: Info): string[] {
  const type = getNamedType(field.type)
  if (!isObjectType(type)) return []
  const own = type.name.endsWith('Connection') ? connectionProblems(field, type, nodes, info) : []
  return [...own, ...problemsBelow(type, nodes, info)]
}

export function problemsBelow(type: GraphQLObjectType, nodes: readonly FieldNode[], info: Info): string[] {
  return [...collect(type, nodes, info).values()].flatMap((below) => {
    const name = below[0]?.name.value ?? ''
    const field = type.getFields()[name]
    return field && !OWN_STATEMENT.has(name) ? findProblems(field, below, info) : []
  })
}

function connectionProblems(field: Field, type: GraphQLObjectType, nodes: readonly FieldNode[], info: Info): string[] {
  const ordering = orderings[type.name.replace('Connection', '') as ListName] as Ordering<unknown>
  const args = getArgumentValues(field, nodes[0] as FieldNode, info.variableValues)
  const backward = typeof args.last === 'number'
  const usesPage = [...collect(type, nodes, info).values()].some((part) => {
    const name = part[0]?.name.value ?? ''
    if (name !== 'pageInfo') return name === 'edges' || name === 'nodes'
    const pageInfo = getNamedType(type.getFields().pageInfo?.type) as GraphQLObjectType
    return [...collect(pageInfo, part, info).values()].some(([node]) =>
      ['startCursor', 'endCursor', backward ? 'hasPreviousPage' : 'hasNextPage'].includes(node?.name.value ?? ''),
    )
  })
  return pageProblems(ordering, args, usesPage)
}

function collect(type: GraphQLObjectType, nodes: readonly FieldNode[], info: Info) {
  const fields = new Map<string, FieldNode[]>()
  const visit = (selection: SelectionNode) => {
    if (getDirectiveValues(GraphQLSkipDirective, selection, info.variableValues)?.if === true) return
    if (getDirectiveValues(GraphQLIncludeDirective, selection, info.variableValues)?.if === false) return
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value
      fields.set(key, [...(fields.get(key) ?? []), selection])
      return
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragmentOf(selection.name.value, info) : selection
    const condition = fragment.typeCondition?.name.value ?? type.name
    if (condition !== type.name && !type.getInterfaces().some(({ name }) => name === condition)) return
    fragment.selectionSet.selections.forEach(visit)
  }
  for (const node of nodes) node.selectionSet?.selections.forEach(visit)
  return fields
}

function fragmentOf(name: string, info: Info): FragmentDefinitionNode {
  const fragment = info.fragments[name] as FragmentDefinitionNode | { definition: FragmentDefinitionNode }
  return 'definition' in fragment ? fragment.definition : fragment
}
