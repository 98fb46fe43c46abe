/** E-mail addresses, of which the domain may be internationalized. */
import { domainToASCII, domainToUnicode } from 'node:url'
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql'
import { GraphQLEmailAddress } from 'graphql-scalars'

/** The scalar of e-mail addresses. It keeps an address as it is written. */
export const EmailAddress = new GraphQLScalarType<string, string>({
  name: GraphQLEmailAddress.name,
  description:
    'An e-mail address as HTML defines it, or with an internationalized domain, like `bar@münchen.example`. It is kept as it is written.',
  coerceOutputValue: readAddress,
  coerceInputValue: readInput,
  coerceInputLiteral: (node) =>
    node.kind === Kind.STRING ? readInput(node.value) : GraphQLEmailAddress.parseLiteral(node, {}),
  extensions: GraphQLEmailAddress.extensions,
})

/** What mail servers can be told of (RFC 5321). */
const MOST_CHARACTERS = 254

/** @throws GraphQLError where the value is not an e-mail address */
function readInput(value: unknown): string {
  if (typeof value === 'string' && value.length > MOST_CHARACTERS)
    throw new GraphQLError(`An e-mail address has at most ${MOST_CHARACTERS} characters.`)
  return readAddress(value)
}

/** @throws GraphQLError where the value is not an e-mail address */
function readAddress(value: unknown): string {
  GraphQLEmailAddress.parseValue(typeof value === 'string' ? asciiAddress(value) : value)
  return value as string
}

/**
 * Returns the address with the ASCII form of its domain, `bar@xn--mnchen-3ya.example`, to which mail is sent. A domain
 * that would be another domain than it looks like, such as one with an invisible character, stays as it is.
 */
export function asciiAddress(address: string): string {
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1)
  const ascii = domainToASCII(domain)
  const isSame = domainToUnicode(ascii) === domain.normalize('NFC').toLowerCase()
  return /\P{ASCII}/u.test(domain) && isSame ? address.slice(0, at + 1) + ascii : address
}
