/** How many statements a request costs: one for each root field of a query, which also proves its caller,, and no more than written here for a mutation. */
import { beforeAll, describe, expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { addCredential } from '../support/credentials.ts'
import { createController, createModel } from '../support/levels.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../support/seed.ts'
import { basic, bearer, PASSWORD, signIn, VIEWER } from '../support/sessions.ts'
import { ed25519Line } from '../support/ssh-wire.ts'
import { recordStatements, type Statements } from '../support/statements.ts'

const app = startApp()

let statements: Statements
beforeAll(() => {
  statements = recordStatements(app.database)
})

/** Callers whose plans differ: to an administrator nothing is hidden. */
let callers: Record<'root' | 'bob' | 'carol', Client>
let keyId: string
let roleId: string
app.world(async () => {
  await createOrganization(app, 'acme', ['doc.read'])
  await createProject(app, 'apollo', 'acme')
  roleId = await createRole(app, 'EDITOR', ['doc.edit'], 'acme')
  const roles = [
    { role: 'EDITOR', organization: 'acme' },
    { role: 'VERSION_MANAGER', project: 'apollo' },
  ]
  const bob = await createUser(app, 'bob', { organization: 'acme', roles })
  await createApiKey(bob.client, { limits: [{ role: 'EDITOR', organization: 'acme' }] })
  const carol = await createUser(app, 'carol', {
    organization: 'acme',
    roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
  })
  keyId = bob.keyId
  callers = { root: app.root, bob: bob.client, carol: carol.client }
})

/** The statements a document takes, which must be answered with data, where the server knows the caller by an earlier request. */
async function statementsOf(client: Client, document: string, variables: object = {}): Promise<string[]> {
  await client.send(document, variables)
  statements.clear()
  const { data, errors } = await client.send(document, variables)
  expect(errors, document).toEqual([])
  expect(Object.values(data), document).not.toContain(null)
  return [...statements.texts]
}

const USER = `id username displayName kind isActive email isAdmin createdAt organization { name title }
  apiKeys { totalCount nodes { id label hint isValid isReadOnly expiresAt revokedAt limits { scope role { name } organization { name } project { code } } } }
  roles { totalCount edges { node { name permissions { name description } } scope organization { name } project { code organization { name } } since expiresAt grantedBy { username } } }`

describe('a query is one statement, which also proves its caller', () => {
  const queries = {
    'all that a user may do, now and in the past': `{ user(username: "bob") {
      effectiveAccess(first: 50) { totalCount pageInfo { hasNextPage endCursor } nodes { permission scope organization { name } project { code organization { name } }
        controller { name } model { name controller { name } } level via role { name permissions { name } } since expiresAt } }
      then: effectiveAccess(at: "2020-01-01T00:00:00Z") { totalCount nodes { permission role { name } } } } }`,
    'all that everybody may do':
      '{ users { nodes { username effectiveAccess { totalCount nodes { permission controller { name } via role { name } } } } } }',
    'controllers and models with who reached them in the past': `{ controllers { nodes { name holders(at: "2020-01-01T00:00:00Z") { totalCount nodes { username } }
      models { nodes { holders(at: "2020-01-01T00:00:00Z") { totalCount edges { level via node { username } } } } } } } }`,
    'the viewer with user, key and permissions': `{ viewer { user { ${USER} } apiKey { id label } permissions { name organization project expiresAt } } }`,
    'a user with keys, roles and projects': `{ user(username: "bob") { ${USER} } }`,
    'an organization with users, roles and projects with their holders': `{ organization(name: "acme") { name basePermissions { name }
      users { totalCount nodes { username roles { nodes { name } } } } roles { nodes { name holders { totalCount nodes { username } } } }
      projects { totalCount nodes { code holders { edges { node { username } role { name } grantedBy { username } } } } } } }`,
    'the words there are': '{ permissions(first: 100) { totalCount nodes { name description } } }',
  }

  for (const [name, document] of Object.entries(queries)) {
    test.each(['root', 'bob', 'carol'] as const)(`${name}, for %s`, async (caller) => {
      expect(await statementsOf(callers[caller], document)).toHaveLength(1)
    })
  }

  test.each(['root', 'bob', 'carol'] as const)(
    'a user with keys, roles, controllers and models (mission row 16), for %s',
    async (caller) => {
      for (const name of ['gce1', 'gce2']) {
        await createController(app, name, 'acme')
        await createModel(app.root, name, 'default')
        await change(app.root, 'grantControllerAccess', { user: 'bob', controller: name, access: 'SUPERUSER' })
      }
      const bob = callers.bob
      await change(app.root, 'setUserPassword', { user: 'bob', password: PASSWORD, mustChangePassword: false })
      await signIn(app, 'bob')
      await change(bob, 'addSshKey', { key: ed25519Line() })
      await addCredential(bob, 'aws')
      const SECRETS = `sshKeys { totalCount nodes { type fingerprint comment publicKey } } sessions { totalCount nodes { address isActive isCurrent } }
        credentials { totalCount nodes { name type attributes { name value isSecret } } }`
      const LEVELS = `${SECRETS} controllers { totalCount edges { access node { name type }
        models { totalCount edges { access node { name } } } } }`
      const one = `{ user(username: "bob") { ${USER} ${LEVELS} } }`
      const all = `{ users { nodes { username isActive ${LEVELS} } } }`
      const client = callers[caller]

      expect(await statementsOf(client, one)).toHaveLength(1)
      if (caller !== 'bob') expect(await statementsOf(client, all)).toHaveLength(1)

      const { user } = await client.ok(one)
      // Of another user’s credentials an organization admin is told nothing.
      const credentials = { totalCount: caller === 'carol' ? 0 : 1 }
      expect(user).toMatchObject({ sshKeys: { totalCount: 1 }, sessions: { totalCount: 1 }, credentials })
      expect(user.controllers).toMatchObject({
        totalCount: 2,
        edges: [{ access: 'SUPERUSER' }, { access: 'SUPERUSER' }],
      })
      expect(user.controllers.edges[0].models.edges).toEqual([{ access: 'ADMIN', node: { name: 'default' } }])
    },
  )

  test('a page of 50 users with roles and organization', async () => {
    for (let n = 0; n < 50; n++) await change(app.root, 'createUser', { username: `u${n}`, withApiKey: false })
    const page = `{ users(first: 50) { totalCount pageInfo { hasNextPage endCursor }
      nodes { username organization { name } roles { totalCount edges { node { name permissions { name } } project { code } } } } } }`

    expect(await statementsOf(app.root, page)).toHaveLength(1)

    const { users } = await app.root.ok(page)
    expect(users).toMatchObject({ totalCount: 53, pageInfo: { hasNextPage: true } })
    expect(users.nodes).toHaveLength(50)
  })

  test('a thing by its id', async () => {
    const document = `query ($id: ID!) { node(id: $id) { id ... on ApiKey { label limits { role { name } } user { ${USER} } } } }`

    for (const client of Object.values(callers)) {
      expect(await statementsOf(client, document, { id: keyId })).toHaveLength(1)
    }
  })

  test('the audit, and the mails, with all that they tell', async () => {
    const EVENT = `id at action outcome count code actorKind actor { username } actorName apiKeyId sessionId address requestId
      targetType targetId targetName organization { name } changes { field before after }`
    const events = `{ auditEvents(first: 50) { totalCount pageInfo { hasNextPage } edges { cursor node { ${EVENT} } } } }`
    const filtered = `{ auditEvents(filter: { actor: "root", organization: "acme", action: "createUser", outcome: DONE }) { totalCount nodes { ${EVENT} } } }`
    const mails = `{ notifications { totalCount nodes { kind user { username organization { name } } email state attempts lastError createdAt sentAt } } }`

    for (const client of [callers.root, callers.carol]) {
      for (const document of [events, filtered, mails]) expect(await statementsOf(client, document)).toHaveLength(1)
    }

    const { auditEvents } = await callers.carol.ok(filtered)
    const { notifications } = await callers.root.ok(mails)
    expect([auditEvents.totalCount, notifications.totalCount > 0]).toEqual([2, true])
  })

  test('a model with its credential and the keys of its machines', async () => {
    await createController(app, 'gce1', 'acme')
    await addCredential(app.root, 'aws')
    await change(app.root, 'createModel', { controller: 'gce1', name: 'web', credential: 'aws' })
    const document =
      '{ model(controller: "gce1", name: "web") { name authorizedKeys credential { name type user { username } } } }'

    expect(await statementsOf(callers.root, document)).toHaveLength(1)
    expect(await statementsOf(callers.carol, document)).toHaveLength(1)
  })

  test('whether a key is good, whose, and what it may do', async () => {
    const { key } = await createApiKey(callers.bob)
    const document = `query ($key: String!) { verifyApiKey(secret: $key) {
      username isReadOnly expiresAt user { ${USER} } apiKey { id label limits { role { name } } } permissions { name organization project expiresAt } } }`

    for (const client of [callers.root, callers.carol]) {
      expect(await statementsOf(client, document, { key })).toHaveLength(1)
    }
  })

  test('whether a session lasts, once the key it was signed with is known', async () => {
    await change(app.root, 'setUserPassword', { user: 'bob', password: PASSWORD, mustChangePassword: false })
    const { token } = await signIn(app, 'bob')
    const document = `query ($token: String!) { verifySession(token: $token) {
      username expiresAt user { ${USER} } session { id address isActive } permissions { name organization project expiresAt } } }`
    await app.root.ok(document, { token })

    for (const client of [callers.root, callers.carol]) {
      expect(await statementsOf(client, document, { token })).toHaveLength(1)
    }
  })

  test('a hundred questions about access', async () => {
    await createController(app, 'gce1', 'acme')
    await createModel(app.root, 'gce1', 'web')
    const kinds = [
      { permission: { permission: 'doc.edit', organization: 'acme' } },
      { permission: { permission: 'version.create', project: 'apollo' } },
      { permission: { permission: 'version.create', everywhere: true } },
      { controller: { controller: 'gce1', access: 'LOGIN' } },
      { model: { controller: 'gce1', model: 'web', access: 'READ' } },
    ]
    const questions = Array.from({ length: 100 }, (_none, index) => kinds[index % kinds.length])
    const document = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { isAllowed code } }'
    const { key } = await createApiKey(callers.bob)

    for (const subject of [{}, { user: 'bob' }, { apiKey: key }]) {
      const input = { ...subject, questions }
      expect(await statementsOf(callers.carol, document, { input })).toHaveLength(1)
    }
  })

  test('whatever says who asks: a key, a session, a password that was right a moment ago', async () => {
    await change(app.root, 'setUserPassword', { user: 'bob', password: PASSWORD, mustChangePassword: false })
    const { token } = await signIn(app, 'bob')
    const document = `{ viewer { user { ${USER} } session { id isCurrent } sessions { nodes { id isActive } } expiresAt } }`
    const ways = [basic('bob', PASSWORD), bearer(token)].map((headers) => app.as(headers))
    for (const client of ways) await client.send(document)

    const taken: number[] = []
    for (const client of ways) {
      statements.clear()
      await client.ok(document)
      taken.push(statements.texts.length)
    }

    // The hash of a password is read by itself.
    expect(taken).toEqual([3, 1])
  })

  test('by GET too', async () => {
    await callers.root.ok(VIEWER)
    statements.clear()
    const query = encodeURIComponent(`{ viewer { user { ${USER} } } }`)
    const response = await fetch(`${app.url}?query=${query}`, {
      headers: { 'api-key': ROOT_KEY },
    })

    expect((await response.json()).data.viewer.user.username).toBe('root')
    expect(statements.texts).toHaveLength(1)
  })

  test('and is not asked for again by the executor where the database does not answer it in time', async () => {
    const document = '{ mine: viewer { user { sshKeys { totalCount } } } }'
    await callers.bob.ok(document)
    const other = await app.database.connectAlone()
    await other.query('begin; lock table ssh_keys in access exclusive mode')
    statements.clear()

    const { data, errors } = await callers.bob.send(document)
    await other.end()

    // A read is repeated once; the executor would ask for it again, and repeat that too.
    expect(statements.texts).toHaveLength(2)
    expect([data, errors.map(({ path }) => path)]).toEqual([{ mine: null }, [['mine']]])
  })
})

describe('a query of several things', () => {
  test('is one statement for each type of the nodes asked for, however many there are', async () => {
    const { viewer } = await callers.bob.ok('{ viewer { user { id apiKeys { nodes { id } } } } }')
    const keys = viewer.user.apiKeys.nodes.map(({ id }: { id: string }) => id)
    const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on ApiKey { label } ... on User { username } ... on Role { name } } }`

    expect(await statementsOf(callers.bob, document, { ids: keys })).toHaveLength(1)
    expect(await statementsOf(callers.bob, document, { ids: [...keys, viewer.user.id, ...keys] })).toHaveLength(2)
    expect(await statementsOf(callers.bob, document, { ids: [roleId, ...keys, viewer.user.id] })).toHaveLength(3)
  })

  test('is one statement for each root field', async () => {
    const document =
      '{ viewer { user { username } } users { nodes { username } } again: users { totalCount } roles { totalCount } }'

    expect(await statementsOf(app.root, document)).toHaveLength(4)
  })
})

describe('what costs no statement', () => {
  test('is a request without a credential', async () => {
    statements.clear()

    await app.nobody.refused('UNAUTHENTICATED', '{ viewer { user { username } } }')

    expect(statements.texts).toEqual([])
  })

  test('is a mistyped key: its checksum tells', async () => {
    const { key } = await createApiKey(callers.bob)
    const mistyped = `${key.slice(0, -8)}${key.at(-8) === 'a' ? 'b' : 'a'}${key.slice(-7)}`
    statements.clear()

    await app.as(mistyped).refused('UNAUTHENTICATED', '{ viewer { user { username } } }')

    expect(statements.texts).toEqual([])
  })

  test('is a document that is refused before it is run, beside the proof of its caller', async () => {
    await callers.root.ok(VIEWER)
    statements.clear()

    await app.root.refused('GRAPHQL_VALIDATION_FAILED', '{ viewer { nothing } }')

    expect(statements.texts).toHaveLength(1)
  })
})

describe('a mutation takes no more statements than it did', () => {
  const PAYLOAD = 'changed user { username roles { totalCount edges { node { name } project { code } } } }'
  const input = { user: 'bob', roles: [{ role: 'PROJECT_MANAGER', project: 'apollo' }] }

  /** The statements of granting, and what it answered. */
  async function grant(client: Client, variables: object) {
    await client.ok(VIEWER)
    statements.clear()
    const { changed } = await client.failed('GrantRolesPayload', changeDocument('grantRoles', PAYLOAD), variables)
    return { changed, texts: [...statements.texts] }
  }

  test('granting a role, in one transaction', async () => {
    const { changed, texts } = await grant(callers.carol, { input })

    expect(changed).toBe(true)
    expect([texts[0]?.startsWith('begin; '), texts.at(-1)]).toEqual([true, 'commit'])
    expect(texts).toHaveLength(11)
  })

  test('granting what is held already', async () => {
    await grant(callers.carol, { input })

    const { changed, texts } = await grant(callers.carol, { input })

    expect(changed).toBe(false)
    expect(texts).toHaveLength(9)
  })

  test('nothing is sent after the end of one that did not find what it names', async () => {
    const limits = Array.from({ length: 60 }, (_, n) => ({ role: n === 0 ? 'NO_ROLE' : 'AUDITOR', project: 'apollo' }))
    await callers.bob.ok(VIEWER)
    statements.clear()

    await callers.bob.failed('NotFoundError', changeDocument('createApiKey'), { input: { label: 'ci', limits } })
    await callers.bob.ok(VIEWER)

    const { texts } = statements
    const end = texts.indexOf('rollback')
    expect(texts.slice(end + 1).filter((text) => text.includes('as "row0"'))).toEqual([])
    // What was under way when the first was missed, and no more.
    expect(end).toBeLessThanOrEqual(3)
  })

  test('granting dry, which is rolled back', async () => {
    const { changed, texts } = await grant(callers.carol, { input, dryRun: true })

    expect(changed).toBe(true)
    expect(texts.at(-1)).toBe('rollback')
    expect(texts).toHaveLength(11)
  })
})
