/** The limits on what a document may ask for; they are checked before it is validated. */
import { type DocumentNode, type FragmentDefinitionNode, type GraphQLError, Kind, type SelectionSetNode } from 'graphql'
import { tooComplex } from '../read/errors.ts'

const MAX_DEPTH = 12
/** The introspection query of GraphiQL and of code generators is deeper. */
const MAX_INTROSPECTION_DEPTH = 16
const MAX_ALIASES = 30
const MAX_ROOT_FIELDS = 30
const MAX_FIELDS = 1500
const MAX_DIRECTIVES = 30

/** The number of tokens at which the parser stops: deep nesting would exhaust its stack, long documents its memory. */
export const MAX_TOKENS = 2000

interface Cost {
  depth: number
  fields: number
  aliases: number
  directives: number
}

type Fragments = Map<string, FragmentDefinitionNode>

/** Returns why a document is too complex; null where it is not. */
export function complexityError(document: DocumentNode): GraphQLError | null {
  const fragments: Fragments = new Map()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const known = new Map<string, Cost>()
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    const cost = costOf(definition.selectionSet, fragments, known)
    const roots = rootFields(definition.selectionSet, fragments, new Set())
    const problem = problemOf(cost, roots, definition.operation === 'mutation')
    if (problem) return tooComplex(problem)
  }
  return null
}

function problemOf(cost: Cost, roots: string[], isMutation: boolean): string | null {
  const maxDepth = roots.some(isIntrospection) ? MAX_INTROSPECTION_DEPTH : MAX_DEPTH
  const changes = roots.filter((name) => !name.startsWith('__'))
  if (isMutation && changes.length > 1) {
    return `A mutation operation has one root field, not ${changes.length}: send one request for each.`
  }
  if (cost.depth > maxDepth) return `The document nests ${cost.depth} levels deep; at most ${maxDepth} are answered.`
  if (roots.length > MAX_ROOT_FIELDS)
    return `The document has ${roots.length} root fields; at most ${MAX_ROOT_FIELDS} are answered.`
  if (cost.aliases > MAX_ALIASES)
    return `The document has ${cost.aliases} aliases; at most ${MAX_ALIASES} are answered.`
  if (cost.fields > MAX_FIELDS) return `The document selects ${cost.fields} fields; at most ${MAX_FIELDS} are answered.`
  if (cost.directives > MAX_DIRECTIVES) {
    return `The document has ${cost.directives} directives; at most ${MAX_DIRECTIVES} are answered.`
  }
  return null
}

function isIntrospection(name: string) {
  return name === '__schema' || name === '__type'
}

/** Whether any operation of the document asks for the schema itself. */
export function asksForSchema(document: DocumentNode): boolean {
  const fragments: Fragments = new Map()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  return document.definitions.some(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      rootFields(definition.selectionSet, fragments, new Set()).some(isIntrospection),
  )
}

/** The expanded size of a selection set; each fragment is counted once and remembered, so fragments that double each other are cheap to count. */
function costOf(set: SelectionSetNode, fragments: Fragments, known: Map<string, Cost>): Cost {
  const total: Cost = { depth: 0, fields: 0, aliases: 0, directives: 0 }
  for (const selection of set.selections) {
    total.directives += selection.directives?.length ?? 0
    if (selection.kind === Kind.FIELD) {
      const below = selection.selectionSet ? costOf(selection.selectionSet, fragments, known) : NOTHING
      add(total, { ...below, depth: below.depth + 1, fields: below.fields + 1 })
      if (selection.alias) total.aliases += 1
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      add(total, costOf(selection.selectionSet, fragments, known))
    } else {
      add(total, fragmentCost(selection.name.value, fragments, known))
    }
  }
  return total
}

const NOTHING: Cost = { depth: 0, fields: 0, aliases: 0, directives: 0 }

/** The size of a fragment; a fragment within itself counts as zero here, because validation refuses it. */
function fragmentCost(name: string, fragments: Fragments, known: Map<string, Cost>): Cost {
  const found = known.get(name)
  if (found) return found
  known.set(name, NOTHING)
  const fragment = fragments.get(name)
  const cost = fragment ? costOf(fragment.selectionSet, fragments, known) : NOTHING
  known.set(name, cost)
  return cost
}

function add(total: Cost, cost: Cost) {
  total.depth = Math.max(total.depth, cost.depth)
  total.fields += cost.fields
  total.aliases += cost.aliases
  total.directives += cost.directives
}

function rootFields(set: SelectionSetNode, fragments: Fragments, visited: Set<string>): string[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection.name.value]
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFields(selection.selectionSet, fragments, visited)
    const name = selection.name.value
    if (visited.has(name)) return []
    visited.add(name)
    const fragment = fragments.get(name)
    return fragment ? rootFields(fragment.selectionSet, fragments, visited) : []
  })
}
