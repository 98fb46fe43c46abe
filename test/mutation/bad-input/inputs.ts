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
import { schema } from '../../../src/graphql/schema.ts'

export type Input = Record<string, unknown>

interface Place {
  path: string
  /** The name of its scalar. */
  scalar: string
  /** It is marked as one that is never shown. */
  isSecret: boolean
  value: unknown
}

/** Every text in an input that a sample gives. */
export function textPaths(name: string, input: Input): Place[] {
  const type = inputTypeOf(name)
  return type ? scalarPaths(type, input, '', false).filter(({ scalar }) => scalar !== 'Boolean') : []
}

function scalarPaths(type: GraphQLInputType, value: unknown, path: string, isSecret: boolean): Place[] {
  if (type instanceof GraphQLNonNull) return scalarPaths(type.ofType, value, path, isSecret)
  if (type instanceof GraphQLList) {
    return (value as unknown[]).flatMap((item, index) => scalarPaths(type.ofType, item, `${path}.${index}`, isSecret))
  }
  if (type instanceof GraphQLInputObjectType) {
    return Object.values(type.getFields())
      .filter((field) => field.name in (value as Input))
      .flatMap((field) =>
        scalarPaths(field.type, (value as Input)[field.name], join(path, field), field.extensions.isSecret === true),
      )
  }
  return type instanceof GraphQLScalarType ? [{ path, scalar: type.name, isSecret, value }] : []
}

function join(path: string, { name }: GraphQLInputField) {
  return path ? `${path}.${name}` : name
}

/** Null of a mutation that needs to be told nothing. */
export function inputTypeOf(name: string): GraphQLInputType | null {
  const argument = schema
    .getMutationType()
    ?.getFields()
    [name]?.args.find((arg) => arg.name === 'input')
  return argument?.type ?? null
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
  return scalarFields(name, (scalar) => scalar !== 'Boolean')
}

/** The fields of a mutation’s input that are true or false. */
export function booleanFields(name: string): string[] {
  return scalarFields(name, (scalar) => scalar === 'Boolean')
}

function scalarFields(name: string, isWanted: (scalar: string) => boolean): string[] {
  const type = getNamedType(inputTypeOf(name)) as GraphQLInputObjectType | undefined
  return Object.values(type?.getFields() ?? {})
    .filter((field) => getNamedType(field.type) instanceof GraphQLScalarType)
    .filter((field) => isWanted(getNamedType(field.type).name))
    .map((field) => field.name)
}
