import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { inDays, permissionsOf, statusOf, usernameOf } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { databaseText, lapseKey, query, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createProject, createRole, createUser, grantRoles } from '../../support/seed.ts'

const app = startApp()
const given = app.world(async () => ({ bob: await createUser(app, 'bob') }))

describe('a new key', () => {
  test('has the documented form, and the server keeps only its hash and hint', async () => {
    const { bob } = given()

    const { secret, apiKey } = await change(bob.client, 'createApiKey', { label: 'ci' }, 'secret apiKey { id hint }')

    expect(secret).toMatch(/^chl_[0-9a-f]{32}_[0-9A-Za-z]{49}$/)
    expect(apiKey.hint).toBe(secret.slice(-4))
    const rows = await query(app, sql`select encode(hash, 'hex') as hash from api_keys where id = ${uuidOf(apiKey.id)}`)
    expect(rows).toEqual([{ hash: createHash('sha256').update(secret).digest('hex') }])
    const text = await databaseText(app)
    expect(text).not.toContain(secret)
    expect(text).not.toContain(secret.slice(-49))
  })

  test('belongs to the caller, has no limits and no end, and leaves the other keys valid', async () => {
    const { bob } = given()

    const { key } = await createApiKey(bob.client, { label: 'ci' })

    const { viewer } = await app.as(key).ok(
      `{ viewer { apiKey { label isValid isReadOnly isLimited limits { role { name } } expiresAt revokedAt user { username } }
        user { apiKeys { totalCount nodes { label } } } } }`,
    )
    expect(viewer.apiKey).toEqual({
      label: 'ci',
      isValid: true,
      isReadOnly: false,
      isLimited: false,
      limits: [],
      expiresAt: null,
      revokedAt: null,
      user: { username: 'bob' },
    })
    expect(viewer.user.apiKeys).toEqual({ totalCount: 2, nodes: [{ label: 'first key' }, { label: 'ci' }] })
    expect(await statusOf(bob.client)).toBe(200)
  })

  test('belongs to another user where an administrator makes it for that user', async () => {
    const { key } = await createApiKey(app.root, { user: 'BOB' })

    expect(await usernameOf(app.as(key))).toBe('bob')
  })

  test('allows at most what its limits allow', async () => {
    await createProject(app, 'apollo')
    await createRole(app, 'READER', ['version.read', 'version.create'])
    const { bob } = given()
    await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', organization: 'default' }])

    const { key } = await createApiKey(bob.client, { limits: [{ role: 'READER', project: 'apollo' }] })

    expect(await permissionsOf(app.as(key))).toEqual(['version.create on apollo'])
    const { viewer } = await app
      .as(key)
      .ok('{ viewer { apiKey { isLimited limits { role { name } project { code } organization { name } } } } }')
    expect(viewer.apiKey).toEqual({
      isLimited: true,
      limits: [{ role: { name: 'READER' }, project: { code: 'apollo' }, organization: expect.anything() }],
    })
  })

  test('with an empty list of limits shows its owner and allows nothing else', async () => {
    const { key } = await createApiKey(app.root, { limits: [] })

    expect(await permissionsOf(app.as(key))).toEqual([])
    expect(await usernameOf(app.as(key))).toBe('root')
    await app.as(key).refused('FORBIDDEN', 'mutation { createProject(input: { code: "x" }) { __typename } }')
  })

  test('is not made where its limits name an unknown project, and the error names the item', async () => {
    const { bob } = given()

    const error = await withoutWriting(app, () =>
      failChange(bob.client, 'NotFoundError', 'createApiKey', {
        label: 'x',
        limits: [{ role: 'AUDITOR', project: 'gemini' }],
      }),
    )

    expect(error.path.join('.')).toBe('limits.0.project')
  })

  test('that is read-only may read, and every mutation with it is forbidden', async () => {
    const { key } = await createApiKey(app.root, { isReadOnly: true })
    const client = app.as(key)

    const error = await withoutWriting(app, () =>
      client.refused('FORBIDDEN', 'mutation { createProject(input: { code: "x" }) { __typename } }'),
    )

    expect(missingOf(error.extensions)).toEqual(['a key that is not read-only'])
    expect(await usernameOf(client)).toBe('root')
  })

  test('that is made with an expiring key ends with that key at the latest', async () => {
    const { bob } = given()
    const end = inDays(5)
    const short = app.as((await createApiKey(bob.client, { expiresAt: end })).key)

    const { apiKey } = await change(short, 'createApiKey', { label: 'x' }, 'apiKey { expiresAt }')
    const input = { label: 'x', expiresAt: inDays(6) }
    const error = await withoutWriting(app, () => failChange(short, 'MissingAuthorityError', 'createApiKey', input))

    expect(apiKey.expiresAt).toBe(end)
    expect(error.code).toBe('MISSING_AUTHORITY')
  })
})

describe('a key with a planned end', () => {
  test('is refused once the end has passed', async () => {
    const { bob } = given()
    const { id, key } = await createApiKey(bob.client, { expiresAt: inDays(1) })
    const before = await statusOf(app.as(key))

    await lapseKey(app, id)

    expect(before).toBe(200)
    expect(await statusOf(app.as(key))).toBe(401)
    const { node } = await bob.client.ok('query ($id: ID!) { node(id: $id) { ... on ApiKey { isValid revokedAt } } }', {
      id,
    })
    expect(node).toEqual({ isValid: false, revokedAt: null })
  })

  test('is not made where the end is in the past', async () => {
    await withoutWriting(app, () =>
      failInput(app.root, ['expiresAt'], 'createApiKey', { label: 'x', expiresAt: '2020-01-01T00:00:00Z' }),
    )
  })
})

describe('revoking a key', () => {
  test('ends it at once and leaves the other keys valid', async () => {
    const { bob } = given()
    const second = await createApiKey(bob.client)

    const input = { apiKey: bob.keyId }
    const { changed, apiKey } = await change(bob.client, 'revokeApiKey', input, 'changed apiKey { isValid revokedAt }')

    expect(changed).toBe(true)
    expect(apiKey).toEqual({ isValid: false, revokedAt: expect.any(String) })
    expect(await statusOf(bob.client)).toBe(401)
    expect(await statusOf(app.as(second.key))).toBe(200)
  })

  test('changes and writes nothing the second time', async () => {
    const { bob } = given()
    await change(app.root, 'revokeApiKey', { apiKey: bob.keyId })

    const again = await withoutWriting(app, () => change(app.root, 'revokeApiKey', { apiKey: bob.keyId }, 'changed'))

    expect(again.changed).toBe(false)
  })

  test('of another user answers as if the key did not exist', async () => {
    const { bob } = given()
    const carol = await createUser(app, 'carol')
    const missing = { apiKey: 'key_00000000-0000-7000-8000-000000000000' }

    for (const name of ['revokeApiKey', 'rotateApiKey']) {
      const foreign = await withoutWriting(app, () =>
        failChange(carol.client, 'NotFoundError', name, { apiKey: bob.keyId }),
      )
      expect(foreign).toEqual(await failChange(carol.client, 'NotFoundError', name, missing))
      expect(foreign.path.join('.')).toBe('apiKey')
    }
  })
})
