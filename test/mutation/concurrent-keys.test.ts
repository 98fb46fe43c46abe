import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { readRows } from '../../src/db/database.ts'
import { startApp } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { createApiKey, createRole, createUser } from '../support/seed.ts'
import { wordOf } from '../support/word.ts'

const app = startApp()

// On the embedded database there is one session: its transactions queue, and a handful of rounds says so.
const ROUNDS = isPostgres() ? 50 : 5

test('a key that is rotated twice at the same time has one successor', async () => {
  const bob = await createUser(app, 'bob')
  for (let round = 0; round < ROUNDS; round++) {
    const label = `key ${round}`
    const { id } = await createApiKey(bob.client, { label })

    const rotations = await Promise.all(
      [app.root, bob.client].map((client) => client.send(changeDocument('rotateApiKey'), { input: { apiKey: id } })),
    )

    expect(rotations.map(wordOf).sort()).toEqual(['ConflictError', 'done'])
    const rows = await readRows(
      app.database.db,
      sql`select count(*)::int as live from api_keys where label = ${label} and revoked_at is null`,
    )
    expect([...rows]).toEqual([{ live: 1 }])
  }
})

test('after updateRole has answered, nothing more is written with the removed permission', async () => {
  await createRole(app, 'MAKER', ['projects.manage'])
  const bob = await createUser(app, 'bob', { roles: [{ role: 'MAKER', everywhere: true }] })
  for (let round = 0; round < ROUNDS; round++) {
    await app.root.ok(changeDocument('updateRole'), { input: { role: 'MAKER', addPermissions: ['projects.manage'] } })
    const before = await countWritten(bob.keyId)
    const writers = Array.from({ length: 6 }, (_, index) =>
      bob.client.send(changeDocument('createProject'), { input: { code: `p-${round}-${index}` } }),
    )

    if (round % 2) await Promise.race(writers)
    await app.root.ok(changeDocument('updateRole'), {
      input: { role: 'MAKER', removePermissions: ['projects.manage'] },
    })
    const writtenThen = await countWritten(bob.keyId)
    const words = (await Promise.all(writers)).map(wordOf)

    expect(await countWritten(bob.keyId)).toBe(writtenThen)
    expect(words.filter((word) => word === 'done')).toHaveLength(writtenThen - before)
    expect(words.filter((word) => !['done', 'FORBIDDEN'].includes(word))).toEqual([])
  }
})

async function countWritten(apiKeyId: string): Promise<number> {
  const uuid = apiKeyId.replace('key_', '')
  const [row] = await readRows<{ count: number }>(
    app.database.db,
    sql`select count(*)::int as count from audit_events where outcome = 'DONE' and api_key_id = ${uuid}`,
  )
  return row?.count ?? 0
}
