import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { inDays, statusOf, usernameOf } from '../../support/look.ts'
import { lapseKey, query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createUser } from '../../support/seed.ts'

const app = startApp()

/** Bob, and the key “ci” that he made beside his first one. */
const given = app.world(async () => {
  const bob = await createUser(app, 'bob')
  return { bob, old: await createApiKey(bob.client, { label: 'ci' }) }
})

/** A key as its owner sees it. */
async function look(client: Client, id: string) {
  const { node } = await client.ok(
    `query ($id: ID!) { node(id: $id) { ... on ApiKey { isValid expiresAt revokedAt lastUsedAt replacement { id } } } }`,
    { id },
  )
  return node
}

describe('rotating a key', () => {
  const NEW_KEY = 'secret apiKey { id label isReadOnly isLimited expiresAt limits { role { name } } }'

  test('replaces it at once with a key that has the same label and limits', async () => {
    const { bob } = given()
    const limits = [{ role: 'AUDITOR', everywhere: true }]
    const old = await createApiKey(bob.client, { label: 'ci', isReadOnly: true, limits })

    const { secret, apiKey } = await change(bob.client, 'rotateApiKey', { apiKey: old.id }, NEW_KEY)

    expect(apiKey).toEqual({
      id: expect.any(String),
      label: 'ci',
      isReadOnly: true,
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

  test('with the key itself gives a new key that ends when the old one would have ended', async () => {
    const { bob } = given()
    const end = inDays(10)
    const old = await createApiKey(bob.client, { expiresAt: end })

    const { apiKey } = await change(app.as(old.key), 'rotateApiKey', { apiKey: old.id }, NEW_KEY)

    expect(apiKey.expiresAt).toBe(end)
  })

  test('with another key gives a new key that lasts as long as the old one did', async () => {
    const { bob } = given()
    const old = await createApiKey(bob.client, { expiresAt: inDays(10) })
    await query(
      app,
      sql`update api_keys set created_at = created_at - interval '4 days', expires_at = expires_at - interval '4 days' where id = ${uuidOf(old.id)}`,
    )

    const { apiKey } = await change(bob.client, 'rotateApiKey', { apiKey: old.id }, 'apiKey { createdAt expiresAt }')

    expect(Math.round((Date.parse(apiKey.expiresAt) - Date.parse(apiKey.createdAt)) / 10_000)).toBe(10 * 8640)
  })

  test('with a key that ends sooner gives a new key that ends with that key', async () => {
    const { bob } = given()
    const end = inDays(2)
    const short = await createApiKey(bob.client, { expiresAt: end })

    const { apiKey } = await change(app.as(short.key), 'rotateApiKey', { apiKey: bob.keyId }, NEW_KEY)

    expect(apiKey.expiresAt).toBe(end)
  })

  test('is a conflict where the key is revoked or has expired', async () => {
    const { bob } = given()
    const revoked = await createApiKey(bob.client)
    const expired = await createApiKey(bob.client, { expiresAt: inDays(1) })
    await change(bob.client, 'revokeApiKey', { apiKey: revoked.id })
    await lapseKey(app, expired.id)

    await withoutWriting(app, async () => {
      for (const { id } of [revoked, expired])
        await failChange(bob.client, 'ConflictError', 'rotateApiKey', { apiKey: id })
    })
  })

  test('is a conflict for ROOT_API_KEY, and the error names the variable', async () => {
    const { viewer } = await app.root.ok('{ viewer { apiKey { id label } } }')

    const error = await withoutWriting(app, () =>
      failChange(app.root, 'ConflictError', 'rotateApiKey', { apiKey: viewer.apiKey.id }),
    )

    expect(viewer.apiKey.label).toBe('ROOT_API_KEY')
    expect(error.message).toContain('ROOT_API_KEY')
  })
})

describe('rotating a key with an overlap', () => {
  const ROTATED = 'secret apiKey { id label expiresAt }'

  test('keeps the old key valid beside the new one until the overlap ends', async () => {
    const { bob, old } = given()
    const expiresAt = inDays(2)

    const { secret, apiKey } = await change(
      bob.client,
      'rotateApiKey',
      { apiKey: old.id, overlapUntil: expiresAt },
      ROTATED,
    )

    expect(apiKey).toEqual({ id: expect.not.stringMatching(old.id), label: 'ci', expiresAt: null })
    expect(await usernameOf(app.as(secret))).toBe('bob')
    expect(await usernameOf(app.as(old.key))).toBe('bob')
    expect(await look(bob.client, old.id)).toMatchObject({
      isValid: true,
      expiresAt: expiresAt,
      revokedAt: null,
      replacement: { id: apiKey.id },
    })
    expect(await look(bob.client, apiKey.id)).toMatchObject({ isValid: true, replacement: null })
    await lapseKey(app, old.id)
    expect([await statusOf(app.as(old.key)), await statusOf(app.as(secret))]).toEqual([401, 200])
  })

  test('never makes the old key last longer, and gives the new key its full length', async () => {
    const { bob } = given()
    const end = inDays(1)
    const old = await createApiKey(bob.client, { expiresAt: end })

    const input = { apiKey: old.id, overlapUntil: inDays(5) }
    const { apiKey } = await change(bob.client, 'rotateApiKey', input, 'apiKey { id createdAt expiresAt }')

    expect((await look(bob.client, old.id)).expiresAt).toBe(end)
    expect(Math.round((Date.parse(apiKey.expiresAt) - Date.parse(apiKey.createdAt)) / 10_000)).toBe(8640)
    await lapseKey(app, old.id)
    expect(await statusOf(app.as(old.key))).toBe(401)
  })

  test('with the key itself gives a new key that ends when the old one would have ended, not with the overlap', async () => {
    const { bob } = given()
    const [end, expiresAt] = [inDays(10), inDays(1)]
    const old = await createApiKey(bob.client, { expiresAt: end })

    const input = { apiKey: old.id, overlapUntil: expiresAt }
    const { apiKey } = await change(app.as(old.key), 'rotateApiKey', input, ROTATED)

    expect(apiKey.expiresAt).toBe(end)
    expect((await look(bob.client, old.id)).expiresAt).toBe(expiresAt)
  })

  test.each([
    ['null', { overlapUntil: null }],
    ['omitted', {}],
  ])('that is %s ends the old key at once', async (_name, overlap) => {
    const { bob, old } = given()

    const { secret } = await change(bob.client, 'rotateApiKey', { apiKey: old.id, ...overlap }, ROTATED)

    expect([await statusOf(app.as(old.key)), await statusOf(app.as(secret))]).toEqual([401, 200])
    expect(await look(bob.client, old.id)).toMatchObject({ isValid: false, revokedAt: expect.any(String) })
  })

  test('is refused where the overlap ends in the past', async () => {
    const { bob, old } = given()

    await withoutWriting(app, async () => {
      for (const overlapUntil of ['2020-01-01T00:00:00Z', inDays(-1)]) {
        await failInput(bob.client, ['overlapUntil'], 'rotateApiKey', { apiKey: old.id, overlapUntil })
      }
    })

    expect(await statusOf(app.as(old.key))).toBe(200)
  })

  test('is a conflict a second time, during the overlap and after it, but the new key can be rotated', async () => {
    const { bob, old } = given()
    const input = { apiKey: old.id, overlapUntil: inDays(1) }
    const { apiKey } = await change(bob.client, 'rotateApiKey', input, ROTATED)

    await withoutWriting(app, async () => {
      for (const again of [input, { apiKey: old.id }])
        await failChange(bob.client, 'ConflictError', 'rotateApiKey', again)
    })
    await lapseKey(app, old.id)
    await withoutWriting(app, () => failChange(bob.client, 'ConflictError', 'rotateApiKey', input))

    await change(bob.client, 'rotateApiKey', { apiKey: apiKey.id })
  })

  test('is a conflict where the key has ended', async () => {
    const { bob } = given()
    const [revoked, expired] = [
      await createApiKey(bob.client),
      await createApiKey(bob.client, { expiresAt: inDays(1) }),
    ]
    await change(bob.client, 'revokeApiKey', { apiKey: revoked.id })
    await lapseKey(app, expired.id)

    await withoutWriting(app, async () => {
      for (const { id } of [revoked, expired]) {
        await failChange(bob.client, 'ConflictError', 'rotateApiKey', { apiKey: id, overlapUntil: inDays(1) })
      }
    })

    expect([await statusOf(app.as(revoked.key)), await statusOf(app.as(expired.key))]).toEqual([401, 401])
  })

  test('is a conflict for ROOT_API_KEY', async () => {
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')

    const input = { apiKey: viewer.apiKey.id, overlapUntil: inDays(1) }
    const error = await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'rotateApiKey', input))

    expect(error.message).toContain('ROOT_API_KEY')
    expect(await statusOf(app.root)).toBe(200)
  })

  test('lets the old key be revoked before the overlap ends', async () => {
    const { bob, old } = given()
    const { secret } = await change(bob.client, 'rotateApiKey', { apiKey: old.id, overlapUntil: inDays(1) }, ROTATED)

    const { changed } = await change(bob.client, 'revokeApiKey', { apiKey: old.id }, 'changed')

    expect(changed).toBe(true)
    expect([await statusOf(app.as(old.key)), await statusOf(app.as(secret))]).toEqual([401, 200])
  })

  test('lets the old key make no key that lasts longer than itself', async () => {
    const { bob, old } = given()
    const expiresAt = inDays(1)
    const { apiKey: next } = await change(
      bob.client,
      'rotateApiKey',
      { apiKey: old.id, overlapUntil: expiresAt },
      ROTATED,
    )

    const made = await change(app.as(old.key), 'createApiKey', { label: 'x' }, 'apiKey { expiresAt }')
    const rotated = await change(app.as(old.key), 'rotateApiKey', { apiKey: next.id }, ROTATED)

    expect([made.apiKey.expiresAt, rotated.apiKey.expiresAt]).toEqual([expiresAt, expiresAt])
  })

  test('changes nothing and shows no secret in a dry run', async () => {
    const { bob, old } = given()

    for (const overlapUntil of [inDays(1), null]) {
      const dry = await withoutWriting(app, () =>
        bob.client.ok(changeDocument('rotateApiKey', ROTATED), {
          input: { apiKey: old.id, overlapUntil },
          dryRun: true,
        }),
      )
      expect(dry.rotateApiKey).toMatchObject({ __typename: 'RotateApiKeyPayload', secret: null })
    }

    expect(await look(bob.client, old.id)).toMatchObject({ isValid: true, expiresAt: null, replacement: null })
    expect(await statusOf(app.as(old.key))).toBe(200)
  })

  test.each([
    ['after the end of the key', 5, 1],
    ['at the end of the key', 1, 1],
    ['before the end of the key', 1, 5],
  ])(
    'that ends %s is told in the audit and by mail with the time at which it really ends',
    async (_what, wanted, end) => {
      const { bob } = given()
      const old = await createApiKey(bob.client, { label: 'ci', expiresAt: inDays(end) })
      const { expiresAt } = await look(bob.client, old.id)
      const overlapUntil = wanted === end ? expiresAt : inDays(wanted)

      await change(bob.client, 'rotateApiKey', { apiKey: old.id, overlapUntil })

      const until = wanted < end ? overlapUntil : expiresAt
      const [mail] = await query<{ details: { until: string } }>(
        app,
        sql`select details from notifications where kind = 'KEY_ROTATED'`,
      )
      expect((await readAudit(app)).at(-1)?.after).toMatchObject({ overlapUntil: until })
      expect(mail?.details.until).toBe(`until ${until}`)
      expect((await look(bob.client, old.id)).expiresAt).toBe(until)
    },
  )

  test('leaves one row in the audit, which names both keys and no secret', async () => {
    const { bob, old } = given()
    const overlapUntil = inDays(1)
    const before = (await readAudit(app)).length

    const { secret, apiKey } = await change(bob.client, 'rotateApiKey', { apiKey: old.id, overlapUntil }, ROTATED)

    const rows = (await readAudit(app)).slice(before)
    expect(rows.map((row) => [row.action, row.target_id, row.before, row.after])).toEqual([
      [
        'rotateApiKey',
        uuidOf(apiKey.id),
        { apiKey: old.id },
        { apiKey: apiKey.id, user: 'bob', label: 'ci', isReadOnly: false, expiresAt: null, overlapUntil },
      ],
    ])
    expect(JSON.stringify(rows)).not.toContain(secret.slice(-49))
  })
})
