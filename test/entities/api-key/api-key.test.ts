import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange, failInput } from '../../support/change.ts'
import { inDays, permissionsOf, statusOf, usernameOf } from '../../support/look.ts'
import { databaseText, lapseKey, query, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createProject, createRole, createUser } from '../../support/seed.ts'

const app = startApp()

describe('a new key', () => {
  test('has a form of its own, and only its hash and hint are kept', async () => {
    const bob = await createUser(app, 'bob')

    const { secret, apiKey } = await change(bob.client, 'createApiKey', { label: 'ci' }, 'secret apiKey { id hint }')

    expect(secret).toMatch(/^chl_[0-9a-f]{32}_[0-9A-Za-z]{49}$/)
    expect(apiKey.hint).toBe(secret.slice(-4))
    const rows = await query(app, sql`select encode(hash, 'hex') as hash from api_keys where id = ${uuidOf(apiKey.id)}`)
    expect(rows).toEqual([{ hash: createHash('sha256').update(secret).digest('hex') }])
    const text = await databaseText(app)
    expect(text).not.toContain(secret)
    expect(text).not.toContain(secret.slice(-49))
  })

  test('is the caller’s, without limits and end, beside the others', async () => {
    const bob = await createUser(app, 'bob')

    const { key } = await createApiKey(bob.client, { label: 'ci' })

    const { viewer } = await app.as(key).ok(
      `{ viewer { apiKey { label isValid readOnly isLimited limits { role { name } } expiresAt revokedAt user { username } }
        user { apiKeys { totalCount nodes { label } } } } }`,
    )
    expect(viewer.apiKey).toEqual({
      label: 'ci',
      isValid: true,
      readOnly: false,
      isLimited: false,
      limits: [],
      expiresAt: null,
      revokedAt: null,
      user: { username: 'bob' },
    })
    expect(viewer.user.apiKeys).toEqual({ totalCount: 2, nodes: [{ label: 'first key' }, { label: 'ci' }] })
    expect(await statusOf(bob.client)).toBe(200)
  })

  test('made by an administrator for another user is that user’s', async () => {
    await createUser(app, 'bob')

    const { key } = await createApiKey(app.root, { user: 'BOB' })

    expect(await usernameOf(app.as(key))).toBe('bob')
  })

  test('does at most what its limits allow', async () => {
    await createProject(app, 'apollo')
    await createRole(app, 'READER', ['version.read', 'version.create'])
    const bob = await createUser(app, 'bob', { roles: [{ role: 'VERSION_MANAGER', organization: 'default' }] })

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

  test('with an empty list of limits allows nothing but being its owner', async () => {
    const { key } = await createApiKey(app.root, { limits: [] })

    expect(await permissionsOf(app.as(key))).toEqual([])
    expect(await usernameOf(app.as(key))).toBe('root')
    await app.as(key).refused('FORBIDDEN', 'mutation { createProject(input: { code: "x" }) { __typename } }')
  })

  test('limited to what is not there names the item and is not made', async () => {
    const bob = await createUser(app, 'bob')

    const error = await withoutWriting(app, () =>
      failChange(bob.client, 'NotFound', 'createApiKey', {
        label: 'x',
        limits: [{ role: 'AUDITOR', project: 'gemini' }],
      }),
    )

    expect(error.path).toBe('limits.0.project')
  })

  test('that is read-only reads, and every mutation with it is forbidden', async () => {
    const { key } = await createApiKey(app.root, { readOnly: true })
    const client = app.as(key)

    const error = await withoutWriting(app, () =>
      client.refused('FORBIDDEN', 'mutation { createProject(input: { code: "x" }) { __typename } }'),
    )

    expect(error.extensions.missing).toEqual(['a key that is not read-only'])
    expect(await usernameOf(client)).toBe('root')
  })

  test('made with a key that ends, ends with it at the latest', async () => {
    const bob = await createUser(app, 'bob')
    const end = inDays(5)
    const short = app.as((await createApiKey(bob.client, { expiresAt: end })).key)

    const { apiKey } = await change(short, 'createApiKey', { label: 'x' }, 'apiKey { expiresAt }')
    const input = { label: 'x', expiresAt: inDays(6) }
    const error = await withoutWriting(app, () => failChange(short, 'MissingAuthority', 'createApiKey', input))

    expect(apiKey.expiresAt).toBe(end)
    expect(error.code).toBe('MISSING_AUTHORITY')
  })
})

describe('a key with a planned end', () => {
  test('is refused once it has passed', async () => {
    const bob = await createUser(app, 'bob')
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

  test('in the past is refused by name', async () => {
    await withoutWriting(app, () =>
      failInput(app.root, ['expiresAt'], 'createApiKey', { label: 'x', expiresAt: '2020-01-01T00:00:00Z' }),
    )
  })
})

describe('revoking a key', () => {
  test('refuses it from the next request on and leaves the others', async () => {
    const bob = await createUser(app, 'bob')
    const second = await createApiKey(bob.client)

    const input = { apiKey: bob.keyId }
    const { changed, apiKey } = await change(bob.client, 'revokeApiKey', input, 'changed apiKey { isValid revokedAt }')

    expect(changed).toBe(true)
    expect(apiKey).toEqual({ isValid: false, revokedAt: expect.any(String) })
    expect(await statusOf(bob.client)).toBe(401)
    expect(await statusOf(app.as(second.key))).toBe(200)
  })

  test('twice changes nothing and writes nothing', async () => {
    const bob = await createUser(app, 'bob')
    await change(app.root, 'revokeApiKey', { apiKey: bob.keyId })

    const again = await withoutWriting(app, () => change(app.root, 'revokeApiKey', { apiKey: bob.keyId }, 'changed'))

    expect(again.changed).toBe(false)
  })

  test('of somebody else answers as if it were not there', async () => {
    const bob = await createUser(app, 'bob')
    const carol = await createUser(app, 'carol')
    const missing = { apiKey: 'key_00000000-0000-7000-8000-000000000000' }

    for (const name of ['revokeApiKey', 'rotateApiKey']) {
      const foreign = await withoutWriting(app, () => failChange(carol.client, 'NotFound', name, { apiKey: bob.keyId }))
      expect(foreign).toEqual(await failChange(carol.client, 'NotFound', name, missing))
      expect(foreign.path).toBe('apiKey')
    }
  })
})
