/** The fields that `--fields` asks for: what is selected for them, and what of an answer is shown. */
import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
} from 'graphql'
import { isObject, type Json } from './cells.ts'
import type { CommandSpec } from './commands.ts'
import { UsageError } from './values.ts'

/** Returns the type whose fields a command shows: of an item of its list, of its object, or of what its change answers. */
export function shownType({ field, isPaged }: CommandSpec): GraphQLObjectType | null {
  const type = getNamedType(field.type)
  if (isUnionType(type)) return type.getTypes().find(({ name }) => name.endsWith('Payload')) ?? null
  if (!isObjectType(type)) return null
  return isPaged ? nodeOf(type) : type
}

function nodeOf(connection: GraphQLObjectType): GraphQLObjectType | null {
  const node = getNamedType(connection.getFields().nodes?.type)
  return isObjectType(node) ? node : null
}

/** Reads the value of `--fields`: names of fields in any case, and with dots what is in them. @throws UsageError */
export function readFields(spec: CommandSpec, text: string): string[] {
  const type = shownType(spec)
  if (!type) throw new UsageError(`--fields: ${spec.name} has no fields to choose from.`)
  return text.split(',').map((path) => resolve(type, path.trim().split('.')).join('.'))
}

function resolve(type: GraphQLObjectType, [name = '', ...rest]: string[]): string[] {
  const fields = Object.values(type.getFields()).filter((field) => !field.args.some(isRequiredArgument))
  const found = fields.find((field) => field.name.toLowerCase() === name.toLowerCase())
  if (!found) {
    const names = fields.map((field) => field.name).filter((known) => !known.startsWith('viewerCan'))
    throw new UsageError(`--fields knows no "${name}" of ${type.name}, but ${names.join(', ')}.`)
  }
  if (rest.length === 0) return [found.name]
  const inner = innerOf(found)
  if (!inner) throw new UsageError(`--fields: there is nothing in "${found.name}".`)
  return [found.name, ...resolve(inner, rest)]
}

/** Returns the type that a path goes on in, of each item of a list. */
function innerOf(field: GraphQLField<unknown, unknown>): GraphQLObjectType | null {
  const type = getNamedType(field.type)
  if (!isObjectType(type)) return null
  return isConnection(type) ? nodeOf(type) : type
}

function isConnection({ name }: GraphQLObjectType): boolean {
  return name.endsWith('Connection')
}

/** Writes the selection of these paths; `whole` selects a field of which nothing more is said. */
export function selectPaths(
  type: GraphQLObjectType,
  paths: string[],
  whole: (field: GraphQLField<unknown, unknown>) => string[],
): string {
  const parts = new Map<string, string[]>()
  for (const path of paths) {
    const [name = '', ...rest] = path.split('.')
    parts.set(name, [...(parts.get(name) ?? []), ...(rest.length > 0 ? [rest.join('.')] : [])])
  }
  return [...parts].flatMap(([name, below]) => selectPart(type, name, below, whole)).join(' ')
}

function selectPart(
  type: GraphQLObjectType,
  name: string,
  below: string[],
  whole: (field: GraphQLField<unknown, unknown>) => string[],
): string[] {
  const field = type.getFields()[name]
  if (!field) return []
  const named = getNamedType(field.type)
  if (isLeafType(named)) return [name]
  if (isAbstractType(named)) return [`${name} { __typename }`]
  const inner = innerOf(field)
  if (below.length === 0 || !inner || !isObjectType(named)) return whole(field)
  const selected = selectPaths(inner, below, whole)
  return [isConnection(named) ? `${name} { nodes { ${selected} } }` : `${name} { ${selected} }`]
}

/** Returns the values at these paths, by path. */
export function pick(row: Json, paths: string[]): Json {
  return Object.fromEntries(paths.map((path) => [path, valueAt(row, path.split('.'))]))
}

function valueAt(value: unknown, [name, ...rest]: string[]): unknown {
  if (name === undefined || value === null || value === undefined) return value ?? null
  if (Array.isArray(value)) return value.map((item) => valueAt(item, [name, ...rest]))
  if (!isObject(value)) return null
  return Array.isArray(value.nodes) ? valueAt(value.nodes, [name, ...rest]) : valueAt(value[name], rest)
}
