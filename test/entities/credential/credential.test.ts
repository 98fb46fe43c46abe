import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { usernameOf } from '../../support/look.ts'
import { ROOT_KEY } from '../../support/root-key.ts'
import { createApiKey, createUser } from '../../support/seed.ts'

const app = startApp()

const VIEWER = '{ viewer { user { username } } }'
const REFUSED = [{ message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } }]

async function expectRefused(headers: Record<string, string>) {
  const answer = await app.as(headers).send(VIEWER)
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  expect(answer.data).toBe(null)
  expect(answer.errors).toEqual(REFUSED)
}

describe('a key', () => {
  test.each([
    ['Api-Key', (key: string) => ({ 'Api-Key': key })],
    ['Authorization: Bearer', (key: string) => ({ authorization: `Bearer ${key}` })],
    ['Authorization: Token', (key: string) => ({ authorization: `Token ${key}` })],
    ['Authorization: token, in lower case', (key: string) => ({ authorization: `token ${key}` })],
    ['two headers at once', (key: string) => ({ 'api-key': key, authorization: `Bearer ${key}` })],
  ])('is accepted in %s', async (_name, headers) => {
    const bob = await createUser(app, 'bob')

    expect(await usernameOf(app.as(headers(bob.key)))).toBe('bob')
    expect(await usernameOf(app.as(headers(ROOT_KEY)))).toBe('root')
  })

  test('is refused together with another key, even where both are valid', async () => {
    const bob = await createUser(app, 'bob')
    const second = await createApiKey(bob.client)

    await expectRefused({ 'api-key': bob.key, authorization: `Bearer ${second.key}` })
    await expectRefused({ 'api-key': bob.key, authorization: `Token ${ROOT_KEY}` })
  })

  test('is refused together with an invalid credential', async () => {
    const bob = await createUser(app, 'bob')

    await expectRefused({ 'api-key': bob.key, authorization: 'Bearer nonsense' })
    await expectRefused({ 'api-key': 'nonsense', authorization: `Bearer ${bob.key}` })
    await expectRefused({ 'api-key': bob.key, authorization: 'Basic cm9vdDpyb290' })
  })
})

describe('an invalid credential makes the whole request 401 with one message:', () => {
  test.each([
    ['an empty key', { 'api-key': '' }],
    ['nonsense', { 'api-key': 'nonsense' }],
    ['almost root’s key', { 'api-key': `${ROOT_KEY}x` }],
    ['root’s key in other case', { 'api-key': ROOT_KEY.toUpperCase() }],
    ['a long key', { 'api-key': 'x'.repeat(8000) }],
    ['an empty Authorization', { authorization: '' }],
    ['a scheme alone', { authorization: 'Bearer' }],
    ['a scheme and blanks', { authorization: 'Bearer   ' }],
    ['two tokens', { authorization: 'Bearer a b' }],
    ['an unknown scheme', { authorization: `Digest ${ROOT_KEY}` }],
    ['a key without a scheme', { authorization: ROOT_KEY }],
  ])('%s', async (_name, headers: Record<string, string>) => {
    await expectRefused(headers)
  })

  test('a key with one changed character', async () => {
    const bob = await createUser(app, 'bob')

    for (let at = 0; at < bob.key.length; at += 4) {
      const other = bob.key[at] === 'a' ? 'b' : 'a'
      await expectRefused({ 'api-key': bob.key.slice(0, at) + other + bob.key.slice(at + 1) })
    }
  })

  test('a key of the right form that was never created', async () => {
    const { createToken } = await import('../../../src/entities/api-key/token.ts')
    const hex = randomBytes(16).toString('hex')

    await expectRefused({ 'api-key': createToken(hex) })
  })

  test('the id of one key with the secret of another', async () => {
    const bob = await createUser(app, 'bob')
    const { createToken } = await import('../../../src/entities/api-key/token.ts')

    await expectRefused({ 'api-key': createToken(bob.key.slice(4, 36)) })
  })

  test('even where the document asks for nothing or is invalid', async () => {
    for (const document of ['{ __typename }', 'this is no document']) {
      const { status, errors } = await app.as({ 'api-key': 'nonsense' }).send(document)
      expect(status).toBe(401)
      expect(errors).toEqual(REFUSED)
    }
  })
})

describe('a request without a credential', () => {
  test('is refused with 401, whatever it asks for', async () => {
    const { status, headers, errors } = await app.nobody.send(VIEWER)

    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe('Bearer')
    expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED')
  })

  test('does not learn whether an object exists', async () => {
    const id = 'user_00000000-0000-7000-8000-000000000000'
    for (const document of [
      '{ user(username: "root") { __typename } }',
      `{ node(id: "${id}") { __typename } }`,
      '{ users { totalCount } }',
      'mutation { deleteUser(input: { user: "root" }) { __typename } }',
      '{ __schema { types { name } } }',
    ]) {
      const { status, errors } = await app.nobody.send(document)
      expect([document, status, errors[0]?.extensions.code]).toEqual([document, 401, 'UNAUTHENTICATED'])
    }
  })
})
