/** GraphQL's own errors say what was wrong and where, and repeat nothing of the input: it may be a secret in the wrong place. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { get } from '../support/http.ts'
import { withoutWriting } from '../support/rows.ts'

const app = startApp()

const SECRET = 'hunter2-of-the-caller'
/** A secret that is written without quotes, and one that is a number. */
const WORD = 'hunter2_of_the_caller'
const NUMBER = 4_711_081_547
const HIDDEN = /hunter2|4711081547|471108/i

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }'
const CREATE_USER = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { __typename } }'
const UPDATE_USER = 'mutation ($input: UpdateUserInput!) { updateUser(input: $input) { __typename } }'
const GRANT = 'mutation ($input: GrantControllerAccessInput!) { grantControllerAccess(input: $input) { __typename } }'
const CREATE_KEY = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename } }'
const REVOKE_KEY = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename } }'
const ADD = 'mutation ($input: AddCredentialInput!) { addCredential(input: $input) { __typename } }'
const CHECK = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { code } }'

/** What is wrong, the document with the input in variables, the variables, and what the message must name. */
const IN_VARIABLES: [string, string, object, RegExp][] = [
  ['a number for a string', SIGN_IN, { input: { username: 'bob', password: NUMBER } }, /password/],
  ['a list for a string', SIGN_IN, { input: { username: 'bob', password: [SECRET] } }, /password/],
  ['an object for a string', SIGN_IN, { input: { username: 'bob', password: { text: SECRET } } }, /password/],
  ['a boolean for a string', SIGN_IN, { input: { username: 'bob', password: true, extra: SECRET } }, /password|extra/],
  ['a string for an object', SIGN_IN, { input: SECRET }, /input/],
  ['a list for an object', SIGN_IN, { input: [SECRET] }, /input/],
  ['null for what is needed', SIGN_IN, { input: { username: SECRET, password: null } }, /password/],
  ['nothing for what is needed', SIGN_IN, { input: { username: SECRET } }, /password/],
  ['a field that is not there', SIGN_IN, { input: { username: 'bob', password: SECRET, secret: SECRET } }, /secret/],
  ['no e-mail address', CREATE_USER, { input: { username: 'bob', email: SECRET } }, /email/],
  ['a number for an e-mail address', CREATE_USER, { input: { username: 'bob', email: NUMBER } }, /email/],
  ['an object for an e-mail address', CREATE_USER, { input: { username: 'b', email: { a: SECRET } } }, /email/],
  ['no boolean', CREATE_USER, { input: { username: 'bob', isAdmin: SECRET } }, /isAdmin/],
  ['a string for a list of objects', CREATE_USER, { input: { username: 'bob', roles: SECRET } }, /roles/],
  ['a string in a list of objects', CREATE_USER, { input: { username: 'bob', roles: [SECRET] } }, /roles/],
  ['an object for a list of objects', CREATE_USER, { input: { username: 'b', roles: { a: SECRET } } }, /roles/],
  ['no time', CREATE_KEY, { input: { label: 'ci', expiresAt: SECRET } }, /expiresAt/],
  ['a number for a time', CREATE_KEY, { input: { label: 'ci', expiresAt: NUMBER } }, /expiresAt/],
  ['an object for an id', REVOKE_KEY, { input: { apiKey: { id: SECRET } } }, /apiKey/],
  ['a list for an id', REVOKE_KEY, { input: { apiKey: [SECRET] } }, /apiKey/],
  ['a boolean for an id', REVOKE_KEY, { input: { apiKey: true, x: SECRET } }, /apiKey|x/],
  ['no value of an enum', GRANT, { input: { user: 'bob', controller: 'gce1', access: SECRET } }, /access/],
  ['a number for an enum', GRANT, { input: { user: 'bob', controller: 'gce1', access: NUMBER } }, /access/],
  ['an object for an enum', GRANT, { input: { user: 'b', controller: 'g', access: { a: SECRET } } }, /access/],
  ['a string for an attribute set', ADD, { input: { name: 'aws', attributes: { jsonfile: SECRET } } }, /jsonfile/],
  ['a number in an attribute', ADD, { input: { name: 'a', attributes: { jsonfile: { file: NUMBER } } } }, /file/],
  [
    'an object in an attribute',
    ADD,
    { input: { name: 'a', attributes: { jsonfile: { file: { a: SECRET } } } } },
    /file/,
  ],
  [
    'several members of one',
    ADD,
    { input: { name: 'a', attributes: { jsonfile: { file: SECRET }, empty: null } } },
    /attributes/,
  ],
  ['a list for a key', CHECK, { input: { apiKey: [SECRET], questions: [] } }, /apiKey/],
]

/** The first error, which must be a refusal of the request, before anything was done. */
async function errorsOf(document: string, variables: object = {}) {
  const { errors, data } = await withoutWriting(app, () => app.root.send(document, variables))
  expect(data).toBe(null)
  expect(errors.length).toBeGreaterThan(0)
  return errors
}

/** What was told of an input that was refused, as data or in the errors: nothing of it is written. */
async function toldOf(document: string, variables: object): Promise<string> {
  const { errors, data } = await withoutWriting(app, () =>
    app.root.send(document.replace('{ __typename }', `{ __typename ${ISSUES} }`), variables),
  )
  const codes = errors.map(({ extensions }) => extensions.code)
  const types = Object.values(data ?? {}).map((result) => (result as { __typename: string }).__typename)
  expect([...new Set([...codes, ...types])]).toEqual([data === null ? 'BAD_USER_INPUT' : 'InvalidInputError'])
  return JSON.stringify([errors, data])
}

const ISSUES = '... on InvalidInputError { message issues { path message } }'

describe('in variables', () => {
  test.each(IN_VARIABLES)('%s is refused by its place alone', async (_what, document, variables, names) => {
    const told = await toldOf(document, variables)

    expect(told).not.toMatch(HIDDEN)
    expect(told).toMatch(names)
  })

  test.each<[string, string, object]>([
    ['no integer', 'query ($n: Int) { users(first: $n) { totalCount } }', { n: SECRET }],
    ['an integer that is too large', 'query ($n: Int) { users(first: $n) { totalCount } }', { n: NUMBER }],
    ['a list for an integer', 'query ($n: Int) { users(first: $n) { totalCount } }', { n: [SECRET] }],
    ['an object for an id', 'query ($n: ID!) { node(id: $n) { id } }', { n: { id: SECRET } }],
    ['no boolean', 'query ($n: Boolean!) { viewer @include(if: $n) { user { id } } }', { n: SECRET }],
    ['a number for a boolean', 'query ($n: Boolean!) { viewer @include(if: $n) { user { id } } }', { n: NUMBER }],
    ['a list for a string', 'query ($n: String!) { user(username: $n) { id } }', { n: [SECRET] }],
    ['a number for a secret', 'query ($n: String!) { verifyApiKey(secret: $n) { username } }', { n: NUMBER }],
    ['no order', 'query ($n: UserOrder) { users(orderBy: $n) { totalCount } }', { n: { field: SECRET } }],
    ['no filter', 'query ($n: UserFilter) { users(filter: $n) { totalCount } }', { n: SECRET }],
  ])('%s is BAD_USER_INPUT that names the variable, by POST and by GET', async (_what, document, variables) => {
    const errors = await errorsOf(document, variables)
    const byGet = await (await get(app, { query: document, variables: JSON.stringify(variables) })).text()

    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT'])
    expect(errors[0]?.message).toContain('"$n"')
    for (const text of [JSON.stringify(errors), byGet]) expect(text).not.toMatch(HIDDEN)
    expect(byGet).toContain('$n')
  })
})

describe('in the document', () => {
  const signIn = (input: string) => `mutation { signIn(input: ${input}) { __typename } }`
  const createUser = (input: string) => `mutation { createUser(input: ${input}) { __typename } }`

  test.each<[string, string, RegExp]>([
    ['a number for a string', signIn(`{ username: "bob", password: ${NUMBER} }`), /String/],
    ['a word for a string', signIn(`{ username: "bob", password: ${WORD} }`), /String/],
    ['a list for a string', signIn(`{ username: "bob", password: ["${SECRET}"] }`), /String/],
    ['an object for a string', signIn(`{ username: "bob", password: { a: "${SECRET}" } }`), /String/],
    ['a text block for an object', signIn(`"""${SECRET}"""`), /SignInInput/],
    ['a string for an object', signIn(`"${SECRET}"`), /SignInInput/],
    ['a list for an object', signIn(`["${SECRET}"]`), /SignInInput/],
    ['nothing for what is needed', signIn(`{ username: "${SECRET}" }`), /password/],
    ['no e-mail address', createUser(`{ username: "bob", email: "${SECRET}" }`), /email/i],
    ['a number for an e-mail address', createUser(`{ username: "bob", email: ${NUMBER} }`), /email/i],
    ['no boolean', createUser(`{ username: "bob", isAdmin: "${SECRET}" }`), /Boolean/],
    ['a word for a boolean', createUser(`{ username: "bob", isAdmin: ${WORD} }`), /Boolean/],
    ['a string for a list of objects', createUser(`{ username: "bob", roles: "${SECRET}" }`), /RoleGrantInput/],
    ['no time', `mutation { createApiKey(input: { label: "x", expiresAt: "${SECRET}" }) { __typename } }`, /Date/],
    [
      'a number for a time',
      `mutation { createApiKey(input: { label: "x", expiresAt: ${NUMBER} }) { __typename } }`,
      /Date/,
    ],
    ['a list for an id', `{ node(id: ["${SECRET}"]) { id } }`, /ID/],
    ['a word for an id', `{ node(id: ${WORD}) { id } }`, /ID/],
    ['no integer', `{ users(first: "${SECRET}") { totalCount } }`, /Int/],
    ['an integer that is too large', `{ users(first: ${NUMBER}) { totalCount } }`, /Int/],
    ['a string for an enum', `{ users(orderBy: { field: "${SECRET}" }) { totalCount } }`, /UserOrderField/],
    ['no value of an enum', `{ users(orderBy: { field: ${WORD} }) { totalCount } }`, /UserOrderField/],
    ['no boolean in a directive', `{ viewer @include(if: "${SECRET}") { user { id } } }`, /Boolean/],
    ['a default of a variable', `query ($n: Int = "${SECRET}") { users(first: $n) { totalCount } }`, /Int/],
    [
      'an attribute',
      `mutation { addCredential(input: { name: "a", attributes: { jsonfile: { file: ${NUMBER} } } }) { __typename } }`,
      /String/,
    ],
  ])('%s is GRAPHQL_VALIDATION_FAILED that names the type or the argument', async (_what, document, names) => {
    const errors = await errorsOf(document)
    const byGet = document.startsWith('mutation') ? '' : await (await get(app, { query: document })).text()

    expect(errors.map(({ extensions }) => extensions.code)).toEqual(
      Array(errors.length).fill('GRAPHQL_VALIDATION_FAILED'),
    )
    for (const text of [JSON.stringify(errors), byGet]) expect(text).not.toMatch(HIDDEN)
    expect(errors[0]?.message).toMatch(names)
  })
})

describe('what is no secret stays', () => {
  test.each<[string, string, object, string]>([
    ['the names of what is missing', UPDATE_USER, { input: {} }, 'user'],
    ['the type', 'query ($n: Int) { users(first: $n) { totalCount } }', { n: 'x' }, 'Int'],
    ['null', SIGN_IN, { input: { username: 'bob', password: null } }, 'null'],
  ])('in the message: %s', async (_what, document, variables, name) => {
    const [error] = await errorsOf(document, variables)

    expect(error?.message).toContain(name)
  })
})
