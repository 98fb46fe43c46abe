/** Converts the text of the command line to the variables of a document. */
import {
  type GraphQLEnumType,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isRequiredInputField,
  isScalarType,
} from 'graphql'
import { isList, namedOf } from './commands.ts'

/** The command line is not valid; the message says which part. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Reads the time of an option, or the beginning of a day. @throws UsageError */
export function readTime(flag: string, text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(time)
  if (isTime && !Number.isNaN(Date.parse(time))) return time
  throw new UsageError(`--${flag} takes a time like 2026-01-31 or 2026-01-31T12:00:00Z, not "${text}".`)
}

/** The placeholder for a secret that is still to be asked for. */
export const ASKED = Symbol('asked')

/** Reads the text of a flag, or the texts where it can be repeated. @throws UsageError with a message that names the flag */
export function readValue(flag: string, type: GraphQLInputType, given: string | string[] | boolean): unknown {
  if (typeof given === 'boolean') return given
  if (isList(type)) return [given].flat().map((text) => readOne(flag, namedOf(type), text))
  return readOne(flag, namedOf(type), [given].flat().at(-1) ?? '')
}

function readOne(flag: string, type: GraphQLInputType, text: string): unknown {
  if (isInputObjectType(type)) return readObject(flag, type, text)
  if (isEnumType(type)) return readName(flag, type, text)
  if (!isScalarType(type)) return text
  if (type.name === 'Int') return readInteger(flag, text)
  if (type.name === 'Boolean') return readBoolean(flag, text)
  return text
}

/** Reads a value of an enum in any case, also with dashes: `add-model`. */
function readName(flag: string, type: GraphQLEnumType, text: string): string {
  const name = text.toUpperCase().replaceAll('-', '_')
  if (type.getValue(name)) return name
  throw new UsageError(`--${flag} takes ${namesOfValues(type)}, not "${text}".`)
}

/** The values of an enum, for people. */
export function namesOfValues(type: GraphQLEnumType, separator = ', '): string {
  return type
    .getValues()
    .map(({ name }) => name)
    .join(separator)
}

function readInteger(flag: string, text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new UsageError(`--${flag} takes a whole number, not "${text}".`)
  return Number(text)
}

function readBoolean(flag: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new UsageError(`--${flag} takes true or false, not "${text}".`)
}

/**
 * Reads `role=VERSION_MANAGER,project=project2`, or `username.startsWith=ba` for nested fields; a first part without a
 * key is the object's first required field.
 */
function readObject(flag: string, type: GraphQLInputType, text: string): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [index, part] of text.split(',').entries()) {
    const equals = part.indexOf('=')
    if (equals < 0 && index > 0) throw new UsageError(`--${flag}: "${part}" is not key=value.`)
    const path = equals < 0 ? [firstField(type)] : part.slice(0, equals).split('.')
    place(flag, type, object, path, part.slice(equals + 1))
  }
  return object
}

function firstField(type: GraphQLInputType): string {
  const fields = isInputObjectType(type) ? Object.values(type.getFields()) : []
  return fields.find(isRequiredInputField)?.name ?? fields[0]?.name ?? ''
}

function place(flag: string, type: GraphQLInputType, object: Record<string, unknown>, path: string[], text: string) {
  const [key = '', ...rest] = path
  const fields = isInputObjectType(type) ? type.getFields() : {}
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined
  if (!field) throw new UsageError(`--${flag} knows no "${key}", but ${Object.keys(fields).join(', ')}.`)
  if (rest.length === 0 && field.extensions.isSecret) {
    if (text !== '-') throw new UsageError(`--${flag}: ${key} is a secret: write ${key}=- and it is asked for.`)
    object[key] = ASKED
    return
  }
  if (rest.length === 0) {
    object[key] = readValue(`${flag} ${key}`, field.type, text)
    return
  }
  const below = (object[key] ?? {}) as Record<string, unknown>
  object[key] = below
  place(flag, namedOf(field.type), below, rest, text)
}
