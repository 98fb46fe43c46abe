import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { makeSigningKey } from '../../../src/entities/session/signing-keys.ts'
import { startApp } from '../../support/app.ts'
import { statusOf, usernameOf } from '../../support/look.ts'
import { withoutWriting } from '../../support/rows.ts'
import { bearer, createPerson, signIn, VIEWER } from '../../support/sessions.ts'
import { forge, KEYRING, part, readPrivateKey, readToken } from '../../support/tokens.ts'

const app = startApp()

/** What a forger can know: good tokens and the published key; and what they can’t: the key that signs. */
interface Good {
  token: string
  header: Record<string, unknown>
  payload: Record<string, unknown>
  /** What alice's token says. */
  alice: Record<string, unknown>
  /** The server's own. */
  key: KeyObject
  /** The published key, as JWK Sets have it. */
  published: Record<string, string>
}

const given = app.world(signInBob)

async function signInBob(): Promise<Good> {
  await createPerson(app, 'bob')
  await createPerson(app, 'alice', { isAdmin: true })
  const { token } = await signIn(app, 'bob')
  const alice = await signIn(app, 'alice')
  const response = await fetch(new URL('/.well-known/jwks.json', app.url))
  const { keys } = await response.json()
  const key = await readPrivateKey(app)
  return { token, ...readToken(token), alice: readToken(alice.token).payload, key, published: keys[0] }
}

const THEIRS = generateKeyPairSync('ed25519')
const THEIR_JWK = THEIRS.publicKey.export({ format: 'jwk' })
const NO_ID = '00000000-0000-7000-8000-000000000000'

/** Bob's token signed by the server with another header, and with another payload. */
const headed = (changes: object) => (good: Good) => forge(good.key, { ...good.header, ...changes }, good.payload)
const saying = (changes: object) => (good: Good) => forge(good.key, good.header, { ...good.payload, ...changes })

/** Bob's token signed by the forger. */
const byForger = (changes: object) => (good: Good) =>
  forge(THEIRS.privateKey, { ...good.header, ...changes }, good.payload)

/** Bob's token with an HMAC, for whose secret the published key is taken. */
function hmac(alg: string, hash: string, secretOf: (good: Good) => string | Buffer) {
  return (good: Good) => {
    const signed = `${part({ ...good.header, alg })}.${part(good.payload)}`
    return `${signed}.${createHmac(hash, secretOf(good)).update(signed).digest('base64url')}`
  }
}

const publicBytes = ({ published }: Good) => Buffer.from(published.x ?? '', 'base64url')
const publicJson = ({ published }: Good) => JSON.stringify(published)
const publicText = ({ published }: Good) => published.x ?? ''

/** The order of the group, little-endian: S and S + L verify alike without a check. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

function raisedSignature({ token }: Good): string {
  const [header, payload, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + ORDER
  const raised = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  return `${header}.${payload}.${Buffer.concat([bytes.subarray(0, 32), raised]).toString('base64url')}`
}

const cut = (edit: (parts: string[]) => string[]) => (good: Good) => edit(good.token.split('.')).join('.')

const FORGERIES: [string, (good: Good) => string][] = [
  ['alg none without a signature', ({ header, payload }) => `${part({ ...header, alg: 'none' })}.${part(payload)}.`],
  [
    'alg none with the good signature',
    cut(([, payload = '', signature = '']) => [part({ alg: 'none' }), payload, signature]),
  ],
  ['alg none, signed', headed({ alg: 'none' })],
  ['alg nOnE, signed', headed({ alg: 'nOnE' })],
  ['no alg', headed({ alg: undefined })],
  ['alg null', headed({ alg: null })],
  ['alg in lower case', headed({ alg: 'eddsa' })],
  ['alg Ed25519', headed({ alg: 'Ed25519' })],
  ['alg ES256', headed({ alg: 'ES256' })],
  ['alg RS256', headed({ alg: 'RS256' })],
  ['HS256 with the public key’s bytes', hmac('HS256', 'sha256', publicBytes)],
  ['HS256 with the public key’s text', hmac('HS256', 'sha256', publicText)],
  ['HS256 with the public key’s JSON', hmac('HS256', 'sha256', publicJson)],
  ['HS512 with the public key’s bytes', hmac('HS512', 'sha512', publicBytes)],
  ['HS512 with the public key’s JSON', hmac('HS512', 'sha512', publicJson)],
  ['HS256 with an empty secret', hmac('HS256', 'sha256', () => '')],
  ['an HMAC called EdDSA', hmac('EdDSA', 'sha512', publicBytes)],
  ['no typ', headed({ typ: undefined })],
  ['typ at+jwt', headed({ typ: 'at+jwt' })],
  ['typ JOSE', headed({ typ: 'JOSE' })],
  ['no kid', headed({ kid: undefined })],
  ['an unknown kid', headed({ kid: NO_ID })],
  ['a kid that is no UUID', headed({ kid: '../../dev/null' })],
  ['a kid that is SQL', headed({ kid: "' or true --" })],
  ['a kid that is a list', (good) => headed({ kid: [good.header.kid] })(good)],
  ['a kid that is a number', headed({ kid: 0 })],
  ['crit with a claim', headed({ crit: ['exp'] })],
  ['crit with the unknown', headed({ crit: ['x-new'], 'x-new': true })],
  ['crit that is empty', headed({ crit: [] })],
  ['an unencoded payload', headed({ crit: ['b64'], b64: false })],
  ['another’s key', byForger({})],
  ['another’s key in jwk', byForger({ jwk: THEIR_JWK })],
  ['another’s key in jwk without a kid', byForger({ jwk: THEIR_JWK, kid: undefined })],
  ['another’s key at jku', byForger({ jku: 'https://evil.example/jwks.json' })],
  ['another’s key at jku without a kid', byForger({ jku: 'https://evil.example/jwks.json', kid: undefined })],
  ['another’s key at x5u', byForger({ x5u: 'https://evil.example/cert.pem' })],
  ['another’s key in x5c', byForger({ x5c: [part('certificate')] })],
  ['no exp', saying({ exp: undefined })],
  ['exp null', saying({ exp: null })],
  ['exp as text', (good) => saying({ exp: String(good.payload.exp) })(good)],
  ['exp a second later', (good) => saying({ exp: Number(good.payload.exp) + 1 })(good)],
  ['exp half a second later', (good) => saying({ exp: Number(good.payload.exp) + 0.5 })(good)],
  ['exp a second earlier', (good) => saying({ exp: Number(good.payload.exp) - 1 })(good)],
  ['exp in the past', (good) => saying({ exp: Number(good.payload.iat) - 1 })(good)],
  ['exp far away', saying({ exp: 4_102_444_800 })],
  ['exp beyond all numbers', saying({ exp: 1e308 })],
  ['no iat', saying({ iat: undefined })],
  ['iat in the future', (good) => saying({ iat: Number(good.payload.iat) + 600 })(good)],
  ['iat a second earlier', (good) => saying({ iat: Number(good.payload.iat) - 1 })(good)],
  ['nbf in the future', (good) => saying({ nbf: Number(good.payload.iat) + 600 })(good)],
  ['no iss', saying({ iss: undefined })],
  ['another iss', saying({ iss: 'https://evil.example' })],
  ['iss in other case', saying({ iss: 'Chatelaine' })],
  ['no aud', saying({ aud: undefined })],
  ['another aud', saying({ aud: 'another service' })],
  ['aud of others', saying({ aud: ['one', 'another'] })],
  ['no sub', saying({ sub: undefined })],
  ['sub of an administrator', (good) => saying({ sub: good.alice.sub })(good)],
  ['sub of no user', saying({ sub: NO_ID })],
  ['sub that is no UUID', saying({ sub: 'root' })],
  ['no sid', saying({ sid: undefined })],
  ['sid of an administrator', (good) => saying({ sid: good.alice.sid })(good)],
  ['sid of no session', saying({ sid: NO_ID })],
  ['sid that is no UUID', saying({ sid: "' or true --" })],
  ['sid that is a list', (good) => saying({ sid: [good.payload.sid] })(good)],
  ['a payload that is a list', (good) => forge(good.key, good.header, [good.payload])],
  ['a payload that is null', (good) => forge(good.key, good.header, 'null')],
  ['a payload that is no JSON', (good) => forge(good.key, good.header, '{"sub":')],
  ['an empty payload', (good) => forge(good.key, good.header, '')],
  ['a header that is a list', (good) => forge(good.key, [good.header], good.payload)],
  ['a header that is no JSON', (good) => forge(good.key, '{"alg":', good.payload)],
  [
    'a signature cut short',
    cut(([header = '', payload = '', signature = '']) => [header, payload, signature.slice(0, -4)]),
  ],
  ['a longer signature', cut(([header = '', payload = '', signature = '']) => [header, payload, `${signature}AAAA`])],
  [
    'a signature of zeros',
    cut(([header = '', payload = '']) => [header, payload, Buffer.alloc(64).toString('base64url')]),
  ],
  ['a signature raised by the order of the group', raisedSignature],
  ['two parts', cut((parts) => parts.slice(0, 2))],
  ['four parts', cut((parts) => [...parts, 'AAAA'])],
  [
    'the payload of another token',
    (good) => cut(([header = '', , signature = '']) => [header, part(good.alice), signature])(good),
  ],
  [
    'a signature of the payload alone',
    ({ key, token }) => {
      const [header, payload = ''] = token.split('.')
      return `${header}.${payload}.${sign(null, Buffer.from(payload), key).toString('base64url')}`
    },
  ],
]

async function expectRefused(token: string) {
  const answer = await app.as(bearer(token)).send(VIEWER)
  expect([answer.status, answer.headers.get('www-authenticate'), answer.data]).toEqual([401, 'Bearer', null])
  expect(answer.errors).toEqual([{ message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } }])
}

describe('a token', () => {
  test('is valid if the server’s key signs what the session says, so only the difference makes the forgeries invalid', async () => {
    const good = given()

    const made = forge(good.key, good.header, good.payload)

    expect(await usernameOf(app.as(bearer(made)))).toBe('bob')
    expect(made).toBe(good.token)
    expect(good.key.export({ format: 'jwk' }).x).toBe(good.published.x)
  })

  test.each(FORGERIES)('is refused with %s', async (_what, forgeryOf) => {
    const good = given()

    await withoutWriting(app, () => expectRefused(forgeryOf(good)))

    expect(await statusOf(app.as(bearer(good.token)))).toBe(200)
  })

  test('is refused if any bit of a byte of its signature is changed', async () => {
    const { token } = given()
    const [header, payload, signature = ''] = token.split('.')
    const bytes = Buffer.from(signature, 'base64url')
    expect(bytes).toHaveLength(64)

    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes)
      altered[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
      await expectRefused(`${header}.${payload}.${altered.toString('base64url')}`)
    }
  })

  test('is refused if any letter of its header or payload is changed', async () => {
    const { token } = given()

    for (let at = 0; at < token.lastIndexOf('.'); at++) {
      const letter = token[at]
      if (letter === '.') continue
      await expectRefused(token.slice(0, at) + (letter === 'B' ? 'C' : 'B') + token.slice(at + 1))
    }
  })

  test.each([
    ['Api-Key', (token: string) => ({ 'api-key': token })],
    ['Basic', (token: string) => ({ authorization: `Basic ${token}` })],
    ['Basic, as a password', (token: string) => ({ authorization: `Basic ${btoa(`bob:${token}`)}` })],
    ['two values', (token: string) => ({ authorization: `Bearer ${token}, Bearer ${token}` })],
  ])('is refused as %s', async (_name, headers) => {
    const { token } = given()

    expect(await statusOf(app.as(headers(token)))).toBe(401)
  })
})

describe('after a rotation of the signing key', () => {
  test('tokens of both keys are valid, and forgeries with both keys are refused', async () => {
    const old = given()

    await app.database.transaction((tx) => makeSigningKey(tx, KEYRING))
    const { token } = await signIn(app, 'bob')
    const young = { ...old, token, ...readToken(token), key: await readPrivateKey(app) }

    expect(young.header.kid).not.toBe(old.header.kid)
    for (const good of [old, young]) {
      expect(await statusOf(app.as(bearer(good.token)))).toBe(200)
      await expectRefused(saying({ exp: Number(good.payload.exp) + 1 })(good))
      await expectRefused(headed({ kid: (good === old ? young : old).header.kid })(good))
      await expectRefused(byForger({})(good))
    }
  })
})
