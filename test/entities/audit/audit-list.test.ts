// Runs on both databases.
/** Which rows of the audit a user sees, how they are filtered and paged, and that they hold no secret. */

import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { type AuditEvent, auditText, EVENT, eventsOf } from '../../support/audit.ts'
import { change, changeDocument } from '../../support/change.ts'
import { makeWorld } from '../../support/changes.ts'
import { missingOf } from '../../support/missing.ts'
import { rawAnswer } from '../../support/raw.ts'
import { query, uuidOf } from '../../support/rows.ts'
import { createApiKey, createOrganization, createProject, createUser } from '../../support/seed.ts'
import { createPerson, OTHER_PASSWORD, PASSWORD, signIn } from '../../support/sessions.ts'
import { recordStatements, type Statements } from '../../support/statements.ts'
import { statementsOf } from '../../support/verify.ts'

const app = startApp()

let statements: Statements
beforeAll(() => {
  statements = recordStatements(app.database)
})

/** What happened, like `createProject acme-project`, newest first. */
function told(events: AuditEvent[]): string[] {
  return events.map(({ action, targetName }) => `${action} ${targetName ?? '-'}`)
}

/** acme and globex, each with a project and a boss, who made their project; an auditor of acme. */
async function createAcmeAndGlobex() {
  const acmeId = await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  const boss = (organization: string) => ({
    organization,
    roles: [{ role: 'ORGANIZATION_ADMIN', organization }],
  })
  const alma = await createUser(app, 'alma', boss('acme'))
  const gus = await createUser(app, 'gus', boss('globex'))
  const make = (client: Client, code: string, organization: string) =>
    change(client, 'createProject', { code, organization }, 'project { id }')
  const { project: ours } = await make(alma.client, 'acme-project', 'acme')
  const { project: theirs } = await make(gus.client, 'globex-project', 'globex')
  const auditor = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', organization: 'acme' }] })
  return { acmeId, alma, gus, auditor, ours: ours.id as string, theirs: theirs.id as string }
}

const OF_ACME = ['createProject acme-project', 'createUser alma', 'createOrganization acme']

describe('the audit', () => {
  const given = app.world(createAcmeAndGlobex)

  test('shows all rows with audit.read everywhere', async () => {
    const auditor = await createUser(app, 'all', { roles: [{ role: 'AUDITOR', everywhere: true }] })

    const seen = await eventsOf(auditor.client)

    expect(seen).toEqual((await eventsOf(app.root)).map((event) => ({ ...event })))
    expect(told(seen)).toEqual([
      ...['createUser all', 'createUser aud', 'createProject globex-project', 'createProject acme-project'],
      ...['createUser gus', 'createUser alma', 'createOrganization globex', 'createOrganization acme'],
      ...told(seen).slice(8),
    ])
    expect(seen.slice(8).map(({ actorKind }) => actorKind)).not.toContain('USER')
  })

  test('shows only the rows of one organization with audit.read there, in the list, its count and its pages', async () => {
    const { auditor } = given()

    expect(told(await eventsOf(auditor.client))).toEqual(OF_ACME)
    const { auditEvents } = await auditor.client.ok(
      '{ auditEvents(first: 3) { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { organization { name } } } }',
    )
    expect(auditEvents).toEqual({
      totalCount: 3,
      pageInfo: { hasNextPage: false, hasPreviousPage: false },
      nodes: [
        { organization: { name: 'acme' } },
        { organization: { name: 'acme' } },
        { organization: { name: 'acme' } },
      ],
    })
  })

  test('shows no row of another organization by a filter, and answers as if the row did not exist', async () => {
    const { auditor, theirs, gus } = given()
    const nothing = 'project_01a201b6-260a-78b5-870d-b8567cbdacdf'
    const pairs = [
      [{ target: theirs }, { target: nothing }],
      [{ target: gus.id }, { target: nothing }],
      [{ actor: 'gus' }, { actor: 'no-one' }],
      [{ organization: 'globex' }, { organization: 'nowhere' }],
      [{ organization: 'default' }, { organization: 'nowhere' }],
    ]

    for (const pair of pairs) {
      const [foreign, missing] = await Promise.all(pair.map((filter) => rawList(auditor.key, filter)))
      expect(foreign).toEqual(missing)
      expect(foreign?.body).toContain('"totalCount":0')
    }
  })

  test('shows no row of another organization by its id, and answers as if the row did not exist', async () => {
    const { auditor } = given()
    const [foreign] = await eventsOf(app.root, { organization: 'globex' })
    const [own] = await eventsOf(auditor.client)
    const missing = `event_${uuidOf('x_01a201b6-260a-78b5-870d-b8567cbdacdf')}`
    const document = `query ($id: ID!) { node(id: $id) { __typename ... on AuditEvent { ${EVENT} } } }`

    const answers = [foreign?.id, missing].map((id) => rawAnswer(app, auditor.key, document, { id }))
    const [one, other] = await Promise.all(answers)
    expect(one).toEqual(other)
    expect(one?.body).toBe('{"data":{"node":null}}')
    expect(await auditor.client.ok(document, { id: own?.id })).toEqual({ node: { __typename: 'AuditEvent', ...own } })
    const ids = [foreign?.id, own?.id, missing]
    const { nodes } = await auditor.client.ok('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })
    expect(nodes).toEqual([null, { id: own?.id }, null])
  })

  test('tells the name of an actor that the caller may not see, and not the user', async () => {
    const { auditor, acmeId } = given()

    const [event] = await eventsOf(auditor.client, { target: acmeId })

    expect(event).toMatchObject({ action: 'createOrganization', actor: null, actorName: 'root' })
  })

  test('is FORBIDDEN without audit.read, and its rows are not found', async () => {
    const { alma } = given()
    const [event] = await eventsOf(app.root)
    const bob = await createUser(app, 'bob')

    const refusal = await bob.client.refused('FORBIDDEN', '{ auditEvents { totalCount } }')

    expect(missingOf(refusal.extensions)).toEqual(['audit.read'])
    expect(refusal.path).toEqual(['auditEvents'])
    expect(await bob.client.ok('query ($id: ID!) { node(id: $id) { id } }', { id: event?.id })).toEqual({ node: null })
    expect(told(await eventsOf(alma.client))).toEqual(OF_ACME)
  })

  test('shows a limited key only the rows that its limits allow', async () => {
    const limits = [{ role: 'AUDITOR', organization: 'acme' }]
    const { key } = await createApiKey(app.root, { limits })
    const narrow = await createApiKey(app.root, { limits: [{ role: 'VERSION_MANAGER', everywhere: true }] })

    expect(told(await eventsOf(app.as(key)))).toEqual(OF_ACME)
    await app.as(narrow.key).refused('FORBIDDEN', '{ auditEvents { totalCount } }')
  })

  test('is read with one statement, which also proves its caller, with every caller and filter', async () => {
    const { auditor, ours } = given()
    const list = `query ($filter: AuditEventFilter) { auditEvents(filter: $filter) { totalCount nodes { ${EVENT} } } }`
    const filter = { target: ours, actor: 'alma', organization: 'acme', outcome: 'DONE' }

    for (const client of [app.root, auditor.client]) {
      expect(await statementsOf(statements, client, list, {})).toHaveLength(1)
      expect(await statementsOf(statements, client, list, { filter })).toHaveLength(1)
    }
  })
})

describe('a filter', () => {
  const given = app.world(createAcmeAndGlobex)

  test('by time includes its start and excludes its end', async () => {
    await query(
      app,
      sql`update audit_events as e set at = timestamptz '2026-01-01Z' + n * interval '1 hour'
        from (select id, row_number() over (order by at, id) as n from audit_events where actor_kind = 'USER') as numbered
        where numbered.id = e.id`,
    )
    const find = async (at: object) => told(await eventsOf(app.root, { at })).slice(0, 4)
    const [two, four] = ['2026-01-01T02:00:00Z', '2026-01-01T04:00:00Z']

    expect(await find({ from: two, to: four })).toEqual(['createUser alma', 'createOrganization globex'])
    expect(await find({ from: two, to: two })).toEqual([])
    const start = { from: '2026-01-01T00:00:00Z' }
    expect(await find({ ...start, to: '2026-01-01T02:00:00.001Z' })).toEqual([
      ...['createOrganization globex', 'createOrganization acme'],
    ])
    expect(await find({ from: new Date(Date.now() + 60_000).toISOString() })).toEqual([])
  })

  test('by actor finds deleted users too, in upper and lower case alike', async () => {
    const { gus } = given()
    expect(told(await eventsOf(app.root, { actor: 'GUS' }))).toEqual(['createProject globex-project'])
    await change(app.root, 'deleteUser', { user: 'gus' })
    const namesake = await createUser(app, 'gus', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'globex' }] })
    await change(namesake.client, 'updateProject', { project: 'globex-project', title: 'Globex' })

    const events = await eventsOf(app.root, { actor: 'gus' })

    expect(told(events)).toEqual(['updateProject globex-project', 'createProject globex-project'])
    expect(events.map(({ actor, actorName }) => [actor?.id ?? null, actorName])).toEqual([
      [namesake.id, 'gus'],
      [null, 'gus'],
    ])
    expect(told(await eventsOf(app.root, { target: gus.id }))).toEqual(['deleteUser gus', 'createUser gus'])
  })

  test('by target, action, organization or outcome finds their rows, and several filters combine', async () => {
    const { alma, ours, theirs } = given()
    await change(alma.client, 'updateProject', { project: 'acme-project', title: 'Acme' })
    const input = { name: 'apex' }
    await alma.client.refused('FORBIDDEN', changeDocument('createOrganization'), { input })

    const find = async (filter: object) => told(await eventsOf(app.root, filter))

    const [update, create] = ['updateProject acme-project', 'createProject acme-project']
    expect(await find({ target: ours })).toEqual([update, create])
    expect(await find({ action: 'createProject' })).toEqual(['createProject globex-project', create])
    expect(await find({ action: 'createproject' })).toEqual([])
    expect(await find({ organization: 'ACME' })).toEqual(['createOrganization -', update, ...OF_ACME])
    expect(await find({ outcome: 'REFUSED' })).toEqual(['createOrganization -'])
    expect(await find({ outcome: 'DONE', actor: 'alma' })).toEqual([update, create])
    expect(await find({ outcome: 'REFUSED', actor: 'alma' })).toEqual(['createOrganization -'])
    expect(await find({ action: 'createProject', organization: 'acme', actor: 'alma', outcome: 'DONE' })).toEqual([
      create,
    ])
    expect(await find({ action: 'updateProject', target: theirs })).toEqual([])
    expect(await find({ target: ours, organization: 'globex' })).toEqual([])
  })

  test('by the id of another type finds nothing', async () => {
    const { ours } = given()

    expect(await eventsOf(app.root, { target: `user_${uuidOf(ours)}` })).toEqual([])
  })

  test.each(['', 'nothing', 'user_', 'user_01a201b6', '01a201b6-260a-78b5-870d-b8567cbdacdf', 'user_\u0000', '%'])(
    'by a target that is not an id is refused, and the error names the field: %j',
    async (target) => {
      const document = 'query ($filter: AuditEventFilter) { auditEvents(filter: $filter) { totalCount } }'

      const { message } = await app.root.refused('BAD_USER_INPUT', document, { filter: { target } })

      expect(message).toContain('filter.target')
    },
  )

  test('that is null has no effect', async () => {
    const nothing = { target: null, actor: null, action: null, organization: null, outcome: null, at: null }

    expect(await eventsOf(app.root, nothing)).toEqual(await eventsOf(app.root))
  })
})

describe('the list', () => {
  app.world(() => makeWorld(app))

  const PAGE = `query ($after: String, $before: String, $first: Int, $last: Int) {
    auditEvents(after: $after, before: $before, first: $first, last: $last) {
      nodes { id at } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`

  interface Page {
    nodes: { id: string; at: string }[]
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
    totalCount: number
  }
  const page = async (variables: object): Promise<Page> => (await app.root.ok(PAGE, variables)).auditEvents

  test('has all rows on pages of three, forwards and backwards, the newest first', async () => {
    const { nodes: all, totalCount } = await page({ first: 100 })
    expect(all.length).toBe(totalCount)

    const onwards: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const { nodes, pageInfo } = await page({ first: 3, after })
      onwards.push(...nodes.map(({ id }) => id))
      more = pageInfo.hasNextPage
      after = pageInfo.endCursor
    }
    const backwards: string[] = []
    for (let before: string | null = null, more = true; more; ) {
      const { nodes, pageInfo } = await page({ last: 3, before })
      backwards.unshift(...nodes.map(({ id }) => id))
      more = pageInfo.hasPreviousPage
      before = pageInfo.startCursor
    }

    const ids = all.map(({ id }) => id)
    expect(onwards).toEqual(ids)
    expect(backwards).toEqual(ids)
    expect(new Set(ids).size).toBe(totalCount)
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .sort()
        .reverse(),
    )
  })

  test('continues at its cursor while new rows are added', async () => {
    const { nodes: all } = await page({ first: 100 })
    const first = await page({ first: 3 })
    await createProject(app, 'gemini')

    const second = await page({ first: 3, after: first.pageInfo.endCursor })

    expect(second.nodes).toEqual(all.slice(3, 6))
  })
})

test('no row holds a secret of a key, password, session or credential', async () => {
  const person = await createPerson(app, 'bob', { withApiKey: true })
  const { token, client } = await signIn(app, 'bob')
  const { secret: rotated } = await change(client, 'createApiKey', { label: 'a key' }, 'secret')
  const { viewer } = await app.as(rotated).ok('{ viewer { apiKey { id } } }')
  const next = await change(client, 'rotateApiKey', { apiKey: viewer.apiKey.id }, 'secret')
  await change(client, 'changePassword', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD })
  const [userpass, reset] = ['the password of a cloud', 'a password given by another']
  const attributes = { userpass: { username: 'bob', password: userpass } }
  await change(client, 'addCredential', { name: 'stack', attributes })
  const { attributes: revealed } = await change(
    client,
    'revealCredential',
    { name: 'stack' },
    'attributes { name value }',
  )
  await change(app.root, 'setUserPassword', { user: 'bob', password: reset, endApiKeys: true })
  expect(revealed).toContainEqual({ name: 'password', value: userpass })

  const text = `${await auditText(app)}${JSON.stringify(await eventsOf(app.root))}`

  expect(text).toContain('revealCredential')
  const secrets = [PASSWORD, OTHER_PASSWORD, userpass, reset, token, token.split('.')[2] ?? '']
  for (const key of [person.key ?? '', rotated, next.secret]) secrets.push(key, key.slice(-49))
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10)
    const bytes = Buffer.from(secret)
    const forms = [secret, encodeURIComponent(secret), bytes.toString('base64'), bytes.toString('hex')]
    for (const form of forms) expect(text).not.toContain(form)
  }
})

function rawList(key: string, filter: object) {
  const list = `query ($filter: AuditEventFilter) { auditEvents(filter: $filter) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor } nodes { ${EVENT} } } }`
  return rawAnswer(app, key, list, { filter })
}
