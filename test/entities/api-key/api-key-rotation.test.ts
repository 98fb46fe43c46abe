import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { inDays, statusOf, usernameOf } from '../../support/look.ts'
import { lapseKey, query, readAudit, uuidOf, withoutWriting } from '../../support/rows.ts'
import { createApiKey, createUser } from '../../support/seed.ts'

const app = startApp()

/** A key as its owner sees it. */
async function look(client: Client, id: string) {
  const { node } = await client.ok(
    `query ($id: ID!) { node(id: $id) { ... on ApiKey { isValid expiresAt revokedAt lastUsedAt replacement { id } } } }`,
    { id },
  )
  return node
}

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

describe('rotating a key with an overlap', () => {
  const ROTATED = 'secret apiKey { id label expiresAt }'

  test('lets the old one work beside the new one until then', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client, { label: 'ci' })
    const until = inDays(2)

    const { secret, apiKey } = await change(
      bob.client,
      'rotateApiKey',
      { apiKey: old.id, overlapUntil: until },
      ROTATED,
    )

    expect(apiKey).toEqual({ id: expect.not.stringMatching(old.id), label: 'ci', expiresAt: null })
    expect(await usernameOf(app.as(secret))).toBe('bob')
    expect(await usernameOf(app.as(old.key))).toBe('bob')
    expect(await look(bob.client, old.id)).toMatchObject({
      isValid: true,
      expiresAt: until,
      revokedAt: null,
      replacement: { id: apiKey.id },
    })
    expect(await look(bob.client, apiKey.id)).toMatchObject({ isValid: true, replacement: null })
    await lapseKey(app, old.id)
    expect([await statusOf(app.as(old.key)), await statusOf(app.as(secret))]).toEqual([401, 200])
  })

  test('never lengthens the old one, and gives the new one its full length', async () => {
    const bob = await createUser(app, 'bob')
    const end = inDays(1)
    const old = await createApiKey(bob.client, { expiresAt: end })

    const input = { apiKey: old.id, overlapUntil: inDays(5) }
    const { apiKey } = await change(bob.client, 'rotateApiKey', input, 'apiKey { id createdAt expiresAt }')

    expect((await look(bob.client, old.id)).expiresAt).toBe(end)
    expect(Math.round((Date.parse(apiKey.expiresAt) - Date.parse(apiKey.createdAt)) / 10_000)).toBe(8640)
    await lapseKey(app, old.id)
    expect(await statusOf(app.as(old.key))).toBe(401)
  })

  test('with itself gives a successor that ends when it would have, not when the overlap does', async () => {
    const bob = await createUser(app, 'bob')
    const [end, until] = [inDays(10), inDays(1)]
    const old = await createApiKey(bob.client, { expiresAt: end })

    const input = { apiKey: old.id, overlapUntil: until }
    const { apiKey } = await change(app.as(old.key), 'rotateApiKey', input, ROTATED)

    expect(apiKey.expiresAt).toBe(end)
    expect((await look(bob.client, old.id)).expiresAt).toBe(until)
  })

  test.each([
    ['null', { overlapUntil: null }],
    ['omitted', {}],
  ])('%s ends the old one at once', async (_name, overlap) => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client)

    const { secret } = await change(bob.client, 'rotateApiKey', { apiKey: old.id, ...overlap }, ROTATED)

    expect([await statusOf(app.as(old.key)), await statusOf(app.as(secret))]).toEqual([401, 200])
    expect(await look(bob.client, old.id)).toMatchObject({ isValid: false, revokedAt: expect.any(String) })
  })

  test('until a time that has passed is refused by name', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client)

    for (const overlapUntil of ['2020-01-01T00:00:00Z', inDays(-1)]) {
      await withoutWriting(app, () =>
        failInput(bob.client, ['overlapUntil'], 'rotateApiKey', { apiKey: old.id, overlapUntil }),
      )
    }

    expect(await statusOf(app.as(old.key))).toBe(200)
  })

  test('a second time is a conflict, during the overlap and after it; its successor can be rotated', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client)
    const input = { apiKey: old.id, overlapUntil: inDays(1) }
    const { apiKey } = await change(bob.client, 'rotateApiKey', input, ROTATED)

    for (const again of [input, { apiKey: old.id }]) {
      await withoutWriting(app, () => failChange(bob.client, 'Conflict', 'rotateApiKey', again))
    }
    await lapseKey(app, old.id)
    await withoutWriting(app, () => failChange(bob.client, 'Conflict', 'rotateApiKey', input))

    await change(bob.client, 'rotateApiKey', { apiKey: apiKey.id })
  })

  test('of a key that has ended is a conflict', async () => {
    const bob = await createUser(app, 'bob')
    const [revoked, expired] = [
      await createApiKey(bob.client),
      await createApiKey(bob.client, { expiresAt: inDays(1) }),
    ]
    await change(bob.client, 'revokeApiKey', { apiKey: revoked.id })
    await lapseKey(app, expired.id)

    for (const { id } of [revoked, expired]) {
      const input = { apiKey: id, overlapUntil: inDays(1) }
      await withoutWriting(app, () => failChange(bob.client, 'Conflict', 'rotateApiKey', input))
    }

    expect([await statusOf(app.as(revoked.key)), await statusOf(app.as(expired.key))]).toEqual([401, 401])
  })

  test('of ROOT_API_KEY is a conflict', async () => {
    const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')

    const input = { apiKey: viewer.apiKey.id, overlapUntil: inDays(1) }
    const error = await withoutWriting(app, () => failChange(app.root, 'Conflict', 'rotateApiKey', input))

    expect(error.message).toContain('ROOT_API_KEY')
    expect(await statusOf(app.root)).toBe(200)
  })

  test('leaves the old one to be revoked before', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client)
    const { secret } = await change(bob.client, 'rotateApiKey', { apiKey: old.id, overlapUntil: inDays(1) }, ROTATED)

    const { changed } = await change(bob.client, 'revokeApiKey', { apiKey: old.id }, 'changed')

    expect(changed).toBe(true)
    expect([await statusOf(app.as(old.key)), await statusOf(app.as(secret))]).toEqual([401, 200])
  })

  test('leaves the old one nothing that outlives it', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client)
    const until = inDays(1)
    const { apiKey: next } = await change(bob.client, 'rotateApiKey', { apiKey: old.id, overlapUntil: until }, ROTATED)

    const made = await change(app.as(old.key), 'createApiKey', { label: 'x' }, 'apiKey { expiresAt }')
    const rotated = await change(app.as(old.key), 'rotateApiKey', { apiKey: next.id }, ROTATED)

    expect([made.apiKey.expiresAt, rotated.apiKey.expiresAt]).toEqual([until, until])
  })

  test('as a dry run changes nothing and shows no secret', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client, { label: 'ci' })

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
    ['later than the key ends', 5, 1],
    ['when the key ends', 1, 1],
    ['sooner than the key ends', 1, 5],
  ])('that is to last until %s is told, in the audit and by mail, as it is', async (_what, wanted, end) => {
    const bob = await createUser(app, 'bob')
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
  })

  test('leaves one row of the audit, which names both keys and no secret', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client, { label: 'ci' })
    const overlapUntil = inDays(1)
    const before = (await readAudit(app)).length

    const { secret, apiKey } = await change(bob.client, 'rotateApiKey', { apiKey: old.id, overlapUntil }, ROTATED)

    const rows = (await readAudit(app)).slice(before)
    expect(rows.map((row) => [row.action, row.target_id, row.before, row.after])).toEqual([
      [
        'rotateApiKey',
        uuidOf(apiKey.id),
        { apiKey: old.id },
        { apiKey: apiKey.id, label: 'ci', readOnly: false, expiresAt: null, overlapUntil },
      ],
    ])
    expect(JSON.stringify(rows)).not.toContain(secret.slice(-49))
  })
})
