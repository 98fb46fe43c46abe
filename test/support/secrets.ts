/** Every secret that a test's requests bring in or get back, and the search for them where none may be. */
import { type GraphQLInputType, getNamedType, isInputObjectType } from 'graphql'
import { schema } from '../../src/graphql/schema.ts'
import { ROOT_KEY } from './root-key.ts'

/** The hash of another system is kept as it was given, until its password is used first. */
export const KEPT_SECRET = 'passwordHash'
/** Names of values that are secrets: of inputs by their declaration, of answers as they are called. */
const SECRET_INPUTS = new Set(secretInputs())
const SECRET_ANSWERS = new Set(['secret', 'token'])
/** What left by another way than an answer, like mails: the texts in which no secret may stand. */
export const toldElsewhere: string[] = []

/** Shorter ones are words that stand everywhere. */
const SHORTEST = 10

function secretInputs(): string[] {
  const inputs = Object.values(schema.getTypeMap()).filter((type) => isInputObjectType(type))
  return inputs.flatMap((type) =>
    Object.values(type.getFields())
      .filter(({ extensions, type: field }) => extensions.isSecret === true && !isInputObjectType(named(field)))
      .filter(({ name }) => name !== KEPT_SECRET)
      .map(({ name }) => name),
  )
}

function named(type: GraphQLInputType) {
  return getNamedType(type)
}

/** The secrets among the variables or the data of a request. */
export function secretsIn(value: unknown, isAnswer: boolean): string[] {
  const names = isAnswer ? SECRET_ANSWERS : SECRET_INPUTS
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' && names.has(name) && inner.length >= SHORTEST && !isHarmless(inner)
      ? [inner]
      : secretsIn(inner, isAnswer),
  )
}

/** Root's key is the tests' own, and one name may stand for a secret here, and for an id or a public key there. */
function isHarmless(value: string): boolean {
  return value === ROOT_KEY || /^[a-z]+_[0-9a-f-]{36}$|^(ssh|ecdsa|sk)-/.test(value)
}

/** Those of the secrets that stand in a text: as they are, in base64, in hex, or as a URL writes them. */
export function secretsFound(text: string, secrets: Iterable<string>): string[] {
  return [...secrets].filter((secret) => formsOf(secret).some((form) => text.includes(form)))
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  // In a longer text base64 begins at one of three places; what the neighbours decide is left off.
  const shifted = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return text.slice(before === 0 ? 0 : before + 1, -1)
  })
  const url = shifted.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    bytes.toString('hex'),
    ...shifted,
    ...url,
  ]
}
