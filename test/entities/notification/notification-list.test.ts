/** The list of notifications: which users see it, how it is filtered and ordered, and what it has without a mail server. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { inDays } from '../../support/look.ts'
import { readNotifications } from '../../support/notifications.ts'
import { query, uuidOf } from '../../support/rows.ts'
import { createApiKey, createUser } from '../../support/seed.ts'

const app = startApp()

const LIST = `query ($filter: NotificationFilter, $first: Int, $last: Int, $after: String) {
  notifications(filter: $filter, first: $first, last: $last, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { kind state email user { username } } } }`

/** Four mails, one a day, the last of today; gives their ids, the oldest first. */
async function createDays(): Promise<string[]> {
  await change(app.root, 'createUser', { username: 'bob', email: 'bob@example.test', withApiKey: false })
  await createApiKey(app.root, { user: 'bob', label: 'ci' })
  await change(app.root, 'disableUser', { user: 'bob' })
  await change(app.root, 'deleteUser', { user: 'bob' })
  const ids = (await readNotifications(app)).map(({ id }) => id)
  const states = ['SENT', 'FAILED', 'QUEUED', 'NOT_SENT']
  for (const [index, id] of ids.entries()) {
    await query(
      app,
      sql`update notifications set state = ${states[index]}, created_at = now() - make_interval(days => ${3 - index}) where id = ${uuidOf(id)}`,
    )
  }
  return ids
}

describe('without a mail server', () => {
  test('notifications are kept and not sent', async () => {
    await createUser(app, 'bob')
    await createApiKey(app.root, { user: 'bob', expiresAt: inDays(30) })

    const kept = { email: 'bob@example.test', state: 'NOT_SENT', attempts: 0, lastError: null, sentAt: null }
    expect(await readNotifications(app)).toEqual(
      ['USER_CREATED', 'KEY_CREATED', 'KEY_EXPIRING'].map((kind) => ({
        ...kept,
        kind,
        id: expect.stringMatching(/^notification_/),
        createdAt: expect.any(String),
        user: { username: 'bob' },
      })),
    )
  })
})

describe('administrators', () => {
  app.world(createDays)

  test('see all notifications, the newest first, even those of deleted users', async () => {
    const { notifications } = await app.root.ok(LIST)

    const about = { email: 'bob@example.test', user: null }
    expect(notifications.totalCount).toBe(4)
    expect(notifications.nodes).toEqual([
      { kind: 'USER_DELETED', state: 'NOT_SENT', ...about },
      { kind: 'USER_DISABLED', state: 'QUEUED', ...about },
      { kind: 'KEY_CREATED', state: 'FAILED', ...about },
      { kind: 'USER_CREATED', state: 'SENT', ...about },
    ])
  })

  test('see a notification by its id', async () => {
    const [told] = await readNotifications(app)

    const { node } = await app.root.ok('query ($id: ID!) { node(id: $id) { ... on Notification { kind email } } }', {
      id: told?.id,
    })

    expect(node).toEqual({ kind: 'USER_CREATED', email: 'bob@example.test' })
  })

  test.each(['SENT', 'FAILED', 'QUEUED', 'NOT_SENT', 'DROPPED'])(
    'find notifications by their state: %s',
    async (state) => {
      const { notifications } = await app.root.ok(LIST, { filter: { state } })

      const states = state === 'DROPPED' ? [] : [state]
      expect(notifications.totalCount).toBe(states.length)
      expect(notifications.nodes.map((node: { state: string }) => node.state)).toEqual(states)
    },
  )

  test('find notifications by time, read them in pages, and reverse their order', async () => {
    const kinds = async (variables: object) => {
      const { notifications } = await app.root.ok(LIST, variables)
      return notifications.nodes.map(({ kind }: { kind: string }) => kind)
    }
    const { notifications } = await app.root.ok(LIST, { first: 3 })

    expect(await kinds({ filter: { createdAt: { from: inDays(-1.5) } } })).toEqual(['USER_DELETED', 'USER_DISABLED'])
    expect(notifications.pageInfo.hasNextPage).toBe(true)
    expect(await kinds({ first: 3, after: notifications.pageInfo.endCursor })).toEqual(['USER_CREATED'])
    expect(await kinds({ last: 1 })).toEqual(['USER_CREATED'])
  })
})

describe('other users', () => {
  test.each([
    ['the user themselves', []],
    ['an auditor', [{ role: 'AUDITOR', everywhere: true }]],
    ['an administrator of the organization', [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }]],
  ])('see no notification: %s', async (_who, roles) => {
    const { client } = await createUser(app, 'bob', { roles })
    const [told] = await readNotifications(app)

    const { notifications } = await client.ok(LIST)
    const { node, nodes } = await client.ok(
      'query ($id: ID!) { node(id: $id) { __typename } nodes(ids: [$id]) { __typename } }',
      { id: told?.id },
    )

    expect(told?.user).toEqual({ username: 'bob' })
    expect(notifications).toEqual({ totalCount: 0, pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] })
    expect([node, nodes]).toEqual([null, [null]])
  })

  test('see no notification with a limited key of an administrator', async () => {
    await createUser(app, 'bob')
    const { key } = await createApiKey(app.root, { limits: [{ role: 'AUDITOR', everywhere: true }] })

    const { notifications } = await app.as(key).ok(LIST)

    expect(notifications.totalCount).toBe(0)
  })

  test('are refused without a credential', async () => {
    await app.nobody.refused('UNAUTHENTICATED', LIST)
  })
})
