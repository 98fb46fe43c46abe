/** Questions whether a command may be done: `can-i delete-user bob`. */
import { readApi } from '../api.ts'
import { deriveCommands } from '../commands.ts'
import { UsageError } from '../values.ts'
import type { Question } from './question.ts'

/** Returns the question about a command with one value at most; null where there is no such command. @throws UsageError */
export function readMutation(what: string, on: string | undefined): Question | null {
  const spec = deriveCommands(readApi()).find(({ name, operation }) => name === what && operation === 'mutation')
  if (!spec) return null
  const { field, positional, parameters } = spec
  const others = parameters.filter(({ isRequired }) => isRequired).map(({ flag }) => `--${flag}`)
  if (others.length > 0)
    throw new UsageError(`${what} needs ${others.join(' and ')} too: ask with "chatelaine ${what} … --dry-run".`)
  if (positional && on === undefined)
    throw new UsageError(`${what} takes a value: chatelaine can-i ${what} <${positional.name}>`)
  return {
    mutation: { [field.name]: positional ? { [positional.name]: on } : {} },
    text: [what, on].filter(Boolean).join(' '),
  }
}
