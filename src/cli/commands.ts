/** The commands, derived from the schema: one per root field, with flags from its arguments and help from descriptions. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

/** One value a command takes: a flag, or its first word. */
export interface Parameter {
  /** The name in the schema, like `displayName`. */
  name: string
  /** The flag without dashes, like `display-name`. */
  flag: string
  type: GraphQLInputType
  description: string
  isRequired: boolean
  /** It never stands on the command line. */
  isSecret: boolean
}

export interface CommandSpec {
  /** Like `create-user`. */
  name: string
  operation: 'query' | 'mutation'
  field: GraphQLField<unknown, unknown>
  description: string
  /** The first required value: given as a word, without a flag. */
  positional: Parameter | null
  parameters: Parameter[]
  /** The values stand in the argument `input`. */
  hasInput: boolean
}

/** All commands of a schema, queries first. */
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

/** The type without its lists and non-nulls. */
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
