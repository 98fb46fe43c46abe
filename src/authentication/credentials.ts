/** What a request's headers say about who asks. Nothing is believed here. */
import { looksLikeSessionToken } from '../entities/session/token.ts'
import { BadCredentialError } from './bad-credential.ts'

/** Reads one header; undefined where it is absent. */
export type HeaderReader = (name: string) => string | undefined

/** Who is said to ask: the user of a session or a password, or else the owner of the key. */
export interface Credentials {
  apiKey: string | null
  user: { token: string } | { username: string; password: string } | null
}

/** Null where there is none at all. @throws BadCredentialError where one is malformed, or two are of one kind */
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

/** Two different keys name two callers: neither can be believed. */
function oneKey(apiKey: string | null, value: string): Credentials {
  if (apiKey !== null && apiKey !== value) throw new BadCredentialError()
  return { apiKey: value, user: null }
}

/** RFC 7617, with the charset UTF-8. */
function readBasic(value: string) {
  const text = /^[A-Za-z0-9+/]+=*$/.test(value) ? Buffer.from(value, 'base64').toString() : ''
  const colon = text.indexOf(':')
  if (colon < 1 || text.includes('�') || text.includes('\0')) throw new BadCredentialError()
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
