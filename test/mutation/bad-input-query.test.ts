import { describe, expect, test } from 'vitest'
import { startOwnApp } from '../support/app.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createProject, createUser } from '../support/seed.ts'

const app = startOwnApp()

const NULL_BYTE = 'a\0b'
const HUGE = 'a'.repeat(100_000)
const MALFORMED_IDS = ['', 'x', 'user_', 'user_1', 'thing_00000000-0000-7000-8000-000000000000', NULL_BYTE]

/** A query's argument, its type, the document, and values it can't have. */
const BAD: [string, string, string, unknown[]][] = [
  [
    'id',
    'ID!',
    '{ node(id: $v) { id } }',
    ['', 'x', 'user_', 'user_1', 'thing_00000000-0000-7000-8000-000000000000', 7, NULL_BYTE, HUGE],
  ],
  ['ids.1', '[ID!]!', '{ nodes(ids: $v) { id } }', [['user_00000000-0000-7000-8000-000000000000', 'x']]],
  ['ids', '[ID!]!', '{ nodes(ids: $v) { id } }', [Array(101).fill('user_00000000-0000-7000-8000-000000000000')]],
  ['first', 'Int', '{ users(first: $v) { totalCount } }', [0, -1, 101, 2147483647, -2147483648]],
  ['last', 'Int', '{ users(last: $v) { nodes { id } } }', [0, -1, 101]],
  ['first', 'Int', '{ viewer { user { apiKeys(first: $v) { nodes { id } } } } }', [0, -1, 101]],
  ['last', 'Int', '{ organizations { nodes { projects(last: $v) { nodes { id } } } } }', [0, -1, 101]],
  [
    'after',
    'String',
    '{ users(after: $v) { nodes { id } } }',
    [' ', 'x', 'W10', 'WyJVU0VSTkFNRSJd', 'bm8', NULL_BYTE, HUGE],
  ],
  ['before', 'String', '{ roles(last: 5, before: $v) { nodes { id } } }', [' ', 'x', 'eyJhIjoxfQ']],
  ['first', 'Int', '{ viewer { user { effectiveAccess(first: $v) { totalCount } } } }', [0, -1, 101]],
  [
    'after',
    'String',
    '{ viewer { user { effectiveAccess(after: $v) { nodes { via } } } } }',
    [' ', 'x', 'W10', NULL_BYTE],
  ],
  [
    'v',
    'DateTime',
    '{ viewer { user { effectiveAccess(at: $v) { totalCount } } } }',
    ['x', '', '2020-13-01T00:00:00Z', 5],
  ],
  ['username', 'String!', '{ user(username: $v) { id } }', [NULL_BYTE]],
  ['code', 'String!', '{ project(code: $v) { id } }', [NULL_BYTE]],
  ['name', 'String!', '{ role(name: $v) { id } }', [NULL_BYTE]],
  ['name', 'String!', '{ controller(name: $v) { id } }', [NULL_BYTE]],
  ['controller', 'String!', '{ model(controller: $v, name: "web") { id } }', [NULL_BYTE]],
  ['name', 'String!', '{ model(controller: "gce1", name: $v) { id } }', [NULL_BYTE]],
  ['first', 'Int', '{ controllers { nodes { models(first: $v) { nodes { id } } } } }', [0, -1, 101]],
  ['last', 'Int', '{ models { nodes { holders(last: $v) { nodes { id } } } } }', [0, -1, 101]],
  ['equals', 'String', '{ controllers(filter: { name: { equals: $v } }) { nodes { id } } }', [NULL_BYTE]],
  ['in', '[String!]', '{ models(filter: { name: { in: $v } }) { nodes { id } } }', [[NULL_BYTE]]],
  // A level of the other ladder is none of this one.
  [
    'v',
    'ControllerAccess',
    '{ viewer { user { controllers(filter: { access: $v }) { totalCount } } } }',
    ['READ', 'ADMIN', 'login', '', 1, ['LOGIN']],
  ],
  [
    'v',
    'ModelAccess',
    '{ viewer { user { controllers { edges { models(filter: { access: $v }) { totalCount } } } } } }',
    ['LOGIN', 'SUPERUSER', 'admin', '', 3, ['READ']],
  ],
  ['equals', 'String', '{ users(filter: { username: { equals: $v } }) { nodes { id } } }', [NULL_BYTE]],
  ['startsWith', 'String', '{ roles(filter: { name: { startsWith: $v } }) { nodes { id } } }', [NULL_BYTE]],
  ['in', '[String!]', '{ projects(filter: { code: { in: $v } }) { nodes { id } } }', [[NULL_BYTE]]],
  ['organization', 'String', '{ users(filter: { organization: $v }) { nodes { id } } }', [NULL_BYTE]],
  [
    'v',
    'DateTime',
    '{ users(filter: { createdAt: { from: $v } }) { nodes { id } } }',
    ['x', '', '2020-13-01T00:00:00Z', 5],
  ],
  ['first', 'Int', '{ auditEvents(first: $v) { totalCount } }', [0, -1, 101]],
  ['last', 'Int', '{ notifications(last: $v) { nodes { id } } }', [0, -1, 101]],
  ['after', 'String', '{ auditEvents(after: $v) { nodes { id } } }', [' ', 'x', 'W10', NULL_BYTE]],
  ['before', 'String', '{ notifications(before: $v) { nodes { id } } }', [' ', 'x', 'eyJhIjoxfQ']],
  ['target', 'ID', '{ auditEvents(filter: { target: $v }) { nodes { id } } }', MALFORMED_IDS],
  ['action', 'String', '{ auditEvents(filter: { action: $v }) { nodes { id } } }', [NULL_BYTE]],
  ['actor', 'String', '{ auditEvents(filter: { actor: $v }) { nodes { id } } }', [NULL_BYTE]],
  ['organization', 'String', '{ auditEvents(filter: { organization: $v }) { nodes { id } } }', [NULL_BYTE]],
  [
    'v',
    'AuditOutcome',
    '{ auditEvents(filter: { outcome: $v }) { nodes { id } } }',
    ['done', '', 'FAILED', 1, ['DONE', 'REFUSED']],
  ],
  [
    'v',
    'DateTime',
    '{ auditEvents(filter: { at: { from: $v } }) { nodes { id } } }',
    ['x', '', '2020-13-01T00:00:00Z', 5],
  ],
  ['v', 'NotificationState', '{ notifications(filter: { state: $v }) { nodes { id } } }', ['sent', '', 'LOST', 1]],
  ['v', 'DateTime', '{ notifications(filter: { createdAt: { to: $v } }) { nodes { id } } }', ['x', '', 5]],
  ['first', 'Int', '{ viewer { sessions(first: $v) { nodes { id } } } }', [0, -1, 101]],
  ['first', 'Int', '{ viewer { user { sessions(first: $v) { nodes { id } } } } }', [0, -1, 101]],
  ['last', 'Int', '{ viewer { user { sshKeys(last: $v) { nodes { id } } } } }', [0, -1, 101]],
  ['after', 'String', '{ viewer { user { credentials(after: $v) { nodes { id } } } } }', [' ', 'x', 'W10', NULL_BYTE]],
  [
    'equals',
    'String',
    '{ viewer { user { credentials(filter: { name: { equals: $v } }) { nodes { id } } } } }',
    [NULL_BYTE],
  ],
  ['secret', 'String!', '{ verifyApiKey(secret: $v) { username } }', [NULL_BYTE]],
  ['v', 'String!', '{ verifyApiKey(secret: $v) { username } }', [null, 5, {}, []]],
  ['v', 'String!', '{ verifySession(token: $v) { username } }', [null, 5, {}, []]],
  ['v', 'Int', '{ users(first: $v) { totalCount } }', ['1', 1.5, true, 1e12]],
  ['v', 'String!', '{ user(username: $v) { id } }', [null, 5, {}, []]],
  [
    'v',
    'UserOrder',
    '{ users(orderBy: $v) { nodes { id } } }',
    [{ field: 'EMAIL' }, { field: 'USERNAME', direction: 'UP' }],
  ],
]

describe('bad input in a query', () => {
  test.each(BAD)('is BAD_USER_INPUT naming the argument: %s %s %s', async (argument, type, document, values) => {
    const found: [unknown, number, string | undefined, boolean][] = []
    for (const v of values) {
      const { status, errors } = await app.root.send(`query ($v: ${type}) ${document}`, { v })
      const [error] = errors
      const isNamed = new RegExp(`["$]${argument}\\b|\\b${argument}"`).test(error?.message ?? '')
      found.push([v, status, error?.extensions.code, isNamed])
    }

    expect(found).toEqual(values.map((v) => [v, 200, 'BAD_USER_INPUT', true]))
  })

  test.each([
    '{ viewer { user { effectiveAccess(at: $at) { totalCount } } } }',
    '{ controllers { nodes { holders(at: $at) { totalCount } } } }',
    '{ models { nodes { holders(at: $at) { totalCount } } } }',
  ])('is a time that is not yet past, or that was within the last 10 seconds: %s', async (document) => {
    const found: [string, string][] = []
    for (const seconds of [86_400, 3600, 1, 0, -1, -8]) {
      const at = new Date(Date.now() + seconds * 1000).toISOString()
      const { extensions, message } = await app.root.refused('BAD_USER_INPUT', `query ($at: DateTime) ${document}`, {
        at,
      })
      found.push([extensions.code, message])
    }

    expect(found).toEqual(Array(6).fill(['BAD_USER_INPUT', '"at" must be at least 10 seconds ago.']))
  })

  test('is no time of long ago: nothing was there', async () => {
    const document =
      'query ($at: DateTime) { viewer { user { effectiveAccess(at: $at) { totalCount nodes { via } } } } }'

    for (const at of [
      '0001-01-01T00:00:00Z',
      '1970-01-01T00:00:00Z',
      new Date(Date.now() - 86_400_000).toISOString(),
    ]) {
      const { viewer } = await app.root.ok(document, { at })
      expect(viewer.user.effectiveAccess).toEqual({ totalCount: 0, nodes: [] })
    }
    const { viewer } = await app.root.ok(document, { at: null })
    expect(viewer.user.effectiveAccess.totalCount).toBe(15)
  })

  test('is no id of another kind: it finds nothing there', async () => {
    const { viewer } = await app.root.ok('{ viewer { user { id } } }')
    const project = await createProject(app, 'apollo')
    const document = 'query ($id: ID!) { auditEvents(filter: { target: $id }) { totalCount } }'

    const of = async (id: string) => (await app.root.ok(document, { id })).auditEvents.totalCount

    expect(await of(project)).toBe(1)
    expect(await of(project.replace('project', 'user'))).toBe(0)
    expect(await of(viewer.user.id.replace('user', 'role'))).toBe(0)
  })

  test('gives first and last at once, or a cursor of another ordering', async () => {
    const { users } = await app.root.ok('{ users(orderBy: { field: CREATED_AT }) { pageInfo { endCursor } } }')

    await app.root.refused('BAD_USER_INPUT', '{ users(first: 1, last: 1) { nodes { id } } }')
    const error = await app.root.refused('BAD_USER_INPUT', 'query ($v: String) { users(after: $v) { nodes { id } } }', {
      v: users.pageInfo.endCursor,
    })

    expect(error.message).toContain('"after"')
  })

  test('is an empty cursor, which counts as none', async () => {
    await createProject(app, 'apollo')
    await createProject(app, 'gemini')
    const PAGE = 'nodes { code } pageInfo { hasNextPage hasPreviousPage }'
    const document = `query ($v: String) { a: projects(first: 1, after: $v) { ${PAGE} } b: projects(last: 1, before: $v) { ${PAGE} } }`
    const spelledOut = document.replace('query ($v: String)', '').replaceAll('$v', '""')

    const none = await app.root.ok(document, { v: null })

    expect(none).toEqual({
      a: { nodes: [{ code: 'apollo' }], pageInfo: { hasNextPage: true, hasPreviousPage: false } },
      b: { nodes: [{ code: 'gemini' }], pageInfo: { hasNextPage: false, hasPreviousPage: true } },
    })
    expect(await app.root.ok(document, { v: '' })).toEqual(none)
    expect(await app.root.ok(spelledOut)).toEqual(none)
    await app.root.refused('BAD_USER_INPUT', document, { v: ' ' })
  })

  test('that cannot be a name finds nothing and is no error', async () => {
    for (const name of ['', ' ', '%', '_', 'a\ud800b', "'; drop table users; --", HUGE]) {
      const data = await app.root.ok(
        `query ($name: String!) { user(username: $name) { id } project(code: $name) { id } role(name: $name) { id }
          organization(name: $name) { id } controller(name: $name) { id } model(controller: $name, name: $name) { id }
          users(filter: { username: { equals: $name } }) { totalCount }
          models(filter: { name: { equals: $name } }) { totalCount }
          by: auditEvents(filter: { actor: $name }) { totalCount } of: auditEvents(filter: { action: $name }) { totalCount }
          in: auditEvents(filter: { organization: $name }) { totalCount } }`,
        { name },
      )
      const one = { user: null, project: null, role: null, organization: null, controller: null, model: null }
      const none = { totalCount: 0 }
      expect(data).toEqual({ ...one, users: none, models: none, by: none, of: none, in: none })
    }
  })

  test('that cannot be a key or a token is not valid, and no error', async () => {
    for (const shown of ['', ' ', 'a\ud800b', 'chl_', 'eyJ', 'eyJ.eyJ.eyJ', '..', HUGE]) {
      const data = await app.root.ok(
        `query ($shown: String!, $input: CheckAccessInput!) {
          verifyApiKey(secret: $shown) { username } verifySession(token: $shown) { username } checkAccess(input: $input) { code } }`,
        { shown, input: { apiKey: shown, questions: [{ controller: { controller: 'gce1', access: 'LOGIN' } }] } },
      )
      expect(data).toEqual({ verifyApiKey: null, verifySession: null, checkAccess: null })
    }
  })

  test('matches wildcards of SQL literally', async () => {
    await createUser(app, 'a_b')
    await createUser(app, 'axb')

    const { users } = await app.root.ok('{ users(filter: { username: { startsWith: "A_" } }) { nodes { username } } }')

    expect(users.nodes).toEqual([{ username: 'a_b' }])
  })
})

describe('a bad request', () => {
  async function post(body: string, headers: Record<string, string> = {}) {
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'api-key': ROOT_KEY, ...headers },
      body,
    })
    const { errors } = await response.json()
    return { status: response.status, code: errors[0].extensions.code, message: errors[0].message }
  }

  test.each([
    ['no JSON', '{', 400],
    ['a list', '[]', 400],
    ['no document', '{}', 400],
    ['a document that is none', '{"query":5}', 400],
    ['variables that are none', '{"query":"{ __typename }","variables":[]}', 400],
    ['variables that are text', '{"query":"{ __typename }","variables":"x"}', 400],
    ['an operation name that is none', '{"query":"{ __typename }","operationName":5}', 400],
  ])('with %s is refused with the reason', async (_what, body, status) => {
    expect(await post(body)).toMatchObject({ status, code: 'BAD_USER_INPUT', message: expect.stringMatching(/\w/) })
  })

  test('of 1 MB is refused before it is read', async () => {
    const body = JSON.stringify({
      query: 'mutation ($input: CreateUserInput!) { createUser(input: $input) { __typename } }',
      variables: { input: { username: 'a'.repeat(1024 * 1024) } },
    })

    expect(await post(body)).toMatchObject({ status: 413, code: 'BAD_USER_INPUT' })
  })

  test('in another form than JSON is refused', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/graphql',
    ]) {
      expect(await post('{"query":"{ __typename }"}', { 'content-type': type })).toMatchObject({ status: 415 })
    }
  })

  test('is not made of two mutations, and a GET makes none', async () => {
    const two =
      'mutation { a: createProject(input: { code: "a" }) { __typename } b: createProject(input: { code: "b" }) { __typename } }'
    await app.root.refused('QUERY_TOO_COMPLEX', two)
    const one = 'mutation { createProject(input: { code: "a" }) { __typename } }'
    const response = await fetch(`${app.url}?query=${encodeURIComponent(one)}`, { headers: { 'api-key': ROOT_KEY } })

    expect(response.status).toBe(405)
    const { projects } = await app.root.ok('{ projects { totalCount } }')
    expect(projects.totalCount).toBe(0)
  })
})
