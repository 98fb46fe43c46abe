// Runs on both databases.
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { createToken } from '../../../src/entities/api-key/token.ts'
import { type Client, startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { inDays, statusOf } from '../../support/look.ts'
import { lapseKey, query, uuidOf } from '../../support/rows.ts'
import { createApiKey, createUser, type SeededUser } from '../../support/seed.ts'

const app = startApp()

/** When a key was last used, as the database has it. */
async function usedAt(id: string): Promise<string | null> {
  const [row] = await query<{ at: string | null }>(
    app,
    sql`select last_used_at::text as at from api_keys where id = ${uuidOf(id)}`,
  )
  return row?.at ?? null
}

/** Sets the last use of a key to so many seconds ago; gives when that was. */
async function useBefore(id: string, seconds: number): Promise<string | null> {
  await query(
    app,
    sql`update api_keys set created_at = created_at - interval '1 day', last_used_at = now() - ${`${seconds} seconds`}::interval where id = ${uuidOf(id)}`,
  )
  return usedAt(id)
}

/** Uses new keys and waits until each use is noted: by then every earlier use has been noted too. */
async function settle(owner: SeededUser) {
  for (let round = 0; round < 3; round++) {
    const { id, key } = await createApiKey(owner.client)
    expect(await statusOf(app.as(key))).toBe(200)
    await expect.poll(() => usedAt(id)).not.toBe(null)
  }
}

function lastUsedAt(client: Client, id: string): Promise<string | null> {
  return client
    .ok('query ($id: ID!) { node(id: $id) { ... on ApiKey { lastUsedAt } } }', { id })
    .then(({ node }) => node.lastUsedAt)
}

describe('the time of the last use of a key', () => {
  test('is null before the first use, and is noted with it', async () => {
    const bob = await createUser(app, 'bob')
    const { id, key } = await createApiKey(bob.client)
    const before = await lastUsedAt(bob.client, id)
    const [now] = await query<{ now: string }>(app, sql`select clock_timestamp()::text as now`)

    await statusOf(app.as(key))

    expect(before).toBe(null)
    await expect.poll(() => usedAt(id)).not.toBe(null)
    const rows = await query(
      app,
      sql`select last_used_at between ${now?.now}::timestamptz and clock_timestamp() as fits from api_keys where id = ${uuidOf(id)}`,
    )
    expect(rows).toEqual([{ fits: true }])
    expect(Date.parse((await lastUsedAt(bob.client, id)) ?? '')).toBe(Date.parse(String(await usedAt(id))))
  })

  test.each([30, 45])('stays as it is where the last use was %s seconds ago', async (seconds) => {
    const bob = await createUser(app, 'bob')
    const { id, key } = await createApiKey(bob.client)
    await statusOf(app.as(key))
    await expect.poll(() => usedAt(id)).not.toBe(null)
    const before = await useBefore(id, seconds)

    const statuses = await Promise.all([1, 2, 3].map(() => statusOf(app.as(key))))
    await settle(bob)

    expect(statuses).toEqual([200, 200, 200])
    expect(await usedAt(id)).toBe(before)
  })

  test('is noted again where the last use was 61 seconds ago', async () => {
    const bob = await createUser(app, 'bob')
    const { id, key } = await createApiKey(bob.client)
    const before = await useBefore(id, 61)

    await statusOf(app.as(key))

    await expect.poll(() => usedAt(id)).not.toBe(before)
    const rows = await query(
      app,
      sql`select last_used_at > clock_timestamp() - interval '30 seconds' as recent from api_keys where id = ${uuidOf(id)}`,
    )
    expect(rows).toEqual([{ recent: true }])
  })

  test('is noted for that key alone', async () => {
    const bob = await createUser(app, 'bob')
    const [used, other] = [await createApiKey(bob.client), await createApiKey(bob.client)]

    await statusOf(app.as(used.key))
    await expect.poll(() => usedAt(used.id)).not.toBe(null)
    await settle(bob)

    expect(await usedAt(other.id)).toBe(null)
  })

  test('is noted for a read-only key, and for a key used in a dry run', async () => {
    const bob = await createUser(app, 'bob')
    const [reading, dry] = [await createApiKey(bob.client, { isReadOnly: true }), await createApiKey(bob.client)]

    await statusOf(app.as(reading.key))
    await app.as(dry.key).ok('mutation { createApiKey(input: { label: "x" }, dryRun: true) { __typename } }')

    await expect.poll(() => usedAt(reading.id)).not.toBe(null)
    await expect.poll(() => usedAt(dry.id)).not.toBe(null)
  })

  test('is noted for a rotated key during its overlap, but not for the new key', async () => {
    const bob = await createUser(app, 'bob')
    const old = await createApiKey(bob.client)
    const input = { apiKey: old.id, overlapUntil: inDays(1) }
    const { apiKey } = await change(bob.client, 'rotateApiKey', input, 'apiKey { id }')

    await statusOf(app.as(old.key))

    await expect.poll(() => usedAt(old.id)).not.toBe(null)
    expect(await usedAt(apiKey.id)).toBe(null)
  })
})

describe('no use is noted for a key that is refused:', () => {
  const ENDS: [string, (key: { id: string; key: string }) => Promise<string>][] = [
    [
      'a revoked key',
      async ({ id, key }) => {
        await change(app.root, 'revokeApiKey', { apiKey: id })
        return key
      },
    ],
    [
      'an expired key',
      async ({ id, key }) => {
        await lapseKey(app, id)
        return key
      },
    ],
    [
      'a key of a disabled user',
      async ({ key }) => {
        await change(app.root, 'disableUser', { user: 'bob' })
        return key
      },
    ],
    ['the id of a key with another secret', async ({ id }) => createToken(uuidOf(id).replaceAll('-', ''))],
  ]

  test.each(ENDS)('%s', async (_name, end) => {
    const alice = await createUser(app, 'alice')
    const bob = await createUser(app, 'bob')
    const made = await createApiKey(bob.client)
    const presented = await end(made)

    const status = await statusOf(app.as(presented))
    await settle(alice)

    expect(status).toBe(401)
    expect(await usedAt(made.id)).toBe(null)
  })
})
