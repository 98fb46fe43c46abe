/** Every list of the schema, and documents that ask all of it: new ones are here by themselves. */
import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { schema } from '../../../src/graphql/schema.ts'

type Field = GraphQLField<unknown, unknown>

/** A list: at the root, or of a type of nodes. */
export interface List {
  name: string
  type: string | null
  field: Field
}

const isConnection = ({ type }: Field) => getNamedType(type).name.endsWith('Connection')

function nodeTypes(): GraphQLObjectType[] {
  const node = schema.getType('Node')
  if (!isInterfaceType(node)) throw new Error('There is no Node.')
  return schema.getPossibleTypes(node).filter(isObjectType)
}

function listsOf(type: GraphQLObjectType | null | undefined, isRoot: boolean): List[] {
  const fields = Object.values(type?.getFields() ?? {}).filter(isConnection)
  return fields.map((field) => ({
    name: `${type?.name}.${field.name}`,
    type: isRoot ? null : (type?.name ?? ''),
    field,
  }))
}

export const rootLists = listsOf(schema.getQueryType(), true)
export const nestedLists = nodeTypes().flatMap((type) => listsOf(type, false))

/** What a list can be ordered by. */
function ordersOf({ args }: Field): string[] {
  const input = getNamedType(args.find(({ name }) => name === 'orderBy')?.type)
  const field = isInputObjectType(input) ? getNamedType(input.getFields().field?.type) : null
  return isEnumType(field) ? field.getValues().map(({ name }) => name) : []
}

const PAGE = `totalCount nodes { __typename } edges { cursor }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`

/** A document with these fields of a list, each with its arguments, which may use these variables. */
export function documentOf({ type, field }: List, asked: string[], selection = PAGE, variables = ''): string {
  // Of what must be given there is only the time from which changes are told.
  const required = field.args.some(({ name }) => name === 'from') ? 'from: "2020-01-01T00:00:00Z", ' : ''
  const fields = asked.map((args, n) => `a${n}: ${field.name}(${required}${args}) { ${selection} }`).join(' ')
  const given = variables === '' ? '' : `(${variables})`
  if (type === null) return `query ${given} { ${fields} }`
  return `query ($id: ID! ${variables}) { node(id: $id) { ... on ${type} { ${fields} } } }`
}

/** The first item, the last and all, in every order. */
export function everyPage({ field }: List): string[] {
  const orders = ordersOf(field).flatMap((name) => [`{ field: ${name} }`, `{ field: ${name}, direction: DESC }`])
  const pages = ['first: 1', 'last: 1', 'first: 100']
  return orders.length === 0 ? pages : orders.flatMap((order) => pages.map((page) => `orderBy: ${order}, ${page}`))
}

/** Keys of filters with their types, like `name: NameFilter`. */
export function filtersOf({ field }: List): { key: string; type: string }[] {
  const input = getNamedType(field.args.find(({ name }) => name === 'filter')?.type)
  const fields = isInputObjectType(input) ? Object.values(input.getFields()) : []
  return fields.map(({ name, type }) => ({ key: name, type: getNamedType(type).name }))
}

/** Everything of a list's edges, and of what they lead to, without the lists below. */
export function everyField({ field }: List): string {
  const connection = getNamedType(field.type) as GraphQLObjectType
  const edge = getNamedType(connection.getFields().edges?.type) as GraphQLObjectType
  return `totalCount edges { ${selectionOf(edge, 2)} }`
}

function selectionOf(type: GraphQLObjectType, depth: number): string {
  const parts = Object.values(type.getFields()).map((field) => {
    if (field.args.some((arg) => isNonNullType(arg.type))) return ''
    const named = getNamedType(field.type)
    if (isLeafType(named)) return field.name
    if (!isObjectType(named) || depth === 0) return ''
    return isConnection(field) ? `${field.name} { totalCount }` : `${field.name} { ${selectionOf(named, depth - 1)} }`
  })
  return `__typename ${parts.join(' ')}`
}
