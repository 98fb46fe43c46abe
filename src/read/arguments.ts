import { type FieldNode, type GraphQLField, getArgumentValues, Kind } from 'graphql'
import { type Compilation, type Env, numberOf } from './compilation.ts'
import { badUserInput } from './errors.ts'
import type { ArgumentScope } from './spec.ts'

type Field = GraphQLField<unknown, unknown>

/** Returns the coerced arguments of a field in this run. */
export function readArguments(field: Field, node: FieldNode, env: Env): Record<string, unknown> {
  let values = env.memo.get(node)
  if (!values) {
    values = getArgumentValues(field, node, env.variables) as Record<string, unknown>
    env.memo.set(node, values)
  }
  return values
}

/** Returns the value at a dotted path of a field's arguments; undefined where any part of the path is absent. */
export function readPath(field: Field, node: FieldNode, path: string, env: Env): unknown {
  let value: unknown = readArguments(field, node, env)
  for (const key of path.split('.')) {
    if (value === null || value === undefined) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

export function argumentScope(c: Compilation, field: Field, node: FieldNode): ArgumentScope {
  const id = `${numberOf(node)}.${field.name}`
  return {
    has: (path) => c.peek(`has ${id} ${path}`, (env) => (readPath(field, node, path, env) ?? null) !== null),
    matches: (path, name, test) => c.peek(`is ${name} ${id} ${path}`, (env) => test(readPath(field, node, path, env))),
    param: (path, sqlType, convert) =>
      c.slot(`argument ${id} ${path} ${convert ? convertNumber(convert) : ''}`, sqlType, (env) => {
        const value = refuseNullBytes(path, readPath(field, node, path, env) ?? null)
        return convert && value !== null ? convert(value) : value
      }),
  }
}

/** The arguments of a list that takes none. */
export const NO_ARGUMENTS: ArgumentScope = {
  has: () => false,
  matches: () => false,
  param(): never {
    throw new Error('This list takes no arguments.')
  },
}

/** Refuses null bytes, which the database cannot store in text. @throws BAD_USER_INPUT with a message that names the argument */
function refuseNullBytes(path: string, value: unknown): unknown {
  const isBad = (text: unknown) => typeof text === 'string' && text.includes('\0')
  if (isBad(value) || (Array.isArray(value) && value.some(isBad))) throw badUserInput(`"${path}" holds a null byte.`)
  return value
}

/** A number for each conversion: one argument with two conversions is two parameters. */
const convertNumbers = new WeakMap<object, number>()
let nextConvertNumber = 0
function convertNumber(convert: object) {
  const number = convertNumbers.get(convert) ?? nextConvertNumber++
  convertNumbers.set(convert, number)
  return number
}

/** Whether the argument is written in the document as a number, so that every run has the same value. */
export function isLiteral(node: FieldNode, name: string): boolean {
  return node.arguments?.find((argument) => argument.name.value === name)?.value.kind === Kind.INT
}
