/** The texts in a mutation’s input, and inputs with another value in their place. */
import {
  type GraphQLInputField,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  getNamedType,
} from 'graphql'
import { schema } from '../../src/schema.ts'

export type Input = Record<string, unknown>

/** The path of every text in an input that a sample gives, with the name of its scalar. */
export function textPaths(type: GraphQLInputType, value: unknown, path: string): { path: string; scalar: string }[] {
  if (type instanceof GraphQLNonNull) return textPaths(type.ofType, value, path)
  if (type instanceof GraphQLList) {
    return (value as unknown[]).flatMap((item, index) => textPaths(type.ofType, item, `${path}.${index}`))
  }
  if (type instanceof GraphQLInputObjectType) {
    return Object.values(type.getFields())
      .filter((field) => field.name in (value as Input))
      .flatMap((field) => textPaths(field.type, (value as Input)[field.name], join(path, field)))
  }
  return type instanceof GraphQLScalarType && type.name !== 'Boolean' ? [{ path, scalar: type.name }] : []
}

function join(path: string, { name }: GraphQLInputField) {
  return path ? `${path}.${name}` : name
}

export function inputTypeOf(name: string): GraphQLInputType {
  const argument = schema
    .getMutationType()
    ?.getFields()
    [name]?.args.find((arg) => arg.name === 'input')
  if (!argument) throw new Error(name)
  return argument.type
}

/** The input with another value at a path. */
export function replaced(input: Input, path: string, value: unknown): Input {
  const copy = structuredClone(input)
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let at = copy
  for (const key of keys) at = at[key] as Input
  at[last] = value
  return copy
}

/** How graphql-js writes a path of a variable: input.roles[1].role */
export function dotted(path: string) {
  return `input.${path.replaceAll(/\.(\d+)/g, '[$1]')}`
}

/** The fields of a mutation’s input that hold text, alone or in lists. */
export function textFields(name: string): string[] {
  const type = getNamedType(inputTypeOf(name)) as GraphQLInputObjectType
  return Object.values(type.getFields())
    .filter((field) => getNamedType(field.type) instanceof GraphQLScalarType)
    .filter((field) => getNamedType(field.type).name !== 'Boolean')
    .map((field) => field.name)
}
