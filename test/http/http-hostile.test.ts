import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { get, post } from '../support/http.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { snapshot } from '../support/rows.ts'

const app = startApp()

const times = (count: number, text: string | ((index: number) => string)) =>
  Array.from({ length: count }, (_, index) => (typeof text === 'string' ? text : text(index))).join(' ')

/** A document of our schema that nests so many levels deep. */
function nested(depth: number): string {
  const cycle = ['organization', 'projects', 'nodes']
  const names = ['viewer', 'user', ...Array.from({ length: depth - 3 }, (_, index) => cycle[index % 3] ?? ''), 'id']
  return `${names.map((name) => `{ ${name}`).join(' ')} ${'}'.repeat(depth)}`
}

const doubling = (steps: number) =>
  `{ ...f0 } ${times(steps, (index) => `fragment f${index} on Query { ...f${index + 1} ...f${index + 1} }`)} fragment f${steps} on Query { __typename }`
const chain = (length: number) =>
  `{ ...f0 } ${times(length, (index) => `fragment f${index} on Query { ...f${index + 1} }`)} fragment f${length} on Query { __typename }`
/** So many fields by few tokens: 7 of them in each spread. */
const manyFields = (spreads: number, more = '') =>
  `{ viewer { user { ${times(spreads, '...f')} ${more} } } } fragment f on User { id username kind isActive displayName email isAdmin }`
const viewer = (fields: string) => `{ viewer { user { ${fields} } } }`
const project = (name: string) => `${name}: createProject(input: { code: "${name}" }) { __typename }`

const TOO_COMPLEX: [string, string][] = [
  ['20,000 nested braces', '{a'.repeat(20_000)],
  ['20,000 nested braces that close', `${'{a'.repeat(20_000)}${'}'.repeat(20_000)}`],
  ['50,000 brackets in a value', `{ users(filter: ${'['.repeat(50_000)}) { nodes { id } } }`],
  ['50,000 brackets in a type', `query ($a: ${'['.repeat(50_000)}Int) { __typename }`],
  ['20,000 nested objects', `{ users(filter: ${'{a:'.repeat(20_000)}1) { nodes { id } } }`],
  ['13 levels', nested(13)],
  ['700 levels', nested(700)],
  [
    '13 levels through fragments',
    '{ viewer { ...a } } fragment a on Viewer { user { ...b } } fragment b on User { organization { projects { nodes { organization { projects { nodes { organization { projects { nodes { organization { id } } } } } } } } } } }',
  ],
  [
    '13 levels through inline fragments',
    nested(13).replaceAll('{ organization', '{ ... { organization').replace(/\}$/, '}'.repeat(5)),
  ],
  ['17 levels beside an introspection', nested(17).replace(/^\{/, '{ __type(name: "User") { name }')],
  ['31 aliases', viewer(times(31, (index) => `a${index}: id`))],
  [
    '31 aliases through a fragment',
    `{ viewer { user { ...a } } } fragment a on User { ${times(31, (index) => `a${index}: id`)} }`,
  ],
  ['31 aliases that are one', viewer(times(31, 'a: id'))],
  ['31 aliases of introspection', `{ ${times(31, (index) => `a${index}: __typename`)} }`],
  ['31 directives', viewer(times(31, 'id @include(if: true)'))],
  ['31 directives on one field', viewer(`id ${times(31, '@include(if: true)')}`)],
  ['31 root fields', `{ ${times(31, '__typename')} }`],
  [
    '31 root fields through fragments',
    `{ ${times(31, (index) => `...f${index}`)} } ${times(31, (index) => `fragment f${index} on Query { __typename }`)}`,
  ],
  ['doubling fragments, 2^14', doubling(14)],
  ['doubling fragments, 2^30', doubling(30)],
  ['doubling fragments, 2^150', doubling(150)],
  ['a chain of 5,000 fragments', chain(5000)],
  ['1,501 fields', manyFields(214, 'id')],
  ['1,000 equal fields', viewer(times(1000, 'id'))],
  ['10,000 fields', `{ ${times(10_000, 'a')} }`],
  ['1,000 introspections', `{ ${times(1000, (index) => `a${index}: __type(name: "User") { name }`)} }`],
  ['two changes', `mutation { ${project('a')} ${project('b')} }`],
  [
    'two changes through fragments',
    `mutation { ...a ...b } fragment a on Mutation { ${project('a')} } fragment b on Mutation { ${project('b')} }`,
  ],
  ['two changes, one left out', `mutation { ${project('a')} ... @skip(if: true) { ${project('b')} } }`],
  ['two changes of one name', `mutation { ${times(2, project('a'))} }`],
]

const NOT_ANSWERED: [string, string][] = [
  ['a fragment within itself', '{ ...a } fragment a on Query { ...a }'],
  ['two fragments within each other', '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }'],
  ['an unknown fragment', '{ ...a }'],
  ['1,000 unknown fields', `{ ${times(1000, (index) => `f${index}`)} }`],
  ['a subscription', 'subscription { a }'],
  ['a text that does not end', `{ user(username: "${'a'.repeat(100_000)}) { id } }`],
  ['a null byte', '{ viewer\u0000 { user { id } } }'],
  ['a lone surrogate', '{ viewer\ud800 { user { id } } }'],
  ['a schema', 'type Query { a: Int }'],
  ['250,000 commas', ','.repeat(250_000)],
  ['250,000 spaces', ' '.repeat(250_000)],
  ['a comment of 250,000 characters', `#${'a'.repeat(250_000)}`],
]

const HELD: [string, string][] = [
  ['12 levels', nested(12)],
  ['30 aliases', viewer(times(30, (index) => `a${index}: id`))],
  ['30 directives', viewer(times(30, 'id @include(if: true)'))],
  ['30 root fields', `{ ${times(30, '__typename')} }`],
  ['1,500 fields', manyFields(214)],
  ['a chain of 200 fragments', chain(200)],
  ['one change beside __typename', 'mutation { __typename createProject(input: { code: "a" }) { __typename } }'],
]

/** Sends a document as root and as nobody, by POST and where it fits by GET; each must be answered within a second. */
async function sendHostile(query: string): Promise<{ status: number; codes: string[] }[]> {
  const body = JSON.stringify({ query })
  const sends = [
    () => post(app, body),
    () => post(app, body, { 'api-key': ROOT_KEY, accept: 'application/graphql-response+json' }),
  ]
  sends.push(() => fetch(app.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } }))
  if (query.length < 4000 && query.isWellFormed() && !query.startsWith('mutation'))
    sends.push(() => get(app, { query }))
  const answers: { status: number; codes: string[] }[] = []
  for (const send of sends) {
    const started = performance.now()
    const response = await send()
    const { errors = [] } = await response.json()
    expect(performance.now() - started).toBeLessThan(1000)
    const codes = errors.map((error: { extensions: { code: string } }) => error.extensions.code)
    answers.push({ status: response.status, codes: [...new Set<string>(codes)] })
  }
  return answers
}

describe('a document that asks too much', () => {
  test.each(TOO_COMPLEX)('%s: refused within a second, and nothing is written', async (_what, query) => {
    const before = await snapshot(app)

    const answers = await sendHostile(query)

    for (const { status, codes } of answers) {
      expect(codes).toEqual(['QUERY_TOO_COMPLEX'])
      expect([200, 400]).toContain(status)
    }
    expect(answers[1]?.status).toBe(400)
    expect(await snapshot(app)).toEqual(before)
  })

  test.each(NOT_ANSWERED)('%s: a clear error within a second, and nothing is written', async (_what, query) => {
    const before = await snapshot(app)

    const answers = await sendHostile(query)

    for (const { status, codes } of answers) {
      expect(codes).toHaveLength(1)
      expect(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT', 'QUERY_TOO_COMPLEX']).toContain(
        codes[0],
      )
      expect([200, 400]).toContain(status)
    }
    expect(await snapshot(app)).toEqual(before)
  })

  test.each(HELD)('%s: answered, as the limits are not passed', async (_what, query) => {
    const { data, errors } = await app.root.send(query)

    expect(errors).toEqual([])
    expect(data).not.toBe(null)
  })

  test('fifty at the same time do not slow down the server for other callers', async () => {
    const hostile = Promise.all(Array.from({ length: 50 }, (_, index) => sendHostileOnce(index)))

    const started = performance.now()
    await app.root.ok('{ viewer { user { username } } }')
    expect(performance.now() - started).toBeLessThan(2000)
    expect(new Set(await hostile)).toEqual(new Set([200]))
  })
})

async function sendHostileOnce(index: number): Promise<number> {
  const [, query] = TOO_COMPLEX[index % TOO_COMPLEX.length] ?? ['', '']
  const response = await post(app, JSON.stringify({ query: `${query} # ${index}` }))
  await response.body?.cancel()
  return response.status
}

describe('hostile variables', () => {
  const deep = (depth: number, open: string, close: string) => `${open.repeat(depth)}${close.repeat(depth)}`
  const bodyOf = (query: string, variables: string) => `{"query":${JSON.stringify(query)},"variables":${variables}}`
  const CREATION = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { __typename } }'

  test.each([
    ['50,000 nested lists', CREATION, `{"input":{"username":${deep(50_000, '[', ']')}}}`],
    [
      '50,000 nested lists for a list',
      'mutation ($input: GrantRolesInput!) { grantRoles(input: $input) { __typename } }',
      `{"input":{"user":"root","roles":${deep(50_000, '[', ']')}}}`,
    ],
    ['20,000 nested objects', CREATION, `{"input":${'{"input":'.repeat(20_000)}1${'}'.repeat(20_000)}}`],
    ['100,000 nested brackets beside the query', '{ __typename }', deep(100_000, '[', ']')],
    ['a prototype', CREATION, '{"input":{"username":"a","__proto__":{"isAdmin":true}}}'],
    ['a constructor', CREATION, '{"input":{"username":"a","constructor":{"isAdmin":true}}}'],
    [
      '10,000 unknown keys',
      CREATION,
      `{"input":{"username":"a",${Array.from({ length: 10_000 }, (_, index) => `"k${index}":1`).join()}}}`,
    ],
    ['no input at all', CREATION, '{}'],
    ['null for the input', CREATION, '{"input":null}'],
    ['a number of 1,000 digits', 'query ($n: Int) { users(first: $n) { nodes { id } } }', `{"n":${'9'.repeat(1000)}}`],
  ])('%s is refused within a second, and nothing is written', async (_what, query, variables) => {
    const before = await snapshot(app)

    const started = performance.now()
    const response = await post(app, bodyOf(query, variables))
    const { errors, data } = await response.json()

    expect(performance.now() - started).toBeLessThan(1000)
    const [result] = Object.values(data ?? {}) as { __typename: string }[]
    const codes = errors?.map((error: { extensions: { code: string } }) => error.extensions.code)
    expect([...new Set(codes ?? [result?.__typename])]).toEqual([result ? 'InvalidInputError' : 'BAD_USER_INPUT'])
    expect(JSON.stringify([errors, data]).length).toBeLessThan(64_000)
    expect(await snapshot(app)).toEqual(before)
  })
})
