import { Kind, type ValueNode } from 'graphql'
import { badUserInput } from '../read/errors.ts'
import type { RootSelection } from '../read/spec.ts'
import type { Context } from './context.ts'

/**
 * Refuses a secret that is not in a variable of a POST: documents are cached for later requests, and URLs are in every
 * log.
 * @param path the argument, and the path to the secret in it
 * @throws BAD_USER_INPUT with a message that names the argument
 */
export function refuseSpelledOut({ isGet }: Context, selected: RootSelection, ...path: string[]) {
  const name = path.join('.')
  if (isGet) throw badUserInput(`"${name}" is a secret: send it by POST.`)
  const [argument, ...rest] = path
  const given = selected.fieldNodes.flatMap((node) => node.arguments ?? []).filter((one) => one.name.value === argument)
  const defaults = new Map(
    selected.operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  )
  if (given.some(({ value }) => isSpelledOut(value, rest, defaults)))
    throw badUserInput(`"${name}" is a secret: put it into a variable that has no value in the document.`)
}

type Defaults = ReadonlyMap<string, ValueNode | undefined>

function isSpelledOut(value: ValueNode, path: string[], defaults: Defaults): boolean {
  if (value.kind === Kind.VARIABLE) {
    const fallback = defaults.get(value.name.value)
    return fallback !== undefined && isSpelledOut(fallback, path, defaults)
  }
  if (value.kind !== Kind.OBJECT) return value.kind !== Kind.NULL
  const [name, ...rest] = path
  return value.fields.some((field) => field.name.value === name && isSpelledOut(field.value, rest, defaults))
}
