/** Reads what the headers of a request claim about the caller. Nothing is verified here. */
import { looksLikeSessionToken } from '../entities/session/token.ts'
import { BadCredentialError } from './bad-credential.ts'

/** Reads one header; it returns undefined where the header is absent. */
export type HeaderReader = (name: string) => string | undefined

/** The caller that a request claims: the user of a session or a password, or otherwise the owner of the key. */
export interface Credentials {
  apiKey: string | null
  user: { token: string } | { username: string; password: string } | null
}

/** Reads the credentials; null where there are none. @throws BadCredentialError where one is malformed, or two are of the same kind */
export function readCredentials(header: HeaderReader): Credentials | null {
  const apiKey = header('api-key') ?? null
  const authorization = header('authorization')
  if (authorization === undefined) return apiKey === null ? null : { apiKey, user: null }
  const [, scheme = '', value] = /^(\w+) +([\x21-\x7e]+)$/.exec(authorization) ?? []
  if (value === undefined) throw new BadCredentialError()
  switch (scheme.toLowerCase()) {
    case 'basic':
      return { apiKey, user: readBasic(value) }
    case 'bearer':
      if (looksLikeSessionToken(value)) return { apiKey, user: { token: value } }
      return oneKey(apiKey, value)
    case 'token':
      return oneKey(apiKey, value)
    default:
      throw new BadCredentialError()
  }
}

/** Refuses two different keys: they name two callers, and neither can be trusted. */
function oneKey(apiKey: string | null, value: string): Credentials {
  if (apiKey !== null && apiKey !== value) throw new BadCredentialError()
  return { apiKey: value, user: null }
}

/** Reads HTTP Basic as defined in RFC 7617, with the charset UTF-8. */
function readBasic(value: string) {
  const text = /^[A-Za-z0-9+/]+=*$/.test(value) ? Buffer.from(value, 'base64').toString() : ''
  const colon = text.indexOf(':')
  if (colon < 1 || text.includes('�') || text.includes('\0')) throw new BadCredentialError()
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
