import { type FieldNode, type GraphQLField, getArgumentValues, Kind } from 'graphql'
import { type Compilation, type Env, numberOf } from './compilation.ts'
import { badUserInput } from './errors.ts'
import type { ArgumentScope } from './spec.ts'

type Field = GraphQLField<unknown, unknown>

/** The coerced arguments of a field in this run. */
export function readArguments(field: Field, node: FieldNode, env: Env): Record<string, unknown> {
  let values = env.memo.get(node)
  if (!values) {
    values = getArgumentValues(field, node, env.variables) as Record<string, unknown>
    env.memo.set(node, values)
  }
  return values
}

/** The value at a dotted path of a field's arguments; undefined where anything on the way is absent. */
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
    param: (path, sqlType, convert) =>
      c.slot(`argument ${id} ${path} ${convert ? convertNumber(convert) : ''}`, sqlType, (env) => {
        const value = refuseNullBytes(path, readPath(field, node, path, env) ?? null)
        return convert && value !== null ? convert(value as never) : value
      }),
  }
}

/** Of a list that takes no arguments. */
export const NO_ARGUMENTS: ArgumentScope = {
  has: () => false,
  param(): never {
    throw new Error('This list takes no arguments.')
  },
}

/** The database has no null byte in text. @throws BAD_USER_INPUT naming the argument */
function refuseNullBytes(path: string, value: unknown): unknown {
  const isBad = (text: unknown) => typeof text === 'string' && text.includes('\0')
  if (isBad(value) || (Array.isArray(value) && value.some(isBad))) throw badUserInput(`"${path}" holds a null byte.`)
  return value
}

/** Two readings of one argument are two parameters. */
const convertNumbers = new WeakMap<object, number>()
let nextConvertNumber = 0
function convertNumber(convert: object) {
  const number = convertNumbers.get(convert) ?? nextConvertNumber++
  convertNumbers.set(convert, number)
  return number
}

/** Is the argument written in the document as a number, so that every run has the same? */
export function isLiteral(node: FieldNode, name: string): boolean {
  return node.arguments?.find((argument) => argument.name.value === name)?.value.kind === Kind.INT
}
