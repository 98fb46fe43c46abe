/** The tokens of sessions: JWT, EdDSA only. One names a row; what its bearer may do is never in it. */
import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { BadCredentialError } from '../../authentication/bad-credential.ts'
import type { Connection } from '../../db/database.ts'
import { isUuid } from '../../db/id.ts'
import type { Keyring } from '../../encryption/keyring.ts'
import { readPublicKey, readSigningKey } from './signing-keys.ts'

/** What a token says, in whole seconds of the database's clock. */
export interface TokenClaims {
  userId: string
  sessionId: string
  issuedAt: number
  expiresAt: number
}

export interface Tokens {
  sign(db: Connection, claims: TokenClaims): Promise<string>
  /** @throws BadCredentialError. Whether the session still lasts is for the database to say. */
  verify(db: Connection, token: string): Promise<TokenClaims>
}

type Key = Awaited<ReturnType<typeof importJWK>>

/** How long a public key is used without asking whether it was retired for good. */
const KEY_KEPT_MS = 10 * 60 * 1000

export function createTokens(keyring: Keyring, issuer: string): Tokens {
  const publicKeys = new LRUCache<string, Key>({ max: 100, ttl: KEY_KEPT_MS })

  async function publicKeyOf(db: Connection, id: unknown): Promise<Key> {
    if (typeof id !== 'string' || !isUuid(id)) throw new BadCredentialError()
    const known = publicKeys.get(id)
    if (known) return known
    const jwk = await readPublicKey(db, id)
    if (!jwk) throw new BadCredentialError()
    const key = await importJWK(jwk, 'EdDSA')
    publicKeys.set(id, key)
    return key
  }

  return {
    async sign(db, { userId, sessionId, issuedAt, expiresAt }) {
      const signing = await readSigningKey(db, keyring)
      if (!signing) throw new Error('There is no signing key: "chatelaine migrate" makes one.')
      return new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: signing.id })
        .setIssuer(issuer)
        .setAudience(issuer)
        .setSubject(userId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(await importJWK(signing.jwk, 'EdDSA'))
    },
    async verify(db, token) {
      const key = await publicKeyOf(db, keyIdOf(token))
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['EdDSA'],
        issuer,
        audience: issuer,
        typ: 'JWT',
        requiredClaims: ['iss', 'aud', 'sub', 'sid', 'iat', 'exp'],
        clockTolerance: 0,
      }).catch(() => {
        throw new BadCredentialError()
      })
      const { sub, sid, iat, exp } = payload
      if (!isUuid(sub) || !isUuid(sid) || !Number.isInteger(iat) || !Number.isInteger(exp))
        throw new BadCredentialError()
      return { userId: sub, sessionId: sid, issuedAt: Number(iat), expiresAt: Number(exp) }
    },
  }
}

/** Has a text the form of a token? Keys of ours never have. */
export function looksLikeSessionToken(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(text)
}

function keyIdOf(token: string): unknown {
  try {
    return decodeProtectedHeader(token).kid
  } catch {
    return null
  }
}
