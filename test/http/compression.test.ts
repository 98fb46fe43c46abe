import { getIntrospectionQuery, getNamedType, isCompositeType, isObjectType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import { startApp } from '../support/app.ts'
import { JSON_AS_ROOT } from '../support/http.ts'

const app = startApp()

const INTROSPECTION = getIntrospectionQuery()
/** Thirty aliases, which make an answer larger than 1 kB. */
const MANY = Array.from({ length: 30 }, (_none, i) => `alias_of_the_identifier_${i}: id`).join(' ')
const MUTATION = `mutation m { createProject(input: { code: "apollo" }) { ... on CreateProjectPayload { project { ${MANY} } } } }`

/** Asks as root; answers what a client sees of the compression, and the text. */
async function ask(query: string, encoding: string, more: object = {}) {
  const response = await fetch(app.url, {
    method: 'POST',
    headers: { ...JSON_AS_ROOT, 'accept-encoding': encoding },
    body: JSON.stringify({ query, ...more }),
  })
  return { ...seen(response), text: await response.text() }
}

function seen({ headers, status }: Response) {
  const length = Number(headers.get('content-length'))
  return { status, encoding: headers.get('content-encoding'), vary: headers.get('vary'), length }
}

describe('a large answer to a query', () => {
  test('is a tenth of its size with brotli and with gzip, and the same text', async () => {
    const plain = await ask(INTROSPECTION, 'identity')
    const brotli = await ask(INTROSPECTION, 'br')
    const zipped = await ask(INTROSPECTION, 'gzip')

    expect([plain.encoding, brotli.encoding, zipped.encoding]).toEqual([null, 'br', 'gzip'])
    expect([brotli.text, zipped.text]).toEqual([plain.text, plain.text])
    expect(plain.length).toBe(Buffer.byteLength(plain.text))
    expect([brotli.length < plain.length / 10, zipped.length < plain.length / 10]).toEqual([true, true])
  })

  test.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0.5, gzip', 'gzip'],
    ['gzip;q=0.5, br;q=0.4', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['GZIP', 'gzip'],
    ['identity, gzip;q=0.5', null],
    ['gzip;q=0', null],
    ['gzip;q=0.000, br;q=0', null],
    ['*;q=0', null],
    ['deflate, zstd', null],
    ['', null],
    ['gzip;q=', null],
    ['gzip;;;q', null],
    ['identity;q=0', null],
  ])('follows Accept-Encoding: %s', async (accepted, encoding) => {
    const answer = await ask(INTROSPECTION, accepted)

    expect(answer).toMatchObject({ status: 200, encoding, vary: 'accept-encoding' })
    expect(JSON.parse(answer.text).data.__schema.queryType).toEqual({ name: 'Query', kind: 'OBJECT' })
  })
})

describe('a server with a list of origins', () => {
  const ORIGIN = 'https://app.example.test'
  const shared = startApp({ corsOrigins: [ORIGIN] })

  test('says that a compressed answer to a GET varies by the origin as well', async () => {
    const response = await fetch(`${shared.url}?${new URLSearchParams({ query: INTROSPECTION })}`, {
      headers: { ...JSON_AS_ROOT, 'accept-encoding': 'gzip', origin: ORIGIN },
    })

    expect(seen(response)).toMatchObject({ status: 200, encoding: 'gzip', vary: 'origin, accept-encoding' })
  })
})

describe('not compressed is', () => {
  test('an answer below 1 kB', async () => {
    expect(await ask('{ viewer { user { username } } }', 'gzip')).toEqual({
      ...{ status: 200, encoding: null, vary: null, length: 52 },
      // The spaces are those of the database.
      text: '{"data":{"viewer":{"user" : {"username" : "root"}}}}',
    })
  })

  test.each([
    ['a mutation', MUTATION, {}],
    ['a mutation beside a query', `query q { __typename } ${MUTATION}`, { operationName: 'm' }],
  ])('the answer to %s', async (_what, document, more) => {
    const { encoding, length } = await ask(document, 'br, gzip', more)

    expect([encoding, length > 1024]).toEqual([null, true])
  })

  test('what is refused, which may quote the document', async () => {
    const fields = Array.from({ length: 20 }, (_none, i) => `no_such_field_of_the_schema_${i}`)

    const { encoding, length } = await ask(`{ ${fields.join(' ')} }`, 'gzip')

    expect([encoding, length > 1024]).toEqual([null, true])
  })
})

test('no type that a query can reach has a field with a secret', () => {
  const reached = new Set<string>()
  const secrets: string[] = []
  const visit = (name: string) => {
    const type = schema.getType(name)
    if (reached.has(name) || !isCompositeType(type)) return
    reached.add(name)
    if (!isObjectType(type)) for (const { name: one } of schema.getPossibleTypes(type)) visit(one)
    if (!('getFields' in type)) return
    for (const field of Object.values(type.getFields())) {
      if (['secret', 'token', 'password'].includes(field.name)) secrets.push(`${name}.${field.name}`)
      visit(getNamedType(field.type).name)
    }
  }

  visit('Query')

  expect(secrets).toEqual([])
  expect([reached.has('ApiKey'), reached.has('VerifiedSession'), reached.has('CreateUserPayload')]).toEqual([
    ...[true, true, false],
  ])
})
