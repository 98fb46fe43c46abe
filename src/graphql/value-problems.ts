/**
 * Says what is wrong with a value, and where, without the value: it may be a secret in the wrong place. The sentences are
 * built from the schema, and the messages of GraphQL, which quote the value, only select among them.
 */
import {
  type GraphQLError,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  type ValueNode,
  validateInputLiteral,
  validateInputValue,
  valueFromASTUntyped,
} from 'graphql'

/** One problem of a value: its position, like `.roles[0].role`, which has only names of the schema, and a sentence. */
export interface ValueProblem {
  at: string
  message: string
}

type Path = readonly (string | number)[]

/** Bounds the answer, and the work for it. */
const MAX_PROBLEMS = 20
/** The name of an unknown field is shown only if it looks like a name, because a longer text may be a token. */
const SHOWN_NAME = /^[A-Za-z_]\w{0,39}$/

/** Returns the problems of the value of a variable. */
export function problemsOfValue(value: unknown, type: GraphQLInputType, hideSuggestions: boolean): ValueProblem[] {
  return collect(value, type, hideSuggestions, (onError) => validateInputValue(value, type, onError, hideSuggestions))
}

/** Returns the problems of a value in a document. */
export function problemsOfLiteral(node: ValueNode, type: GraphQLInputType, hideSuggestions: boolean): ValueProblem[] {
  const value = valueFromASTUntyped(node)
  return collect(value, type, hideSuggestions, (onError) =>
    validateInputLiteral(node, type, onError, undefined, undefined, hideSuggestions),
  )
}

/** Ends a validation that has found enough. */
class EnoughError extends Error {}

function collect(
  value: unknown,
  type: GraphQLInputType,
  hideSuggestions: boolean,
  validate: (onError: (error: GraphQLError, path: Path) => void) => void,
): ValueProblem[] {
  const problems: ValueProblem[] = []
  try {
    validate((error, path) => {
      const [there, given] = [typeAt(type, path), valueAt(value, path)]
      const named = getNamedType(there)
      const form = hideSuggestions && isEnumType(named) ? '' : ` ${formOf(named)}`
      const wrong = isInputObjectType(named)
        ? problemOfObject(named, given, error.message)
        : `Expected value of type "${named}".${form}`
      problems.push({ at: printPath(path), message: missingValue(there, given) ?? wrong })
      if (problems.length === MAX_PROBLEMS) throw new EnoughError()
    })
  } catch (error) {
    if (!(error instanceof EnoughError)) throw error
  }
  return problems
}

function printPath(path: Path): string {
  return path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')
}

function typeAt(type: GraphQLInputType, path: Path): GraphQLInputType {
  return path.reduce<GraphQLInputType>((outer, key) => {
    const nullable = isNonNullType(outer) ? outer.ofType : outer
    if (typeof key === 'number') return isListType(nullable) ? nullable.ofType : nullable
    const object = getNamedType(nullable)
    return (isInputObjectType(object) ? object.getFields()[key]?.type : undefined) ?? outer
  }, type)
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((outer, key) => (isObject(outer) ? outer[key] : undefined), value)
}

function isObject(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}

function missingValue(type: GraphQLInputType, value: unknown): string | null {
  if (!isNonNullType(type)) return null
  if (value === undefined) return `Expected a value of non-null type "${type}" to be provided.`
  return value === null ? `Expected value of non-null type "${type}" not to be null.` : null
}

/** Selects the sentence that a message of GraphQL begins with. */
function problemOfObject(named: GraphQLInputObjectType, value: unknown, message: string): string {
  if (!isObject(value) || Array.isArray(value)) return `Expected value of type "${named}" to be an object.`
  const fields = named.getFields()
  const names = Object.keys(fields)
  const missing = Object.values(fields).filter(isRequiredInputField)
  for (const { name } of missing) {
    const sentence = `Expected value of type "${named}" to include required field "${name}"`
    if (message.startsWith(sentence)) return `${sentence}.`
  }
  for (const name of Object.keys(value).filter((key) => !names.includes(key))) {
    const sentence = `Expected value of type "${named}" not to include unknown field "${name}"`
    if (message.startsWith(sentence)) return unknownField(String(named), name, names, message.slice(sentence.length))
  }
  return `Within OneOf Input Object type "${named}", exactly one field must be specified, and it must not be null.`
}

/** Only the names of fields of the type are taken from the rest of the message. */
function unknownField(type: string, name: string, names: string[], rest: string): string {
  const [suggestion = ''] = rest.split(' Found: ')
  const suggested = names.filter((known) => suggestion.includes(`"${known}"`)).map((known) => `"${known}"`)
  const shown = SHOWN_NAME.test(name) ? `unknown field "${name}"` : 'an unknown field'
  const sentence = `Expected value of type "${type}" not to include ${shown}.`
  return suggested.length > 0 ? `${sentence} Did you mean ${suggested.join(' or ')}?` : sentence
}

/** Describes for people how a value of a type is written. */
export function formOf(type: GraphQLInputType): string {
  const named = getNamedType(type)
  if (!isEnumType(named)) return FORMS[named.name] ?? `Give a value of the type ${named.name}.`
  const names = named.getValues().map(({ name }) => name)
  return `Give one of ${names.join(', ')}.`
}

const FORMS: Record<string, string> = {
  String: 'Give a text.',
  ID: 'Give an id of this server.',
  Int: 'Give a whole number.',
  Float: 'Give a number.',
  Boolean: 'Give true or false.',
  DateTime: 'Give a date and time with a time zone, like 2027-01-31T09:00:00Z.',
  EmailAddress: 'Give an e-mail address, like bar@example.com.',
  Duration: 'Give an ISO 8601 duration, like PT1H or P7D.',
}
