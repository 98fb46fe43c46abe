/** Derives the commands from the schema: one per root field, with flags from its arguments and help from descriptions. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

/** One value that a command takes: a flag, or its positional argument. */
export interface Parameter {
  /** The name in the schema is camel case, like `displayName`. */
  name: string
  /** The flag is written without its leading dashes, like `display-name`. */
  flag: string
  type: GraphQLInputType
  description: string
  isRequired: boolean
  /** True for a secret, which is never written on the command line. */
  isSecret: boolean
}

export interface CommandSpec {
  /** The name of the command, like `create-user`. */
  name: string
  operation: 'query' | 'mutation'
  field: GraphQLField<unknown, unknown>
  description: string
  /** The first required value, which is given without a flag; null where there is none. */
  positional: Parameter | null
  parameters: Parameter[]
  /** True where the values are fields of the argument `input`. */
  hasInput: boolean
  /** True where the answer is a list that comes in pages. */
  isPaged: boolean
}

/** The parameters that choose the page of a list. */
export const PAGE_PARAMETERS = ['first', 'last', 'after', 'before']

/** Derives all commands of a schema, queries first. */
export function deriveCommands(schema: GraphQLSchema): CommandSpec[] {
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {})
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})
  return [
    ...queries.map((field) => deriveCommand(field, 'query')),
    ...mutations.map((field) => deriveCommand(field, 'mutation')),
  ]
}

function deriveCommand(field: GraphQLField<unknown, unknown>, operation: CommandSpec['operation']): CommandSpec {
  const input = field.args.find((argument) => argument.name === 'input')
  const given = input
    ? inputFields(input)
    : field.args.map((argument) => parameter(argument, isRequiredArgument(argument)))
  const others = field.args.filter((argument) => input && argument !== input)
  const positional =
    given.find(({ isRequired, isSecret, type }) => isRequired && !isSecret && !isInputObjectType(namedOf(type))) ?? null
  return {
    name: kebab(field.name),
    operation,
    field,
    description: field.description ?? '',
    positional,
    parameters: [...given.filter((one) => one !== positional), ...others.map((argument) => parameter(argument, false))],
    hasInput: input !== undefined,
    isPaged: getNamedType(field.type).name.endsWith('Connection'),
  }
}

function inputFields(input: GraphQLArgument): Parameter[] {
  const type = namedOf(input.type)
  if (!isInputObjectType(type)) return []
  return Object.values(type.getFields()).map((field) => parameter(field, isRequiredInputField(field)))
}

function parameter(source: GraphQLArgument | GraphQLInputField, isRequired: boolean): Parameter {
  const { name, type, description } = source
  const isSecret = source.extensions.isSecret === true
  return { name, flag: kebab(name), type, description: description ?? '', isRequired, isSecret }
}

/** Returns the type without its list and non-null wrappers. */
export function namedOf(type: GraphQLInputType): GraphQLInputType {
  return isNonNullType(type) || isListType(type) ? namedOf(type.ofType) : type
}

export function isList(type: GraphQLInputType): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type)
}

/** `createApiKey` → `create-api-key` */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
