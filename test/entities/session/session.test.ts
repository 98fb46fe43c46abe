// Runs on both databases.
import { sql } from 'drizzle-orm'
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { makeSigningKey, withdrawSigningKey } from '../../../src/entities/session/signing-keys.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { statusOf, usernameOf } from '../../support/look.ts'
import { query, readAudit, uuidOf } from '../../support/rows.ts'
import { createOrganization, createUser } from '../../support/seed.ts'
import { bearer, createPerson, PASSWORD, SIGN_IN, signIn, withoutChange } from '../../support/sessions.ts'
import { forge, KEYRING, readPrivateKey, readToken } from '../../support/tokens.ts'

const app = startApp()
/** bob, who has PASSWORD. */
const given = app.world(() => createPerson(app, 'bob'))

const SESSION = '{ viewer { user { username } apiKey { id } session { id createdAt expiresAt isActive } expiresAt } }'

async function readKeySet(from: TestApp): Promise<JSONWebKeySet> {
  const response = await fetch(new URL('/.well-known/jwks.json', from.url))
  expect(response.status).toBe(200)
  return response.json()
}

/** Withdraws the key that signed a token. */
function withdraw(token: string) {
  return app.database.transaction((tx) => withdrawSigningKey(tx, KEYRING, String(readToken(token).header.kid)))
}

const secondsOf = (time: string) => Date.parse(time) / 1000

describe('signing in', () => {
  test('gives a token that contains only the user, their organization, the session, the issuer, the audience and the times', async () => {
    const anna = await createPerson(app, 'anna', { isAdmin: true })

    const { token, expiresAt, client } = await signIn(app, 'anna')

    const { viewer } = await client.ok(SESSION)
    const { keys } = await readKeySet(app)
    expect(readToken(token)).toEqual({
      header: { alg: 'EdDSA', typ: 'JWT', kid: keys[0]?.kid },
      payload: {
        iss: 'chatelaine',
        aud: 'chatelaine',
        sub: anna.id,
        preferred_username: 'anna',
        org: 'default',
        sid: uuidOf(viewer.session.id),
        iat: secondsOf(viewer.session.createdAt),
        exp: secondsOf(viewer.session.expiresAt),
      },
    })
    expect(secondsOf(expiresAt) - secondsOf(viewer.session.createdAt)).toBe(3600)
    expect(viewer).toMatchObject({ user: { username: 'anna' }, apiKey: null, session: { isActive: true }, expiresAt })
  })

  test('gives a token that the published keys verify', async () => {
    const bob = given()

    const { token } = await signIn(app, 'bob')

    const rules = { algorithms: ['EdDSA'], typ: 'JWT', issuer: 'chatelaine', audience: 'chatelaine' }
    const { payload } = await jwtVerify(token, createLocalJWKSet(await readKeySet(app)), rules)
    expect(payload.sub).toBe(bob.id)
  })

  test('publishes only the public half of its key', async () => {
    const { keys } = await readKeySet(app)

    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x']])
    expect(keys[0]).toMatchObject({ alg: 'EdDSA', crv: 'Ed25519', kty: 'OKP', use: 'sig' })
  })

  test('begins a session as long as the user’s organization says at that time', async () => {
    await createOrganization(app, 'acme')
    await change(app.root, 'updateOrganization', { organization: 'acme', tokenTtl: 'PT2H' })
    await createPerson(app, 'carol', { organization: 'acme' })
    const first = await signIn(app, 'carol')
    await change(app.root, 'updateOrganization', { organization: 'acme', tokenTtl: 'PT90S' })

    const second = await signIn(app, 'carol')

    const lengths = [first, second].map(({ token }) => decodeJwt(token)).map(({ exp = 0, iat = 0 }) => exp - iat)
    expect(lengths).toEqual([7200, 90])
    expect((await first.client.ok(SESSION)).viewer.expiresAt).toBe(first.expiresAt)
  })

  test('accepts the username in any case', async () => {
    await createPerson(app, 'Carol')

    expect(await usernameOf((await signIn(app, 'cAROL')).client)).toBe('Carol')
  })

  test('again begins another session', async () => {
    const tokens = [await signIn(app, 'bob'), await signIn(app, 'bob')].map(({ token }) => decodeJwt(token).sid)

    expect(new Set(tokens).size).toBe(2)
  })

  test('leaves one audit row with the user and the session, and without secrets', async () => {
    const bob = given()

    const { token, expiresAt } = await signIn(app, 'bob')

    const rows = (await readAudit(app)).filter(({ action }) => action === 'signIn')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      actor_kind: 'USER',
      actor_id: uuidOf(bob.id),
      api_key_id: null,
      address: '127.0.0.1',
      target_type: 'Session',
      target_id: decodeJwt(token).sid,
      before: null,
      after: { address: '127.0.0.1', expiresAt: new Date(expiresAt).toISOString() },
    })
  })

  test('with the key of an application leaves one audit row with the user and the key', async () => {
    const bob = given()
    const owner = await createUser(app, 'owner')

    await signIn(app, 'bob', PASSWORD, { 'api-key': owner.key })

    const [row, ...others] = (await readAudit(app)).filter(({ action }) => action === 'signIn')
    expect(others).toEqual([])
    expect(row).toMatchObject({ actor_id: uuidOf(bob.id), api_key_id: uuidOf(owner.keyId) })
  })

  test.each([
    ['a wrong password', 'bob', `${PASSWORD}x`],
    ['the password in other case', 'bob', PASSWORD.toUpperCase()],
    ['a blank after it', 'bob', `${PASSWORD} `],
    ['no password', 'bob', ''],
    ['no username', '', PASSWORD],
    ['a blank after the username', 'bob ', PASSWORD],
  ])('with %s is refused, and begins no session', async (_what, username, password) => {
    const answer = await withoutChange(app, () => app.nobody.send(SIGN_IN, { username, password }))

    expect([answer.status, answer.headers.get('www-authenticate'), answer.errors]).toEqual([200, null, []])
    expect(answer.data.signIn).toEqual({
      __typename: 'WrongCredentialsError',
      code: 'WRONG_CREDENTIALS',
      message: 'The username or password is not right.',
    })
  })

  test('with a wrong password is told in the errors to a document that does not select it, with 200', async () => {
    const { status, headers, data, errors } = await app.nobody.send(
      `mutation { signIn(input: { username: "bob", password: "wrong" }) { ... on SignInPayload { token } } }`,
    )

    expect([status, headers.get('www-authenticate'), data]).toEqual([200, null, { signIn: {} }])
    expect(errors).toEqual([
      {
        message: 'The username or password is not right.',
        path: ['signIn'],
        extensions: { code: 'WRONG_CREDENTIALS' },
      },
    ])
  })

  test('deletes the sessions that ended more than 30 days ago', async () => {
    const bob = given()
    for (let times = 0; times < 3; times++) await signIn(app, 'bob')
    const [old, recent] = await query(app, sql`select id from sessions order by id`)
    await query(
      app,
      sql`update sessions set created_at = created_at - interval '40 days', expires_at = expires_at - interval '31 days' where id = ${old?.id}`,
    )
    await query(
      app,
      sql`update sessions set created_at = created_at - interval '40 days', expires_at = expires_at - interval '29 days' where id = ${recent?.id}`,
    )

    await signIn(app, 'bob')

    const rows = await query(app, sql`select id from sessions where user_id = ${uuidOf(bob.id)}`)
    expect(rows).toHaveLength(3)
    expect(rows).not.toContainEqual(old)
  })
})

describe('a session', () => {
  /** The session that a token names, begun and ended that many seconds earlier; gives the token that fits it. */
  async function move(token: string, seconds: number) {
    const { header, payload } = readToken(token)
    const by = sql`make_interval(secs => ${seconds})`
    await query(
      app,
      sql`update sessions set created_at = created_at - ${by}, expires_at = expires_at - ${by} where id = ${payload.sid}`,
    )
    const claims = { ...payload, iat: Number(payload.iat) - seconds, exp: Number(payload.exp) - seconds }
    return forge(await readPrivateKey(app), header, claims)
  }

  test('is valid until its end and not after', async () => {
    const { token } = await signIn(app, 'bob')

    const almost = await move(token, 3540)
    expect(await statusOf(app.as(bearer(almost)))).toBe(200)
    const over = await move(almost, 61)

    expect(await statusOf(app.as(bearer(over)))).toBe(401)
  })

  test('that was shortened in the database ends then, although its token says otherwise', async () => {
    const { client } = await signIn(app, 'bob')

    await query(app, sql`update sessions set expires_at = date_trunc('second', now()) - interval '1 second'`)

    expect(await statusOf(client)).toBe(401)
  })

  test('works in a GET request too', async () => {
    const { token } = await signIn(app, 'bob')

    const response = await fetch(`${app.url}?query=${encodeURIComponent('{ viewer { user { username } } }')}`, {
      headers: bearer(token),
    })

    expect(await response.json()).toEqual({ data: { viewer: { user: { username: 'bob' } } } })
  })

  test('stays valid after a rotation of the key, and the next one is signed with the new key', async () => {
    const before = await signIn(app, 'bob')

    const id = await app.database.transaction((tx) => makeSigningKey(tx, KEYRING))

    expect(await statusOf(before.client)).toBe(200)
    const after = await signIn(app, 'bob')
    expect(readToken(after.token).header.kid).toBe(id)
    expect((await readKeySet(app)).keys.map(({ kid }) => kid)).toEqual([id, readToken(before.token).header.kid])
    expect(await statusOf(after.client)).toBe(200)
  })

  test('ends when the database says so, although the clock of the server is hours ahead', async () => {
    const { client } = await signIn(app, 'bob')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 3_600_000 })

    const status = await statusOf(client).finally(() => vi.useRealTimers())

    expect(status).toBe(200)
  })

  test('is invalid if its key was withdrawn, although the server has used the key', async () => {
    const { client, token } = await signIn(app, 'bob')
    expect(await statusOf(client)).toBe(200)

    await withdraw(token)

    expect(await statusOf(client)).toBe(401)
    const verified = await app.root.ok('query ($token: String!) { verifySession(token: $token) { username } }', {
      token,
    })
    expect(verified).toEqual({ verifySession: null })
    expect(await statusOf((await signIn(app, 'bob')).client)).toBe(200)
  })

  test('is invalid if its key was retired longer ago than a session lasts', async () => {
    // One that no token was verified with: those are remembered for a while.
    await app.database.transaction((tx) => makeSigningKey(tx, KEYRING))
    const { client } = await signIn(app, 'bob')

    const id = await app.database.transaction((tx) => makeSigningKey(tx, KEYRING))
    await query(app, sql`update signing_keys set retired_at = now() - interval '31 days' where retired_at is not null`)

    expect(await statusOf(client)).toBe(401)
    expect((await readKeySet(app)).keys.map(({ kid }) => kid)).toEqual([id])
  })

  test('has its private key stored only encrypted', async () => {
    const [row] = await query<{ private_key: string }>(app, sql`select private_key from signing_keys`)

    const { d } = (await readPrivateKey(app)).export({ format: 'jwk' })
    expect(row?.private_key.split('.')).toHaveLength(5)
    expect(JSON.stringify(row)).not.toContain(d)
  })
})

describe('a server with an issuer of its own', () => {
  const other = startApp({ tokenIssuer: 'https://id.example.test' })

  test('signs tokens as that issuer, for itself', async () => {
    await createPerson(other, 'bob')

    const { token, client } = await signIn(other, 'bob')

    expect(readToken(token).payload).toMatchObject({ iss: 'https://id.example.test', aud: 'https://id.example.test' })
    expect(await statusOf(client)).toBe(200)
  })

  test('refuses a token that its key signs for another issuer or audience', async () => {
    await createPerson(other, 'bob')
    const { token } = await signIn(other, 'bob')

    const { header, payload } = readToken(token)
    const key = await readPrivateKey(other)

    for (const claims of [{ iss: 'chatelaine' }, { aud: 'chatelaine' }]) {
      const forged = forge(key, header, { ...payload, ...claims })
      expect(await statusOf(other.as(bearer(forged)))).toBe(401)
    }
    expect(await statusOf(other.as(bearer(forge(key, header, payload))))).toBe(200)
  })
})
