/**
 * The tokens of sessions are JWTs with EdDSA only. A token names a session; it never contains the permissions of its
 * user.
 */
import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { BadCredentialError } from '../../authentication/bad-credential.ts'
import type { Connection } from '../../db/database.ts'
import { isUuid } from '../../db/id.ts'
import type { Keyring } from '../../encryption/keyring.ts'
import { uuidOfReference } from '../../graphql/references.ts'
import { readSigningKey, readVerifyingKey } from './signing-keys.ts'

/** The session that a token is made for. Times are in whole seconds of the database's clock. */
export interface NewSession {
  userId: string
  sessionId: string
  issuedAt: number
  expiresAt: number
}

/** What a token claims, and the key that signed it. */
export interface TokenClaims extends NewSession {
  keyId: string
}

/** What a token tells services that only read it. This server decides nothing by it. */
interface Bearer {
  username: string
  organization: string
  /** True where the session can only change the password of its user: the token is then marked by MUST_CHANGE. */
  mustChangePassword: boolean
}

/**
 * The critical header parameter (RFC 7515, section 4.1.11) of a token whose user must change their password first. A
 * service that verifies only the signature must refuse a token with a critical parameter that it does not know.
 */
const MUST_CHANGE = 'must_change_password'
/** The libraries need the parameters that are known; true says that they must be signed. */
const CRITICAL = { crit: { [MUST_CHANGE]: true } }

export interface Tokens {
  sign(db: Connection, session: NewSession, bearer: Bearer): Promise<string>
  /**
   * Verifies a token, but not that its session is open and its key was not withdrawn: only the database knows that.
   * @throws BadCredentialError
   */
  verify(db: Connection, token: string): Promise<TokenClaims>
}

type Key = Awaited<ReturnType<typeof importJWK>>

/** The time for which a public key is used without checking again whether it still verifies. */
const KEY_KEPT_MS = 10 * 60 * 1000

export function createTokens(keyring: Keyring, issuer: string): Tokens {
  const publicKeys = new LRUCache<string, Key>({ max: 100, ttl: KEY_KEPT_MS })

  async function publicKeyOf(db: Connection, id: string): Promise<Key> {
    const known = publicKeys.get(id)
    if (known) return known
    const jwk = await readVerifyingKey(db, id)
    if (!jwk) throw new BadCredentialError()
    const key = await importJWK(jwk, 'EdDSA')
    publicKeys.set(id, key)
    return key
  }

  return {
    async sign(db, { userId, sessionId, issuedAt, expiresAt }, { username, organization, mustChangePassword }) {
      const signing = await readSigningKey(db, keyring)
      if (!signing) throw new Error('There is no signing key: "chatelaine migrate" makes one.')
      return new SignJWT({ sid: sessionId, preferred_username: username, org: organization })
        .setProtectedHeader({
          ...{ alg: 'EdDSA', typ: 'JWT', kid: signing.id },
          ...(mustChangePassword && { crit: [MUST_CHANGE], [MUST_CHANGE]: true }),
        })
        .setIssuer(issuer)
        .setAudience(issuer)
        .setSubject(`user_${userId}`)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(await importJWK(signing.jwk, 'EdDSA'), CRITICAL)
    },
    async verify(db, token) {
      const keyId = signingKeyIdOf(token)
      if (!isUuid(keyId)) throw new BadCredentialError()
      const key = await publicKeyOf(db, keyId)
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['EdDSA'],
        issuer,
        audience: issuer,
        typ: 'JWT',
        requiredClaims: ['iss', 'aud', 'sub', 'sid', 'iat', 'exp'],
        // The session ends by the clock of the database, by which `exp` was set: servers with other clocks agree.
        currentDate: new Date(0),
        ...CRITICAL,
      }).catch(() => {
        throw new BadCredentialError()
      })
      const { sub, sid, iat, exp } = payload
      const userId = uuidOfReference('user', sub ?? '')
      if (userId === null || !isUuid(sid) || !Number.isInteger(iat) || !Number.isInteger(exp))
        throw new BadCredentialError()
      return { userId, sessionId: sid, keyId, issuedAt: Number(iat), expiresAt: Number(exp) }
    },
  }
}

/** True where a text has the form of a token. API keys of this server never have it. */
export function looksLikeSessionToken(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(text)
}

function signingKeyIdOf(token: string): unknown {
  try {
    return decodeProtectedHeader(token).kid
  } catch {
    return null
  }
}
