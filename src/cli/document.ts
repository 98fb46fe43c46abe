/** Writes the document that a command sends: it selects everything that can be shown of the answer, and always the error. */
import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLUnionType,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
} from 'graphql'
import type { CommandSpec } from './commands.ts'
import { selectPaths, shownType } from './fields.ts'

/** The fields that are selected on each type of error, in addition to its code and message. */
const ERROR_FIELDS: Record<string, string> = {
  InvalidInputError: 'issues { path message }',
  NotFoundError: 'path',
  MissingAuthorityError: 'missing { allOf { text } }',
}

/** The fields by which people identify an object; the first that exists is used. */
const LABELS = ['username', 'code', 'name', 'label', 'text']

/** Returns the document for the arguments given; the other arguments keep their defaults. It selects these fields, if any. */
export function documentOf(spec: CommandSpec, given: object, fields: string[] | null = null): string {
  const { operation, field } = spec
  const isDry = 'dryRun' in given && given.dryRun === true
  const selection = fields ? selectionOfFields(spec, fields) : selectionOf(field.type, 2, isDry)
  return documentFor(operation, field, given, selection)
}

function selectionOfFields(spec: CommandSpec, fields: string[]): string {
  const named = getNamedType(spec.field.type)
  const type = shownType(spec)
  const selected = type ? selectPaths(type, fields, (field) => fieldSelection(field, 2)) : ''
  if (isUnionType(named)) return resultSelection(named, () => selected)
  return spec.isPaged ? `{ nodes { ${selected} } ${PAGE_INFO} }` : `{ ${selected} }`
}

const PAGE_INFO = 'pageInfo { hasNextPage hasPreviousPage endCursor }'

/** Returns the names of the fields that are shown of each item of a list. */
export function columnsOf(spec: CommandSpec): string[] {
  const type = shownType(spec)
  return type ? fieldsOf(type, 1).map((selected) => selected.split(' ')[0] ?? '') : []
}

/** Returns the document that counts a list that comes in pages. */
export function countDocumentOf({ operation, field }: CommandSpec, given: object): string {
  return documentFor(operation, field, given, '{ totalCount isTotalCountExact }')
}

function documentFor(
  operation: CommandSpec['operation'],
  field: CommandSpec['field'],
  given: object,
  selection: string,
): string {
  const used = field.args.filter(({ name }) => name in given)
  const variables = used.map(({ name, type }) => `$${name}: ${type}`).join(', ')
  const args = used.map(({ name }) => `${name}: $${name}`).join(', ')
  const head = variables === '' ? '' : ` (${variables})`
  const call = args === '' ? field.name : `${field.name}(${args})`
  return `${operation}${head} { ${call} ${selection} }`
}

/** Returns the selection on a type, `depth` objects deep. */
function selectionOf(type: GraphQLOutputType, depth: number, isDry = false): string {
  const named = getNamedType(type)
  if (isLeafType(named)) return ''
  if (isUnionType(named)) return resultSelection(named, (type) => payloadFields(type, depth, isDry))
  if (isInterfaceType(named)) return '{ __typename id }'
  if (!isObjectType(named)) return ''
  if (isConnection(named)) return connectionSelection(named, depth)
  return `{ ${fieldsOf(named, depth).join(' ')} }`
}

function resultSelection(union: GraphQLUnionType, selectPayload: (type: GraphQLObjectType) => string): string {
  const members = union.getTypes().map((type) => {
    const fields = type.name.endsWith('Payload') ? selectPayload(type) : (ERROR_FIELDS[type.name] ?? 'code')
    return `... on ${type.name} { ${fields} }`
  })
  return `{ __typename ${members.join(' ')} ... on MutationError { code message } }`
}

/** The field that only a dry run fills: it is null otherwise. */
const DIFF = 'accessDiff'

function payloadFields(type: GraphQLObjectType, depth: number, isDry: boolean): string {
  const { [DIFF]: diff, ...others } = type.getFields()
  const fields = Object.values(others).flatMap((field) => fieldSelection(field, depth))
  return [...fields, ...(diff && isDry ? [`${DIFF} ${selectionOf(diff.type, 2)}`] : [])].join(' ')
}

function fieldsOf(type: GraphQLObjectType, depth: number): string[] {
  return shownFields(type).flatMap((field) => fieldSelection(field, depth))
}

/**
 * Leaves out `viewerCan…`, which is for the buttons of a frontend, and what only a manager of the user may read: it would
 * put an error into the answer of every other caller.
 */
function shownFields(type: GraphQLObjectType): GraphQLField<unknown, unknown>[] {
  return Object.values(type.getFields()).filter((field) => !field.name.startsWith('viewerCan') && !isForManagers(field))
}

function isForManagers({ extensions }: GraphQLField<unknown, unknown>): boolean {
  const read: { guard?: string } = extensions.read ?? {}
  return read.guard === 'manager'
}

function fieldSelection(field: GraphQLField<unknown, unknown>, depth: number): string[] {
  if (field.args.some(isRequiredArgument)) return []
  const type = getNamedType(field.type)
  if (isLeafType(type)) return [field.name]
  if (isAbstractType(type) || !isObjectType(type)) return []
  if (depth > 1) return [`${field.name} ${selectionOf(type, depth - 1)}`]
  const label = labelOf(type)
  return label ? [`${field.name} { ${label} }`] : []
}

function isConnection(type: GraphQLObjectType) {
  return type.name.endsWith('Connection')
}

function connectionSelection(type: GraphQLObjectType, depth: number): string {
  const node = getNamedType(type.getFields().nodes?.type)
  if (!isObjectType(node)) return ''
  if (depth < 2)
    return `{ edges { ${edgeFields(type).join(' ')} node { ${nodeFields(node).join(' ')} } } pageInfo { hasNextPage } }`
  return `{ nodes { ${fieldsOf(node, 1).join(' ')} } ${PAGE_INFO} }`
}

/** Selects the fields of the relation itself: the scope in which a role is held, and since when. */
function edgeFields(type: GraphQLObjectType): string[] {
  const edge = getNamedType(type.getFields().edges?.type)
  if (!isObjectType(edge)) return []
  const own = Object.values(edge.getFields()).filter(({ name }) => name !== 'cursor' && name !== 'node')
  return own.flatMap((field) => fieldSelection(field, 1))
}

/** What is held is told by what it is held on, such as the model of a level. */
function nodeFields(type: GraphQLObjectType): string[] {
  return type.getInterfaces().some(({ name }) => name === 'Holding') ? fieldsOf(type, 1) : leafFields(type)
}

function leafFields(type: GraphQLObjectType): string[] {
  return shownFields(type)
    .filter((field) => isLeafType(getNamedType(field.type)))
    .map((field) => field.name)
}

function labelOf(type: GraphQLObjectType): string | undefined {
  return LABELS.find((name) => name in type.getFields())
}
