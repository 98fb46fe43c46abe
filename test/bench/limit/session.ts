/** W9: the caller by the token of a session. The signature is checked here; the statement checks that the session is open. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { JWK } from 'jose'
import { VIEWER_JSON } from './sheet.ts'
import type { HandWritten } from './statement.ts'
import { isActive } from './statement.ts'

const ISSUER = 'chatelaine'
const keys = new Map<string, KeyObject>()

/** Gives the public keys with which tokens are verified. */
export function setSigningKeys(given: { id: string; public_key: JWK }[]) {
  for (const { id, public_key } of given) keys.set(id, createPublicKey({ key: public_key, format: 'jwk' }))
}

export const viewerByToken: HandWritten = {
  text: `select ${VIEWER_JSON}
    from sessions as s join users as u on u.id = s.user_id
      left join organizations as o on o.id = u.organization_id and o.deleted_at is null
    where s.id = $1 and s.user_id = $2 and extract(epoch from s.created_at) = $3 and extract(epoch from s.expires_at) = $4
      and s.ended_at is null and statement_timestamp() < s.expires_at and ${isActive('u')}`,
  values({ credential }) {
    const { sid, sub, iat, exp } = readToken(credential)
    return [sid, sub.replace('user_', ''), iat, exp]
  },
}

interface Claims {
  sid: string
  sub: string
  iat: number
  exp: number
  iss: string
  aud: string
}

/** @throws Error where the token is not valid */
function readToken(token: string): Claims {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const { alg, kid } = parsePart(head) as { alg: string; kid: string }
  const key = keys.get(kid)
  const isSigned = key && verify(null, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))
  const claims = parsePart(payload) as Claims
  const isMeant = claims.iss === ISSUER && claims.aud === ISSUER && Date.now() / 1000 < claims.exp
  if (alg !== 'EdDSA' || !isSigned || !isMeant) throw new Error('The token is not valid.')
  return claims
}

function parsePart(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}
