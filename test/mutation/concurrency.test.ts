// Runs on both databases.

import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { readRows } from '../../src/db/database.ts'
import { startApp } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { createUser } from '../support/seed.ts'
import { wordOf } from '../support/word.ts'

const app = startApp()

// On the embedded database there is one session: its transactions queue, and a handful of rounds says so.
const ROUNDS = isPostgres() ? 50 : 5

const grantInput = (user: string, role: string, scope: object = { everywhere: true }) => ({
  input: { user, roles: [{ role, ...scope }] },
})

describe('changes at the same time', () => {
  test('a role granted eight times at the same time is held once, and one answer says that it changed something', async () => {
    const alice = await createUser(app, 'alice', { isAdmin: true })
    await createUser(app, 'bob')
    const clients = Array.from({ length: 8 }, (_, index) => (index % 2 ? alice.client : app.root))
    const document = changeDocument('grantRoles', 'changed')

    const answers = await Promise.all(
      clients.map((client) => client.ok(document, grantInput('bob', 'VERSION_MANAGER'))),
    )

    expect(answers.filter((answer) => answer.grantRoles.changed)).toHaveLength(1)
    expect(await openGrants('bob')).toBe(1)
    expect(await count(sql`select from role_grants g join users u on u.id = g.user_id where u.username = 'bob'`)).toBe(
      1,
    )
  })

  test('a role revoked eight times at the same time ends once', async () => {
    await createUser(app, 'bob', { roles: [{ role: 'VERSION_MANAGER', everywhere: true }] })

    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        app.root.ok(changeDocument('revokeRoles', 'changed'), grantInput('bob', 'VERSION_MANAGER')),
      ),
    )

    expect(answers.filter((answer) => answer.revokeRoles.changed)).toHaveLength(1)
    expect(await openGrants('bob')).toBe(0)
    expect(await count(sql`select from audit_events where action = 'revokeRoles'`)).toBe(1)
  })

  const CREATIONS: [string, (name: string) => object][] = [
    ['createUser', (username) => ({ username })],
    ['createServiceUser', (username) => ({ username, email: 'bot@example.test' })],
    ['createProject', (code) => ({ code })],
    ['createOrganization', (name) => ({ name })],
    ['createRole', (name) => ({ name, permissions: ['version.read'] })],
  ]

  test.each(CREATIONS)(
    '%s: of four that want one name at once, in any case, one gets it and three get Conflict',
    async (name, inputOf) => {
      for (let round = 0; round < ROUNDS / 5; round++) {
        const names = ['thing', 'Thing', 'THING', 'thinG'].map((text) => `${text}-${round}`)

        const answers = await Promise.all(
          names.map((text) => app.root.send(changeDocument(name), { input: inputOf(text) })),
        )

        expect(answers.map(wordOf).sort()).toEqual(['ConflictError', 'ConflictError', 'ConflictError', 'done'])
      }
      expect(await count(sql`select from audit_events where action = ${name}`)).toBe(ROUNDS / 5)
    },
  )

  test('a restored user and a new user cannot both get the same name', async () => {
    for (let round = 0; round < ROUNDS / 5; round++) {
      const username = `bob-${round}`
      const { id } = await createUser(app, username)
      await app.root.ok(changeDocument('deleteUser'), { input: { user: username } })

      const answers = await Promise.all([
        app.root.send(changeDocument('restoreUser'), { input: { id } }),
        app.root.send(changeDocument('createUser'), { input: { username } }),
      ])

      expect(answers.map(wordOf).sort()).toEqual(['ConflictError', 'done'])
      expect(await count(sql`select from users where username = ${username} and deleted_at is null`)).toBe(1)
    }
  })

  test('two users who change each other at the same time both succeed, without a deadlock', {
    timeout: 20_000,
  }, async () => {
    const alice = await createUser(app, 'alice', { isAdmin: true })
    const bob = await createUser(app, 'bob', { isAdmin: true })
    for (let round = 0; round < ROUNDS; round++) {
      const change = round % 2 ? 'revokeRoles' : 'grantRoles'

      const answers = await Promise.all([
        alice.client.send(changeDocument(change), grantInput('bob', 'AUDITOR')),
        bob.client.send(changeDocument(change), grantInput('alice', 'AUDITOR')),
        alice.client.send(changeDocument('updateUser'), { input: { user: 'bob', displayName: `Bob ${round}` } }),
        bob.client.send(changeDocument('updateUser'), { input: { user: 'alice', displayName: `Alice ${round}` } }),
      ])

      expect(answers.map(wordOf)).toEqual(['done', 'done', 'done', 'done'])
    }
    expect(await openGrants('alice')).toBe(1 + (ROUNDS % 2))
    expect(await openGrants('bob')).toBe(1 + (ROUNDS % 2))
  })
})

async function count(rows: ReturnType<typeof sql>): Promise<number> {
  const [row] = await readRows<{ count: number }>(
    app.database.db,
    sql`select count(*)::int as count from (${rows}) as r`,
  )
  return row?.count ?? -1
}

function openGrants(username: string): Promise<number> {
  return count(
    sql`select from role_grants g join users u on u.id = g.user_id where u.username = ${username} and g.ended_at is null`,
  )
}
