/** One document for every declared field of a schema, so that each statement is seen by a database at least once. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { fieldSpec, type TypeSpec } from '../../src/read/spec.ts'

export interface FieldDocument {
  /** `Type.field` */
  field: string
  source: string
}

type Field = GraphQLField<unknown, unknown>
/** An argument's literal, where the guess by its type would not do. */
type Sample = (argument: GraphQLArgument | GraphQLInputField, field: Field) => string | undefined
/** Wraps a selection on a type into a whole document. */
type Path = (selection: string) => string

const SAMPLES: Record<string, string> = {
  Int: '3',
  Float: '1.5',
  Boolean: 'true',
  String: '"a"',
  DateTime: '"2026-01-10T00:00:00.000Z"',
}
const NO_ID = '00000000-0000-4000-8000-000000000000'

/** `Type.field` of every field that declares how it comes from the database. */
export function declaredFields(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => declared(type).map((field) => `${type.name}.${field.name}`))
}

/** The documents, each with all that its field can be given; a type that no query leads to has none. */
export function everyFieldDocuments(schema: GraphQLSchema, sample: Sample = () => undefined): FieldDocument[] {
  return [...pathsOf(schema, sample)].flatMap(([type, path]) =>
    declared(type).map((field) => {
      const calls = [callOf(field, sample, 'required'), ...variantsOf(field, sample)]
      const selection = calls.map((call, n) => `v${n}: ${call}${below(field)}`).join(' ')
      return { field: `${type.name}.${field.name}`, source: path(selection) }
    }),
  )
}

function declared(type: GraphQLObjectType): Field[] {
  return Object.values(type.getFields()).filter((field) => fieldSpec(field))
}

/** The shortest way from a query to each type, through lists rather than by key, so that rows are there. */
function pathsOf(schema: GraphQLSchema, sample: Sample): Map<GraphQLObjectType, Path> {
  const query = schema.getQueryType() as GraphQLObjectType
  const paths = new Map<GraphQLObjectType, Path>([[query, (selection) => `{ ${selection} }`]])
  for (const [type, path] of paths) {
    const fields = Object.values(type.getFields()).sort((a, b) => rank(a) - rank(b))
    for (const field of fields) {
      const call = callOf(field, sample, 'required')
      for (const [target, wrap] of targetsOf(schema, getNamedType(field.type))) {
        if (!paths.has(target)) paths.set(target, (selection) => path(`${call} { ${wrap(selection)} }`))
      }
    }
  }
  return paths
}

function rank(field: Field): number {
  return fieldSpec(field)?.kind === 'rootConnection' ? 0 : 1
}

function targetsOf(schema: GraphQLSchema, type: GraphQLNamedType): [GraphQLObjectType, Path][] {
  if (isObjectType(type)) return [[type, (selection) => selection]]
  if (!isInterfaceType(type)) return []
  return schema.getPossibleTypes(type).map((one) => [one, (selection) => `... on ${one.name} { ${selection} }`])
}

/** The field with its arguments: the required ones, all of them, or those named. */
function callOf(field: Field, sample: Sample, which: 'required' | ((name: string) => boolean)): string {
  const args = field.args
    .filter((arg) => (which === 'required' ? isRequired(arg) : isRequired(arg) || which(arg.name)))
    .map((arg) => `${arg.name}: ${literalOf(arg, arg.type, field, sample)}`)
  return args.length === 0 ? field.name : `${field.name}(${args.join(', ')})`
}

/** Pages from both ends, every order both ways, every filter; and an ordinary field with all its arguments. */
function variantsOf(field: Field, sample: Sample): string[] {
  const kind = fieldSpec(field)?.kind
  if (kind !== 'connection' && kind !== 'rootConnection') {
    return field.args.length === 0 ? [] : [callOf(field, sample, () => true)]
  }
  const { orderBy, filter } = Object.fromEntries(field.args.map((arg) => [arg.name, getNamedType(arg.type)]))
  const orderField = isInputObjectType(orderBy) ? getNamedType(orderBy.getFields().field?.type) : undefined
  const orders = isEnumType(orderField) ? orderField.getValues().map(({ name }) => name) : []
  const filters = isInputObjectType(filter) ? Object.values(filter.getFields()) : []
  const own = field.args.filter((arg) => isRequired(arg))
  const required = own.map((arg) => `${arg.name}: ${literalOf(arg, arg.type, field, sample)}, `).join('')
  return [
    ...orders.flatMap((order) => [
      `${field.name}(${required}first: 2, orderBy: {field: ${order}})`,
      `${field.name}(${required}last: 2, orderBy: {field: ${order}, direction: DESC})`,
    ]),
    ...filters.map(
      (one) => `${field.name}(${required}first: 2, filter: {${one.name}: ${literalOf(one, one.type, field, sample)}})`,
    ),
  ]
}

function isRequired({ type, defaultValue, default: given }: GraphQLArgument | GraphQLInputField): boolean {
  return isNonNullType(type) && defaultValue === undefined && given === undefined
}

/** A value for an argument; of an input object every field is given. */
function literalOf(
  argument: GraphQLArgument | GraphQLInputField,
  type: GraphQLInputType,
  field: Field,
  sample: Sample,
): string {
  const given = sample(argument, field)
  if (given !== undefined) return given
  const bare = getNullableType(type)
  if (isListType(bare)) return `[${literalOf(argument, bare.ofType, field, sample)}]`
  if (isEnumType(bare)) return bare.getValues()[0]?.name ?? ''
  if (isInputObjectType(bare)) {
    const fields = Object.values(bare.getFields())
    return `{${fields.map((one) => `${one.name}: ${literalOf(one, one.type, field, sample)}`).join(', ')}}`
  }
  if (bare.name === 'ID') return `"${prefixOf(field)}_${NO_ID}"`
  return SAMPLES[bare.name] ?? '"a"'
}

function prefixOf(field: Field): string {
  const spec = (getNamedType(field.type) as GraphQLObjectType).extensions?.read as TypeSpec | undefined
  return spec?.idPrefix ?? 'user'
}

/** A selection below the field that reads something of everything a list has. */
function below(field: Field): string {
  const type = getNamedType(field.type)
  if (isLeafType(type)) return ''
  const names = isObjectType(type) ? Object.keys(type.getFields()) : []
  return names.includes('pageInfo')
    ? ' { edges { cursor node { __typename } } nodes { __typename } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount }'
    : ' { __typename }'
}
