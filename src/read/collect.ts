import {
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  isAbstractType,
  Kind,
  type SelectionSetNode,
} from 'graphql'
import { type Compilation, createCompilation, type Env } from './compilation.ts'

/** The function CollectFields of the GraphQL specification: the fields that are selected on a type, by response name, in order. */
export function collectFields(c: Compilation, type: GraphQLObjectType, sets: readonly SelectionSetNode[]) {
  const fields = new Map<string, FieldNode[]>()
  const visited = new Set<string>()
  for (const set of sets) collectInto(c, type, set, fields, visited)
  return fields
}

/** Returns the selection sets below several nodes of one response name. */
export function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap((node) => node.selectionSet ?? [])
}

function collectInto(
  c: Compilation,
  type: GraphQLObjectType,
  set: SelectionSetNode,
  fields: Map<string, FieldNode[]>,
  visited: Set<string>,
) {
  for (const selection of set.selections) {
    if (!isIncluded(c, selection.directives ?? [])) continue
    if (selection.kind === Kind.FIELD) {
      const name = selection.alias?.value ?? selection.name.value
      const nodes = fields.get(name)
      if (nodes) nodes.push(selection)
      else fields.set(name, [selection])
      continue
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : spread(c, selection.name.value, visited)
    if (fragment && applies(c, type, fragment.typeCondition?.name.value)) {
      collectInto(c, type, fragment.selectionSet, fields, visited)
    }
  }
}

function spread(c: Compilation, name: string, visited: Set<string>): FragmentDefinitionNode | undefined {
  if (visited.has(name)) return undefined
  visited.add(name)
  const fragment = c.info.fragments[name] as FragmentDefinitionNode | { definition: FragmentDefinitionNode } | undefined
  return fragment && 'definition' in fragment ? fragment.definition : fragment
}

function applies(c: Compilation, type: GraphQLObjectType, condition: string | undefined) {
  if (!condition || condition === type.name) return true
  const conditionType = c.info.schema.getType(condition)
  return isAbstractType(conditionType) && c.info.schema.isSubType(conditionType, type)
}

function isIncluded(c: Compilation, directives: readonly DirectiveNode[]) {
  return directives.every((directive) => {
    const name = directive.name.value
    if (name !== 'include' && name !== 'skip') return true
    const value = directive.arguments?.find((argument) => argument.name.value === 'if')?.value
    return readCondition(c, value) === (name === 'include')
  })
}

function readCondition(c: Compilation, value: unknown): boolean {
  const node = value as { kind: Kind; value: boolean; name: { value: string } }
  if (node.kind !== Kind.VARIABLE) return node.value
  const name = node.name.value
  return c.peek(`if ${name}`, (env) => env.variables.coerced[name] === true)
}

/** Returns the fields of a type that the selection of the current field contains, by response name; for ordinary resolvers. */
export function selectedFields(type: GraphQLObjectType, info: GraphQLResolveInfo): Map<string, FieldNode[]> {
  const env: Env = { variables: info.variableValues, caller: null, keys: [], memo: new Map() }
  return collectFields(createCompilation(info, env), type, selectionsOf(info.fieldNodes))
}
