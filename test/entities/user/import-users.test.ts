import { createHash, pbkdf2Sync, randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { rolesOf, statusOf, usernameOf } from '../../support/look.ts'
import { query, readAudit, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../../support/seed.ts'
import { basic, createPerson, PASSWORD } from '../../support/sessions.ts'
import { ed25519Line, fingerprintOf } from '../../support/ssh-wire.ts'

const app = startApp()

// The server remembers whose keys they were, and another file begins with other users.
const KEY = randomBytes(16).toString('hex')
const HASHED = randomBytes(20).toString('hex')
const HASH = `pbkdf2_sha256$1000$seasalt$${pbkdf2Sync('lètmein', 'seasalt', 1000, 32, 'sha256').toString('base64')}`
const LINE = ed25519Line('bar@laptop')

/** Everything that an item can have. */
const BAR = {
  username: 'bar',
  displayName: 'Bar B.',
  email: 'bar@example.test',
  organization: 'acme',
  roles: [{ role: 'VERSION_MANAGER', project: 'project2' }],
  sshKeys: [LINE],
  passwordHash: HASH,
  apiKeys: [{ secret: KEY }, { label: 'ci', sha256: createHash('sha256').update(HASHED).digest('hex') }],
}

const given = app.world(async () => {
  await createOrganization(app, 'acme')
  await createProject(app, 'project2', 'acme')
  const roles = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
  return createUser(app, 'chief', { organization: 'acme', roles })
})

interface Result {
  username: string
  status: string
  code: string | null
  message: string | null
  path: string[] | null
}

async function importUsers(items: object[], onError = 'STOP', client: Client = app.root): Promise<Result[]> {
  const payload = 'results { index username status code message path }'
  const { results } = await change(client, 'importUsers', { items, onError }, payload)
  expect(results.map(({ index }: { index: number }) => index)).toEqual(items.map((_item, index) => index))
  return results
}

const statuses = (results: Result[]) => results.map(({ username, status }) => `${username} ${status}`)
const usersThere = async () =>
  (await query<{ username: string }>(app, sql`select username from users order by username_key`)).map(
    (row) => row.username,
  )

describe('an import', () => {
  test('brings users with their roles, keys and password', async () => {
    given()

    expect(statuses(await importUsers([BAR]))).toEqual(['bar CREATED'])

    expect(await rolesOf(app.root, 'bar')).toEqual(['VERSION_MANAGER on project2'])
    for (const key of [KEY, HASHED]) expect(await usernameOf(app.as(key))).toBe('bar')
    expect(await usernameOf(app.as(basic('bar', 'lètmein')))).toBe('bar')
    const { user } = await app.root.ok(`{ user(username: "bar") { displayName email kind isActive organization { name }
      sshKeys { nodes { fingerprint } } apiKeys { nodes { label hint expiresAt } } } }`)
    expect(user).toEqual({
      displayName: 'Bar B.',
      email: 'bar@example.test',
      kind: 'HUMAN',
      isActive: true,
      organization: { name: 'acme' },
      sshKeys: { nodes: [{ fingerprint: fingerprintOf(LINE) }] },
      apiKeys: {
        nodes: [
          { label: 'imported key', hint: KEY.slice(-4), expiresAt: null },
          { label: 'ci', hint: '····', expiresAt: null },
        ],
      },
    })
    expect(await query(app, sql`select kind from notifications where email = 'bar@example.test'`)).toEqual([])
    expect(JSON.stringify(await readAudit(app))).not.toContain('pbkdf2')
  })

  test('changes nothing where everything is there already', async () => {
    given()
    await importUsers([BAR])

    const results = await withoutWriting(app, () => importUsers([{ ...BAR, displayName: 'Another' }]))

    expect(statuses(results)).toEqual(['bar UNCHANGED'])
  })

  test('adds what a user lacks, with a mail about it, and replaces nothing', async () => {
    given()
    await createPerson(app, 'bar', { organization: 'acme', email: 'old@example.test' })

    expect(statuses(await importUsers([BAR]))).toEqual(['bar UPDATED'])

    expect(await rolesOf(app.root, 'bar')).toEqual(['VERSION_MANAGER on project2'])
    expect(await usernameOf(app.as(KEY))).toBe('bar')
    expect(await statusOf(app.as(basic('bar', 'lètmein')))).toBe(401)
    expect(await usernameOf(app.as(basic('bar', PASSWORD)))).toBe('bar')
    const { user } = await app.root.ok('{ user(username: "bar") { displayName email } }')
    expect(user).toEqual({ displayName: null, email: 'old@example.test' })
    const mails = await query(app, sql`select kind, email from notifications where kind = 'KEY_CREATED'`)
    expect(mails).toEqual(Array(2).fill({ kind: 'KEY_CREATED', email: 'old@example.test' }))
    const added = (await readAudit(app)).at(-1)
    expect(Object.keys(added?.after as object).sort()).toEqual(['apiKeys', 'roles', 'sshKeys'])
  })

  test('does not make a key valid again that was revoked since', async () => {
    given()
    await importUsers([BAR])
    const { user } = await app.root.ok('{ user(username: "bar") { apiKeys { nodes { id } } } }')
    await change(app.root, 'revokeApiKey', { apiKey: user.apiKeys.nodes[0].id })

    expect(statuses(await importUsers([BAR]))).toEqual(['bar UNCHANGED'])
    const [other] = await importUsers([{ username: 'foo', apiKeys: [{ secret: KEY }] }], 'SKIP')

    expect(await statusOf(app.as(KEY))).toBe(401)
    expect(other).toMatchObject({
      status: 'FAILED',
      code: 'CONFLICT',
      message: expect.stringContaining('imported key'),
    })
    expect(await usersThere()).toEqual(['bar', 'chief', 'root'])
  })

  test('brings disabled users and programs', async () => {
    given()

    const items = [
      { username: 'gone', isActive: false, apiKeys: [{ secret: KEY }] },
      { username: 'upload', kind: 'SERVICE', email: 'ops@example.test', apiKeys: [{ secret: HASHED }] },
      { username: 'boss', isAdmin: true },
    ]
    expect(statuses(await importUsers(items))).toEqual(['gone CREATED', 'api-upload CREATED', 'boss CREATED'])

    expect(await statusOf(app.as(KEY))).toBe(401)
    expect(await usernameOf(app.as(HASHED))).toBe('api-upload')
    const { user } = await app.root.ok('{ user(username: "boss") { isAdmin } }')
    expect(user).toEqual({ isAdmin: true })
  })
})

describe('an item that fails', () => {
  /** Each with the code and the path under which it fails. */
  const FAILING: [object, string, string | null][] = [
    [{ username: 'a b' }, 'INVALID_INPUT', 'username'],
    [{ username: 'root' }, 'INVALID_INPUT', 'username'],
    [{ username: 'api-x' }, 'INVALID_INPUT', 'username'],
    [{ username: 'a', kind: 'SERVICE' }, 'INVALID_INPUT', 'email'],
    [{ username: 'a', passwordHash: 'md5$abc' }, 'INVALID_INPUT', 'passwordHash'],
    [{ username: 'a', kind: 'SERVICE', email: 'a@example.test', passwordHash: HASH }, 'INVALID_INPUT', 'passwordHash'],
    [{ username: 'a', sshKeys: ['nonsense'] }, 'INVALID_INPUT', 'sshKeys.0'],
    [{ username: 'a', apiKeys: [{}] }, 'INVALID_INPUT', 'apiKeys.0.secret'],
    [{ username: 'a', apiKeys: [{ secret: null }] }, 'INVALID_INPUT', 'apiKeys.0.secret'],
    [{ username: 'a', apiKeys: [{ secret: KEY, sha256: '0'.repeat(64) }] }, 'INVALID_INPUT', 'apiKeys.0.secret'],
    [{ username: 'a', apiKeys: [{ secret: 'too short' }] }, 'INVALID_INPUT', 'apiKeys.0.secret'],
    [{ username: 'a', apiKeys: [{ secret: 'ab'.repeat(20) }] }, 'INVALID_INPUT', 'apiKeys.0.secret'],
    [{ username: 'a', apiKeys: [{ secret: `chl_${'a1'.repeat(40)}` }] }, 'INVALID_INPUT', 'apiKeys.0.secret'],
    [{ username: 'a', apiKeys: [{ sha256: 'abc' }] }, 'INVALID_INPUT', 'apiKeys.0.sha256'],
    [{ username: 'a', apiKeys: [{ secret: KEY, label: '' }] }, 'INVALID_INPUT', 'apiKeys.0.label'],
    [{ username: 'a', roles: [{ role: 'AUDITOR' }] }, 'INVALID_INPUT', 'roles.0'],
    [{ username: 'a', roles: [{ role: 'ADMINISTRATOR', organization: 'acme' }] }, 'INVALID_INPUT', 'roles.0'],
    [{ username: 'a', roles: [{ role: 'NO_SUCH', everywhere: true }] }, 'NOT_FOUND', 'roles.0.role'],
    [{ username: 'a', roles: [{ role: 'AUDITOR', organization: 'none' }] }, 'NOT_FOUND', 'roles.0.organization'],
    [{ username: 'a', organization: 'none' }, 'NOT_FOUND', 'organization'],
    [{ username: 'chief', organization: 'default' }, 'CONFLICT', null],
    [{ username: 'a', apiKeys: [{ secret: KEY }, { secret: KEY }] }, 'CONFLICT', null],
  ]

  test('is left out by SKIP, says why, and holds up no other', async () => {
    given()
    const items = [{ username: 'first' }, ...FAILING.map(([item]) => item), { username: 'last' }]

    const results = await importUsers(items, 'SKIP')

    expect([results[0]?.status, results.at(-1)?.status]).toEqual(['CREATED', 'CREATED'])
    const failed = results
      .slice(1, -1)
      .map(({ status, code, path }) => [status, code, path?.slice(2).join('.') ?? null])
    expect(failed).toEqual(FAILING.map(([, code, path]) => ['FAILED', code, path]))
    expect(await usersThere()).toEqual(['chief', 'first', 'last', 'root'])
    expect((await readAudit(app)).slice(-2).map(({ action }) => action)).toEqual(['importUsers', 'importUsers'])
  })

  test.each(FAILING)('stops the import by default, and nothing is written: %j', async (item, code, path) => {
    given()
    const input = { items: [{ username: 'first' }, item] }

    const { importUsers: answer } = await withoutWriting(app, () =>
      app.root.ok(changeDocument('importUsers'), { input }),
    )

    expect(answer.code).toBe(code)
    const where = answer.path ?? answer.issues?.[0].path
    expect(where?.join('.') ?? null).toBe(path && `items.1.${path}`)
    if (code === 'CONFLICT') expect(answer.message).toMatch(/^items\.1 \(\w+\): /)
  })

  test('names each item that names the same missing thing', async () => {
    given()
    const roles = [{ role: 'NO_SUCH', everywhere: true }]

    const results = await importUsers(
      [
        { username: 'a', roles },
        { username: 'b', roles },
      ],
      'SKIP',
    )

    expect(results.map(({ path }) => path?.join('.'))).toEqual(['items.0.roles.0.role', 'items.1.roles.0.role'])
  })

  test('is refused with all others where there are none, or more than a hundred', async () => {
    await withoutWriting(app, async () => {
      await failInput(app.root, ['items'], 'importUsers', { items: [] })
      const items = Array.from({ length: 101 }, (_none, index) => ({ username: `u${index}` }))
      await failInput(app.root, ['items'], 'importUsers', { items, onError: 'SKIP' })
    })
  })
})

describe('a caller who imports', () => {
  test('gives nothing that they do not hold, and takes over no user who holds more', async () => {
    const { client } = given()
    await createUser(app, 'strong', { organization: 'acme', roles: [{ role: 'AUDITOR', everywhere: true }] })
    const items = [
      { username: 'auditor', roles: [{ role: 'AUDITOR', everywhere: true }] },
      { username: 'strong', apiKeys: [{ secret: KEY }] },
      { username: 'strong', roles: [{ role: 'VERSION_MANAGER', project: 'project2' }] },
      { username: 'fine', roles: [{ role: 'VERSION_MANAGER', project: 'project2' }] },
    ]

    await withoutWriting(app, () =>
      client.refused('FORBIDDEN', changeDocument('importUsers'), { input: { items: items.slice(0, 1) } }),
    )
    await withoutWriting(app, () =>
      failChange(client, 'MissingAuthorityError', 'importUsers', { items: items.slice(1, 2) }),
    )
    const results = await importUsers(items.slice(1), 'SKIP', client)

    expect(statuses(results)).toEqual(['strong FAILED', 'strong UPDATED', 'fine CREATED'])
    expect(results[0]).toMatchObject({ code: 'MISSING_AUTHORITY', path: null })
    expect(await statusOf(app.as(KEY))).toBe(401)
  })

  test('may not change an administrator without being one', async () => {
    const { client } = given()
    await createUser(app, 'boss', { organization: 'acme', isAdmin: true })
    const items = [{ username: 'boss', roles: [{ role: 'VERSION_MANAGER', project: 'project2' }] }]

    await withoutWriting(app, () =>
      client.refused('FORBIDDEN', changeDocument('importUsers'), { input: { items, onError: 'SKIP' } }),
    )
  })

  test('brings no credentials with a limited key, and none that last longer with one that ends', async () => {
    const { client, key } = given()
    const until = new Date(Date.now() + 3_600_000).toISOString()
    const limits = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
    const { key: limited } = await createApiKey(client, { label: 'limited', limits })
    const { key: ending } = await createApiKey(client, { label: 'ending', expiresAt: until })
    const refuse = (secret: string, item: object) =>
      withoutWriting(app, () =>
        app
          .as(secret)
          .refused('FORBIDDEN', changeDocument('importUsers'), { input: { items: [{ username: 'new', ...item }] } }),
      )

    for (const item of [{ apiKeys: [{ secret: KEY }] }, { passwordHash: HASH }, { sshKeys: [LINE] }])
      await refuse(limited, item)
    for (const item of [{ passwordHash: HASH }, { sshKeys: [LINE] }]) await refuse(ending, item)
    const longer = { username: 'new', apiKeys: [{ secret: KEY, expiresAt: '2100-01-01T00:00:00Z' }] }
    await withoutWriting(app, () =>
      failChange(app.as(ending), 'MissingAuthorityError', 'importUsers', { items: [longer] }),
    )
    await importUsers([{ username: 'plain' }], 'STOP', app.as(limited))
    await importUsers([{ username: 'new', apiKeys: [{ secret: KEY }] }], 'STOP', app.as(ending))

    const ends = await query<{ at: Date }>(app, sql`select expires_at as at from api_keys where source = 'IMPORTED'`)
    expect(ends.map(({ at }) => new Date(at).toISOString())).toEqual([until])
    expect(await statusOf(app.as(key))).toBe(200)
  })
})

test('what a user of an organization holds whose users the caller does not read is not told beside others', async () => {
  for (const name of ['org1', 'org2']) await createOrganization(app, name)
  await createRole(app, 'KEEPER', ['users.manage', 'roles.grant'])
  await createRole(app, 'READER', ['users.read'])
  await createRole(app, 'HIDDEN', ['hidden.word'])
  const boss = await createUser(app, 'boss', {
    organization: 'org1',
    roles: [
      { role: 'KEEPER', organization: 'org1' },
      { role: 'KEEPER', organization: 'org2' },
      { role: 'READER', organization: 'org1' },
    ],
  })
  await createUser(app, 'aa', { organization: 'org1' })
  await createUser(app, 'bb', { organization: 'org2', roles: [{ role: 'HIDDEN', organization: 'org2' }] })
  const items = ['aa', 'bb'].map((username) => ({
    username,
    apiKeys: [{ sha256: createHash('sha256').update(username).digest('hex') }],
  }))

  const answer = await boss.client.send(changeDocument('importUsers'), { input: { items } })

  expect(answer.data.importUsers.__typename).toBe('MissingAuthorityError')
  expect(JSON.stringify(answer)).toContain('more than they hold')
  expect(JSON.stringify(answer)).not.toContain('hidden.word')
})

test('a dry run does not tell whether a key is the key of another', async () => {
  const taken = createHash('sha256').update(HASHED).digest('hex')
  const item = (username: string) => ({ username, organization: 'default', apiKeys: [{ sha256: taken }] })
  await change(app.root, 'importUsers', { items: [item('first')] })
  const document = changeDocument('importUsers', 'results { status }')

  const dry = await app.root.ok(document, { input: { items: [item('second')], onError: 'SKIP' }, dryRun: true })
  const real = await app.root.ok(document, { input: { items: [item('second')], onError: 'SKIP' } })

  expect(dry.importUsers.results).toEqual([{ status: 'CREATED' }])
  expect(real.importUsers.results).toEqual([{ status: 'FAILED' }])
})
