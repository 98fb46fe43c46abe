import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import { buildClientSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { CREATE, get, INSIDES, post } from '../support/http.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { snapshot } from '../support/rows.ts'

const app = startApp()

describe('other sites', () => {
  test.each(['https://evil.example', 'null', 'http://localhost:4000'])(
    'nothing is allowed to the origin %s',
    async (origin) => {
      const headers = { origin, 'api-key': ROOT_KEY }
      const preflight = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type, api-key',
      }

      const responses = await Promise.all([
        post(app, JSON.stringify({ query: '{ viewer { user { username } } }' }), { origin }),
        get(app, { query: '{ viewer { user { username } } }' }, headers),
        fetch(app.url, { method: 'OPTIONS', headers: preflight }),
        fetch(new URL('/health', app.url), { headers }),
        fetch(new URL('/nothing', app.url), { headers }),
        post(app, '{', { origin }),
        post(app, JSON.stringify({ query: '{ __typename }' }), { origin, 'api-key': 'bad' }),
      ])

      expect(responses.map(({ status }) => status)).toEqual([200, 200, 405, 200, 404, 400, 401])
      const names = responses.flatMap(({ headers: answered }) => [...answered.keys()])
      expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([])
    },
  )
})

describe('the schema', () => {
  const introspections = [
    '{ __schema { types { name } } }',
    '{ __type(name: "User") { name } }',
    'query { ... { __schema { types { name } } } }',
    'query { ...s } fragment s on Query { __schema { types { name } } }',
    getIntrospectionQuery(),
  ]

  test.each(introspections)('introspection is refused to an unknown caller: %s', async (query) => {
    const { status, data, errors } = await app.nobody.send(query)
    const byGet = await get(app, { query }, {})

    expect(status).toBe(401)
    expect(data).toBe(null)
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED'])
    expect(byGet.status).toBe(401)
    expect((await byGet.json()).data ?? null).toBe(null)
  })

  test('introspection is refused to an unknown caller in the operation they name among several', async () => {
    const query = 'query A { __typename } query B { __type(name: "User") { name } }'
    const body = JSON.stringify({ query, operationName: 'B' })

    const headers = { 'content-type': 'application/json' }
    const byPost = await fetch(app.url, { method: 'POST', headers, body })
    const byGet = await get(app, { query, operationName: 'B' }, {})

    expect([byPost.status, byGet.status]).toEqual([401, 401])
    expect((await byPost.text()) + (await byGet.text())).not.toContain('"User"')
  })

  test('a caller with a key reads the whole schema with the standard introspection', async () => {
    const query = getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true })

    const schema = buildClientSchema(await app.root.ok(query))

    const expected = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8')
    expect(printSchema(lexicographicSortSchema(schema)).trim()).toBe(expected.trim())
  })

  test.each([
    ['{ viewr { user { id } } }', {}],
    ['{ viewer { usr { id } } }', {}],
    ['{ user(usernam: "root") { id } }', {}],
    ['{ node(id: "x") { ... on Usr { id } } }', {}],
    ['mutation { createUser(input: { usernam: "a" }) { __typename } }', {}],
    ['query ($o: UserOrdr) { __typename }', {}],
    ['query ($o: UserOrder) { users(orderBy: $o) { nodes { id } } }', { o: { field: 'USERNAM' } }],
    ['query ($o: UserOrder) { users(orderBy: $o) { nodes { id } } }', { o: { feld: 'USERNAME' } }],
  ])('no name is suggested to whoever is unknown: %s', async (query, variables) => {
    const nobody = await app.nobody.send(query, variables)
    const root = await app.root.send(query, variables)
    const byGet = await get(app, { query, variables: JSON.stringify(variables) }, {})

    expect(JSON.stringify(nobody.errors)).not.toMatch(/did you mean|give one of/i)
    expect(await byGet.text()).not.toMatch(/did you mean|give one of/i)
    expect(nobody.errors.length).toBeGreaterThan(0)
    expect(JSON.stringify(root.errors)).toMatch(/Did you mean|Give one of/)
  })
})

describe('faults', () => {
  test.each([
    ['a query', '{ projects { nodes { code } } }', 'projects'],
    ['authentication', '{ viewer { user { username } } }', 'authority_versions'],
    ['a mutation', CREATE.query, 'audit_events'],
  ])(
    'a database that fails in %s is an error with a number, and tells nothing of itself',
    async (_what, query, table) => {
      const { db } = app.database
      const missing = `gone_${randomBytes(4).toString('hex')}`
      const before = await snapshot(app)
      await db.execute(sql`alter table ${sql.identifier(table)} rename to ${sql.identifier(missing)}`)

      const answers = [
        await post(app, JSON.stringify({ query })),
        await get(app, { query: query.replace('mutation', 'query') }),
      ]
      const texts = await Promise.all(answers.map((answer) => answer.text()))
      await db.execute(sql`alter table ${sql.identifier(missing)} rename to ${sql.identifier(table)}`)

      const { errors } = JSON.parse(texts[0] ?? '')
      expect(errors).toHaveLength(1)
      expect(errors[0].extensions.code).toBe('INTERNAL_SERVER_ERROR')
      expect(errors[0].extensions.requestId).toBe(answers[0]?.headers.get('x-request-id'))
      expect(texts.join('\n').replaceAll('"projects"', '')).not.toMatch(INSIDES)
      expect(texts.join('\n')).not.toContain(missing)
      expect(await snapshot(app)).toEqual(before)
    },
  )

  test('answers are kept by no cache and taken for nothing but what they are', async () => {
    const responses = [
      await post(app, JSON.stringify({ query: '{ __typename }' })),
      await get(app, { query: '{ __typename }' }),
      await post(app, '{'),
    ]

    for (const { headers } of responses) {
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
})
