import type { CallerKey } from '../authority/caller.ts'
import { type MissingRequirement, missingCircumstance } from '../errors.ts'
import type { ChangePlan } from './run.ts'

/**
 * Returns the requirements that the caller's key does not meet: a limited key may never touch credentials, and a key that
 * ends may make no way in that lasts longer than it.
 */
export function missingForKey<Input>(
  { touchesCredentials, makesWayIn }: Pick<ChangePlan<Input, never, never, never>, 'touchesCredentials' | 'makesWayIn'>,
  apiKey: CallerKey | null,
  input: Input,
): MissingRequirement[] {
  const applies = (rule: boolean | ((input: Input) => boolean)) => (typeof rule === 'function' ? rule(input) : rule)
  return [
    ...(apiKey?.limited && applies(touchesCredentials) ? missingCircumstance('a key without limits') : []),
    ...(apiKey?.expiresAt && applies(makesWayIn) ? missingCircumstance('a key without an end') : []),
  ]
}
