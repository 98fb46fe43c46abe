const MAX_MESSAGE_LENGTH = 1000
/** The pattern of a name in the schema; any other quoted text may be a secret in the wrong position. */
const HARMLESS = /^[A-Z_]{1,100}$/

/** Removes the quoted input from an error message of GraphQL itself; what was wrong and where is kept. */
export function withoutValue(message: string): string {
  const short = withoutRefused(withoutFound(withoutInvalid(message)))
    // A long quoted value in the middle is shortened, so that its position in the input stays readable.
    .replace(/\S{120,}/g, (value) => `${value.slice(0, 40)}…`)
  return short.length > MAX_MESSAGE_LENGTH ? `${short.slice(0, MAX_MESSAGE_LENGTH)}…` : short
}

/** Handles `String cannot represent a non string value: 5` and `Value is not a valid email address: …`. */
function withoutRefused(message: string): string {
  return message
    .replace(/((?: cannot represent |Value is not )[^:]*): [\s\S]*$/, '$1.')
    .replace(/( cannot represent (?:an invalid [\w-]+|non string or Date type)) [\s\S]*$/, '$1.')
    .replace(/\bValue "[^"]*" does not exist/, 'The value does not exist')
}

/** Handles `… to be an object, found: {…}.` */
function withoutFound(message: string): string {
  const [, before, value = ''] = /^([\s\S]*?)[.,;] ?[Ff]ound:? ([\s\S]*)\.$/.exec(message) ?? []
  return before === undefined || HARMLESS.test(value) ? message : `${before}.`
}

/** Handles `Variable "$input" got invalid value {…} at "input.name"; Expected …`. */
function withoutInvalid(message: string): string {
  const [, before, value = '', reason] = /^(.*?) got invalid value ([\s\S]*); ([^;]*)$/.exec(message) ?? []
  if (before === undefined) return message
  const [place = ''] = / at "[\w.[\]]+"$/.exec(value) ?? []
  const quoted = value.slice(0, value.length - place.length)
  return HARMLESS.test(quoted) ? message : `${before} got an invalid value${place}; ${reason}`
}
