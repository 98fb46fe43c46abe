/** The shortest valid document that calls a root field, for tests of what is decided before its arguments are looked at. */
import {
  type GraphQLInputType,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'
import { schema } from '../../src/graphql/schema.ts'

/** A document with a value for each argument that is required, and nothing else. */
export function minimalCall(name: string): string {
  const query = schema.getQueryType()?.getFields()[name]
  const field = query ?? schema.getMutationType()?.getFields()[name]
  if (!field) throw new Error(`There is no root field ${name}.`)
  const required = field.args.filter(({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined)
  const args = required.map((arg) => `${arg.name}: ${literalFor(arg.type)}`).join(', ')
  const selection = isCompositeType(getNamedType(field.type)) ? '{ __typename }' : ''
  return `${query ? 'query' : 'mutation'} { ${name}${args ? `(${args})` : ''} ${selection} }`
}

function literalFor(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literalFor(type.ofType)
  if (isListType(type)) return `[${literalFor(type.ofType)}]`
  if (isEnumType(type)) return type.getValues()[0]?.name ?? ''
  if (!isInputObjectType(type)) return SCALARS[type.name] ?? '"x"'
  const fields = Object.values(type.getFields())
  const needed = fields.filter((field) => isNonNullType(field.type) && field.defaultValue === undefined)
  const given = type.isOneOf ? fields.slice(0, 1) : needed
  return `{ ${given.map((field) => `${field.name}: ${literalFor(field.type)}`).join(', ')} }`
}

const SCALARS: Record<string, string> = { Boolean: 'true', Int: '1', DateTime: '"2026-01-01T00:00:00Z"' }
