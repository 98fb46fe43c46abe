import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { hashToken } from '../../src/entities/api-key/token.ts'
import { change } from '../support/change.ts'
import { at, outcomeOf, startBehindProxy } from '../support/guesses.ts'
import { statusOf } from '../support/look.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { query } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'
import { bearer, createPerson, SIGN_OUT, signIn, VIEWER } from '../support/sessions.ts'

const app = startBehindProxy()
/** The key of bar in the document of List The Docs. */
const IMPORTED = 'JUGT4EbTWwqL9Lr5baSLgC4iYwylC5uCWvfDpHof-XQ'
const [HERE, ELSEWHERE, THERE, BEYOND] = ['203.0.113.1', '198.51.100.1', '192.0.2.1', '192.0.3.1']

/** bar, whose key is of another system. */
const given = app.world(async () => {
  const bar = await createUser(app, 'bar')
  await query(
    app,
    sql`update api_keys set source = 'IMPORTED', hash = ${hashToken(IMPORTED)} where id = ${bar.keyId.slice(4)}`,
  )
  return bar
})

const counted = () => query(app, sql`select points from password_guesses where key like 'key:%'`)
const ask = async (address: string, key: string) =>
  outcomeOf(await app.as({ ...at(address), 'api-key': key }).send(VIEWER))

describe('a key of another system', () => {
  test('is accepted like any other, by each of the three headers', async () => {
    given()

    const ways: Record<string, string>[] = [
      { 'api-key': IMPORTED },
      { authorization: `Bearer ${IMPORTED}` },
      { authorization: `Token ${IMPORTED}` },
    ]
    for (const headers of ways)
      expect(await app.as(headers).ok(VIEWER)).toEqual({ viewer: { user: { username: 'bar' } } })
  })

  test('is verified for other services', async () => {
    given()

    const document = 'query ($secret: String!) { verifyApiKey(secret: $secret) { username } }'

    expect(await app.root.ok(document, { secret: IMPORTED })).toEqual({ verifyApiKey: { username: 'bar' } })
  })

  test('is refused once it was revoked, and the refusal names it', async () => {
    const { keyId } = given()
    await change(app.root, 'revokeApiKey', { apiKey: keyId })

    expect(await ask(HERE, IMPORTED)).toBe('wrong')

    const refusals = await query(app, sql`select target_type from audit_events where code = 'UNAUTHENTICATED'`)
    expect(refusals).toEqual([{ target_type: 'ApiKey' }])
    expect(await counted()).toEqual([])
  })

  test('is rotated into one of ours', async () => {
    const { keyId } = given()

    const { secret } = await change(app.root, 'rotateApiKey', { apiKey: keyId }, 'secret')

    expect(secret).toMatch(/^chl_/)
    expect(await ask(HERE, IMPORTED)).toBe('wrong')
    expect(await ask(HERE, secret)).toBe('in')
  })
})

describe('wrong keys of other forms', () => {
  test('are limited to a hundred from one address, and then imported keys are refused from there alone', async () => {
    const { key } = given()
    const outcomes: string[] = []

    for (let guess = 0; guess < 101; guess++) outcomes.push(await ask(HERE, `guess-${guess}-0123456789abcdef`))

    expect(outcomes).toEqual([...Array(100).fill('wrong'), 'limited'])
    expect(await ask(HERE, IMPORTED)).toBe('limited')
    expect(await ask(ELSEWHERE, IMPORTED)).toBe('in')
    expect(await ask(HERE, ROOT_KEY)).toBe('in')
    const own = await createUser(app, 'own')
    expect(await ask(HERE, own.key)).toBe('in')
    expect(await ask(HERE, key)).toBe('wrong')
  })

  test('are limited where they all come at once: the right key behind a hundred wrong ones is not let in', async () => {
    const right = randomBytes(16).toString('hex')
    const sha256 = createHash('sha256').update(right).digest('hex')
    await change(app.root, 'importUsers', { items: [{ username: 'guessed', apiKeys: [{ sha256 }] }] })
    const guesses = Array.from({ length: 150 }, (_, guess) => `burst-${guess}-0123456789abcdef`)

    const outcomes = await Promise.all([...guesses, right].map((key) => ask(THERE, key)))

    expect(outcomes.filter((outcome) => outcome === 'wrong')).toHaveLength(100)
    expect(outcomes.at(-1)).toBe('limited')
  })

  test('are limited also where the right key is in use elsewhere, and the server knows it', async () => {
    given()
    expect(await ask(ELSEWHERE, IMPORTED)).toBe('in')
    for (let guess = 0; guess < 101; guess++) await ask(BEYOND, `known-${guess}-0123456789abcdef`)

    expect(await ask(BEYOND, IMPORTED)).toBe('limited')
    expect(await ask(BEYOND, ROOT_KEY)).toBe('in')
    expect(await ask(ELSEWHERE, IMPORTED)).toBe('in')
  })

  test('are not counted where no key was imported', async () => {
    await change(app.root, 'revokeApiKey', { apiKey: given().keyId })

    expect(await ask(HERE, 'guess-0-0123456789abcdef')).toBe('wrong')

    expect(await counted()).toEqual([])
  })

  test('do not include a right key beside a session that has ended', async () => {
    given()
    await createPerson(app, 'bob')
    const { token, client } = await signIn(app, 'bob')
    await client.ok(SIGN_OUT)

    expect(await statusOf(app.as({ ...bearer(token), 'api-key': IMPORTED }))).toBe(401)

    expect(await counted()).toEqual([])
  })
})
