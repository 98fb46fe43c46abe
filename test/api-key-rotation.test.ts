import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from './support/app.ts'
import { change, failChange } from './support/change.ts'
import { inDays, statusOf } from './support/look.ts'
import { lapseKey, query, uuidOf, withoutWriting } from './support/rows.ts'
import { createApiKey, createUser } from './support/seed.ts'

const app = startApp()

describe('rotating a key', () => {
  const NEW_KEY = 'secret apiKey { id label readOnly isLimited expiresAt limits { role { name } } }'

  test('replaces it at once by one of the same label and limits', async () => {
    const bob = await createUser(app, 'bob')
    const limits = [{ role: 'AUDITOR', everywhere: true }]
    const old = await createApiKey(bob.client, { label: 'ci', readOnly: true, limits })

    const { secret, apiKey } = await change(bob.client, 'rotateApiKey', { apiKey: old.id }, NEW_KEY)

    expect(apiKey).toEqual({
      id: expect.any(String),
      label: 'ci',
      readOnly: true,
      isLimited: true,
      expiresAt: null,
      limits: [{ role: { name: 'AUDITOR' } }],
    })
    expect(apiKey.id).not.toBe(old.id)
    expect(await statusOf(app.as(secret))).toBe(200)
    expect(await statusOf(app.as(old.key))).toBe(401)
    const { node } = await bob.client.ok('query ($id: ID!) { node(id: $id) { ... on ApiKey { isValid } } }', {
      id: old.id,
    })
    expect(node.isValid).toBe(false)
  })

  test('with itself gives a successor that ends when it would have', async () => {
    const bob = await createUser(app, 'bob')
    const end = inDays(10)
    const old = await createApiKey(bob.client, { expiresAt: end })

    const { apiKey } = await change(app.as(old.key), 'rotateApiKey', { apiKey: old.id }, NEW_KEY)

    expect(apiKey.expiresAt).toBe(end)
  })

  test('with another key gives it its full length again', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client, { expiresAt: inDays(10) })
    await query(
      app,
      sql`update api_keys set created_at = created_at - interval '4 days', expires_at = expires_at - interval '4 days' where id = ${uuidOf(old.id)}`,
    )

    const { apiKey } = await change(bob.client, 'rotateApiKey', { apiKey: old.id }, 'apiKey { createdAt expiresAt }')

    expect(Math.round((Date.parse(apiKey.expiresAt) - Date.parse(apiKey.createdAt)) / 10_000)).toBe(10 * 8640)
  })

  test('with a key that ends sooner gives one that ends with that', async () => {
    const bob = await createUser(app, 'bob')
    const end = inDays(2)
    const short = await createApiKey(bob.client, { expiresAt: end })

    const { apiKey } = await change(app.as(short.key), 'rotateApiKey', { apiKey: bob.keyId }, NEW_KEY)

    expect(apiKey.expiresAt).toBe(end)
  })

  test('that is revoked or has expired is a conflict', async () => {
    const bob = await createUser(app, 'bob')
    const revoked = await createApiKey(bob.client)
    const expired = await createApiKey(bob.client, { expiresAt: inDays(1) })
    await change(bob.client, 'revokeApiKey', { apiKey: revoked.id })
    await lapseKey(app, expired.id)

    for (const { id } of [revoked, expired]) {
      await withoutWriting(app, () => failChange(bob.client, 'Conflict', 'rotateApiKey', { apiKey: id }))
    }
  })

  test('of ROOT_API_KEY is a conflict that names the variable', async () => {
    const { viewer } = await app.root.ok('{ viewer { apiKey { id label } } }')

    const error = await withoutWriting(app, () =>
      failChange(app.root, 'Conflict', 'rotateApiKey', { apiKey: viewer.apiKey.id }),
    )

    expect(viewer.apiKey.label).toBe('ROOT_API_KEY')
    expect(error.message).toContain('ROOT_API_KEY')
  })
})
