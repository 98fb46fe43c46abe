import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { at, countOf, outcomeOf, startBehindProxy } from '../../support/guesses.ts'
import { statusOf } from '../../support/look.ts'
import { readAudit } from '../../support/rows.ts'
import { createUser } from '../../support/seed.ts'
import {
  basic,
  bearer,
  createPerson,
  OTHER_PASSWORD,
  PASSWORD,
  SIGN_IN,
  SIGN_OUT,
  signIn,
  VIEWER,
  withoutChange,
} from '../../support/sessions.ts'

const app = startApp()

type Headers = Record<string, string>

/** The token of a session of bob that was signed out. */
async function deadToken(): Promise<string> {
  const { token, client } = await signIn(app, 'bob')
  await client.ok(SIGN_OUT)
  return token
}

const BAD: [string, () => Promise<Headers>][] = [
  ['the token of a session that was signed out', async () => bearer(await deadToken())],
  ['a forged token', async () => bearer(`${(await signIn(app, 'bob')).token.slice(0, -8)}AAAAAAAA`)],
  [
    'a revoked key',
    async () => {
      const { key, keyId } = await createUser(app, 'carol')
      await change(app.root, 'revokeApiKey', { apiKey: keyId })
      return { 'api-key': key }
    },
  ],
  ['a text that is no key', async () => bearer('nonsense')],
  ['an empty token', async () => ({ authorization: 'Bearer ' })],
  ['an unknown scheme', async () => ({ authorization: 'Digest abc' })],
  ['a wrong password', async () => basic('bob', 'wrong')],
  ['two different keys', async () => ({ 'api-key': 'one', authorization: 'Bearer two' })],
]

describe.each(BAD)('%s in the headers', (_what, headersOf) => {
  const given = app.world(async () => {
    await createPerson(app, 'bob')
    return { headers: await headersOf() }
  })

  test('does not hinder a sign-in', async () => {
    const client = app.as(given().headers)

    const { token } = (await client.ok(SIGN_IN, { username: 'bob', password: PASSWORD })).signIn

    expect(await statusOf(app.as(bearer(token)))).toBe(200)
    const { action, api_key_id } = (await readAudit(app)).at(-1) ?? {}
    expect([action, api_key_id]).toEqual(['signIn', null])
  })

  test('is not made good by a sign-in, and a wrong password is still wrong', async () => {
    const { headers } = given()
    const answer = await withoutChange(app, () =>
      app.as(headers).send(SIGN_IN, { username: 'bob', password: OTHER_PASSWORD }),
    )

    expect([answer.status, answer.data.signIn.__typename]).toEqual([200, 'WrongCredentialsError'])
    await signIn(app, 'bob', PASSWORD, headers)
    expect(await statusOf(app.as(headers))).toBe(401)
  })
})

describe('with the token of an ended session, 401 is the answer to', () => {
  const given = app.world(async () => {
    await createPerson(app, 'bob')
    return { headers: bearer(await deadToken()) }
  })
  const FIELD = `signIn(input: { username: $username, password: $password }) { ... on SignInPayload { token } }`
  const VARIABLES = '($username: String!, $password: String!)'

  test.each([
    ['a query', VIEWER],
    ['introspection', '{ __schema { queryType { name } } }'],
    ['a query without a field of the schema', '{ __typename }'],
    ['another mutation', SIGN_OUT],
    ['another mutation under the name signIn', 'mutation { signIn: signOut { __typename } }'],
    ['a sign-in beside another field', `mutation ${VARIABLES} { ${FIELD} __typename }`],
    ['a sign-in behind another field', `mutation ${VARIABLES} { __typename ${FIELD} }`],
    ['two sign-ins', `mutation ${VARIABLES} { ${FIELD} b: ${FIELD} }`],
    ['a sign-in beside a query', `mutation a ${VARIABLES} { ${FIELD} } query b { __typename }`],
    ['a sign-in beside another mutation', `mutation a ${VARIABLES} { ${FIELD} } mutation b { __typename }`],
    ['a sign-in within a fragment', `mutation ${VARIABLES} { ...f } fragment f on Mutation { ${FIELD} }`],
    ['a sign-in within an inline fragment', `mutation ${VARIABLES} { ... { ${FIELD} } }`],
    ['a query of the field signIn', `query ${VARIABLES} { ${FIELD} }`],
    ['a document that is not GraphQL', 'mutation { signIn('],
    ['a document without an operation', 'fragment f on Mutation { __typename }'],
    ['no document', ''],
  ])('%s', async (_what, document) => {
    const client = app.as(given().headers)

    const answer = await withoutChange(app, () => client.send(document, { username: 'bob', password: PASSWORD }))

    expect([answer.status, answer.data]).toEqual([401, null])
    expect(answer.errors).toEqual([
      { message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } },
    ])
  })

  test('a sign-in by GET', async () => {
    const params = { query: SIGN_IN, variables: JSON.stringify({ username: 'bob', password: PASSWORD }) }

    const response = await fetch(`${app.url}?${new URLSearchParams(params)}`, { headers: given().headers })

    expect(response.status).toBe(401)
  })
})

test('an error of a sign-in tells no more than without a credential', async () => {
  await createPerson(app, 'bob')
  const document = 'mutation { signIn(input: { usernam: "bob" }) { tokn } }'

  const answer = await app.as(bearer(await deadToken())).send(document)

  const { status, errors } = await app.nobody.send(document)
  expect([answer.status, answer.errors]).toEqual([status, errors])
})

describe('guesses with a bad credential are limited', () => {
  const proxied = startBehindProxy()

  test.each<[string, (guess: number) => Headers, object]>([
    ['a token that is not valid', () => bearer('eyJ.eyJ.eyJ'), { wrong: 10, limited: 2 }],
    // Each request brings two guesses: one in the header and one in the document.
    ['a wrong password', (guess) => basic('bob', `wrong guess ${guess}`), { wrong: 5, limited: 7 }],
  ])('beside %s', async (_what, headersOf, expected) => {
    await createPerson(proxied, 'bob')
    const outcomes: string[] = []

    for (let made = 0; made < 12; made++) {
      const client = proxied.as({ ...at('192.0.2.1'), ...headersOf(made) })
      outcomes.push(outcomeOf(await client.send(SIGN_IN, { username: 'bob', password: `another guess ${made}` })))
    }

    expect(countOf(outcomes)).toEqual(expected)
    const right = await proxied.as({ ...at('192.0.2.1'), ...headersOf(12) }).send(SIGN_IN, {
      username: 'bob',
      password: PASSWORD,
    })
    expect(outcomeOf(right)).toBe('limited')
  })
})
