/** What the schema says of a mutation, beside its own description: its errors, its rule, and the scopes of its field. */
import { describeRule, isForAdministrators, type Rule, wordsOf } from '../authority/rule.ts'
import type { ErrorCode } from '../errors.ts'
import { errorTypes } from '../graphql/errors.ts'

/** Returns the codes of the errors that the mutation can answer with. */
export function errorCodes(given: {
  grants: unknown
  endangersAdministration?: boolean
  errors?: ('CONFLICT' | 'WRONG_CREDENTIALS')[]
}): ErrorCode[] {
  return [
    'INVALID_INPUT',
    'NOT_FOUND',
    ...(given.errors ?? []),
    ...(given.grants === 'nothing' ? [] : (['MISSING_AUTHORITY'] as const)),
    ...(given.endangersAdministration ? (['LAST_ADMINISTRATOR'] as const) : []),
  ]
}

/** Adds the rule and the errors to the description. */
export function describe<Refs>(description: string, may: Rule<Refs>, codes: ErrorCode[]): string {
  const names = codes.map((code) => `\`${errorTypes[code].name}\``).join(', ')
  return `${description}\n\n${describeRule(may)} Errors: ${names}.`
}

/** Returns what the rule requires in any case: a caller who holds none of its permissions in any scope is refused before anything is read. */
export function scopesOf<Refs>(rule: Rule<Refs>) {
  const words = wordsOf(rule)
  return {
    $all: {
      signedIn: true,
      writable: true,
      ...(words && { permission: words }),
      ...(isForAdministrators(rule) && { administrator: true }),
    },
  }
}
