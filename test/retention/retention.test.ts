// Runs on both databases.
/** What has been kept long enough is removed, and nothing else is. */
import { type SQL, sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { removeOld } from '../../src/retention.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { hold } from '../support/locks.ts'
import { readNotifications } from '../support/notifications.ts'
import { query, uuidOf } from '../support/rows.ts'
import { createApiKey, createUser } from '../support/seed.ts'

const app = startApp()

/** Runs the removal once, with these variables. */
function remove(variables: Record<string, string> = {}) {
  return removeOld(app.database, readConfig({ ENCRYPTION_KEY, ...variables }))
}

const ROOT = sql`(select id from users where username = 'root')`

/** Adds sessions of root that began and ended as told, in days before now; null has no end yet. */
async function addSession(address: string, expiredBefore: number, endedBefore: number | null) {
  await query(
    app,
    sql`insert into sessions (id, user_id, address, created_at, expires_at, ended_at)
      values (gen_random_uuid(), ${ROOT}, ${address}, now() - interval '800 days', ${ago(expiredBefore)}, ${ago(endedBefore)})`,
  )
}

function ago(days: number | null): SQL {
  return days === null ? sql`null::timestamptz` : sql`(now() - ${days} * interval '1 day')`
}

async function textsOf(statement: SQL): Promise<string[]> {
  const rows = await query<{ text: string }>(app, statement)
  return rows.map(({ text }) => text)
}

/** Adds an audit row of so many days before now; one with a code is a refusal. */
async function addEvent(action: string, days: number, outcome = 'DONE') {
  await query(
    app,
    sql`insert into audit_events (id, at, action, outcome, actor_kind)
      values (gen_random_uuid(), ${ago(days)}, ${action}, ${outcome}, 'SYSTEM')`,
  )
}

const readActions = () =>
  textsOf(sql`select action as text from audit_events where action like 'test %' order by action`)

describe('a session', () => {
  test('is removed a year after it ended or expired, whichever was first', async () => {
    await addSession('expired long ago', 366, null)
    await addSession('ended long ago', 300, 366)
    await addSession('expired lately', 364, null)
    await addSession('ended lately', 300, 364)
    await addSession('open', -1, null)

    const removed = await remove()

    expect(removed).toEqual({ sessions: 2 })
    expect(await textsOf(sql`select address as text from sessions order by address`)).toEqual([
      'ended lately',
      'expired lately',
      'open',
    ])
  })
})

describe('a notification', () => {
  /** Adds a notification about root, which was written and sent so many days before now. */
  async function addNotification(state: string, days: number, sentDays: number | null = null) {
    await query(
      app,
      sql`insert into notifications (id, user_id, kind, email, details, state, created_at, sent_at)
        values (gen_random_uuid(), ${ROOT}, 'PASSWORD_SET', ${`${state.toLowerCase()}-${days}@example.test`}, '{}', ${state}, ${ago(days)}, ${ago(sentDays)})`,
    )
  }

  test('is removed a year after it was done, and never while it is queued', async () => {
    for (const state of ['FAILED', 'DROPPED', 'NOT_SENT', 'QUEUED']) {
      await addNotification(state, 366)
      await addNotification(state, 364)
    }
    await addNotification('SENT', 367, 366)
    await addNotification('SENT', 400, 364)

    const removed = await remove()

    expect(removed).toEqual({ notifications: 4 })
    expect((await readNotifications(app)).map(({ email }) => email).sort()).toEqual([
      'dropped-364@example.test',
      'failed-364@example.test',
      'not_sent-364@example.test',
      'queued-364@example.test',
      'queued-366@example.test',
      'sent-400@example.test',
    ])
  })

  test('about the end of a key is kept while the key works, so that it is not sent twice', async () => {
    const bob = await createUser(app, 'bob', { email: 'bob@example.test' })
    const expiresAt = new Date(Date.now() + 30 * 24 * 3_600_000).toISOString()
    await createApiKey(bob.client, { label: 'lasting', expiresAt })
    const ended = await createApiKey(bob.client, { label: 'ended', expiresAt })
    await query(app, sql`delete from notifications where kind <> 'KEY_EXPIRING'`)
    await query(app, sql`update notifications set created_at = ${ago(400)}`)
    await query(app, sql`update api_keys set revoked_at = now() where id = ${uuidOf(ended.id)}`)

    const removed = await remove()

    expect(removed).toEqual({ notifications: 1 })
    expect(await textsOf(sql`select details ->> 'label' as text from notifications`)).toEqual(['lasting'])
  })
})

describe('the audit', () => {
  async function addEvents() {
    for (const [name, days] of [
      ['old', 366],
      ['late', 364],
    ] as const) {
      await addEvent(`test ${name} change`, days)
      await addEvent(`test ${name} refusal`, days, 'REFUSED')
      await addEvent(`test ${name} dry run`, days, 'REFUSED_DRY_RUN')
    }
  }

  test('keeps changes permanently, and refusals for a year', async () => {
    await addEvents()

    const removed = await remove()

    expect(removed).toEqual({ refusals: 2 })
    expect(await readActions()).toEqual([
      'test late change',
      'test late dry run',
      'test late refusal',
      'test old change',
    ])
  })

  test('keeps changes for AUDIT_RETENTION, and refusals for a year where that is shorter', async () => {
    await addEvents()
    await addEvent('test oldest change', 731)

    const removed = await remove({ AUDIT_RETENTION: 'P2Y' })

    expect(removed).toEqual({ refusals: 2, auditEvents: 1 })
    expect(await readActions()).toEqual([
      'test late change',
      'test late dry run',
      'test late refusal',
      'test old change',
    ])
  })

  test('keeps nothing longer than AUDIT_RETENTION', async () => {
    await addEvents()
    await addEvent('test recent change', 89)
    await addEvent('test recent refusal', 89, 'REFUSED')

    const removed = await remove({ AUDIT_RETENTION: 'P90D' })

    expect(removed).toEqual({ refusals: 2, auditEvents: 4 })
    expect(await readActions()).toEqual(['test recent change', 'test recent refusal'])
  })
})

describe('what is remembered for a short time', () => {
  test('is removed when it no longer counts', async () => {
    await query(
      app,
      sql`insert into idempotency_keys (user_id, key, mutation, input_digest, values, created_at) values
        (${ROOT}, 'yesterday', 'm', 'd', '{}', now() - interval '25 hours'), (${ROOT}, 'today', 'm', 'd', '{}', now() - interval '23 hours')`,
    )
    await query(
      app,
      sql`insert into password_guesses (key, points, expire) values
        ('expired', 3, now() - interval '2 hours'), ('counted', 3, now() + interval '1 minute')`,
    )

    const removed = await remove()

    expect(removed).toEqual({ idempotencyKeys: 1, passwordGuesses: 1 })
    expect(await textsOf(sql`select key as text from idempotency_keys`)).toEqual(['today'])
    expect(await textsOf(sql`select key as text from password_guesses`)).toEqual(['counted'])
  })
})

describe('a delivery of a webhook', () => {
  test('is removed after 30 days, but where it is still to be sent', async () => {
    const input = { url: 'https://hooks.example.test/', everywhere: true }
    const { webhook } = await change(app.root, 'createWebhook', input, 'webhook { id }')
    await query(
      app,
      sql`insert into webhook_deliveries (id, webhook_id, type, state, attempts, created_at)
        select gen_random_uuid(), ${uuidOf(webhook.id)}, d.type, d.state, 1, now() - make_interval(days => d.days)
        from (values ('recent', 'DELIVERED', 29), ('old', 'DELIVERED', 31), ('waiting', 'QUEUED', 31)) as d (type, state, days)`,
    )

    const removed = await remove()

    expect(removed).toEqual({ webhookDeliveries: 1 })
    expect(await textsOf(sql`select type as text from webhook_deliveries order by type`)).toEqual(['recent', 'waiting'])
  })
})

describe('an API key', () => {
  test('stays, however long ago it ended: its use is still recorded, and ROOT_API_KEY stays revoked', async () => {
    const bob = await createUser(app, 'bob')
    await query(
      app,
      sql`update api_keys set created_at = ${ago(900)}, revoked_at = ${ago(800)} where id = ${uuidOf(bob.keyId)}`,
    )

    const removed = await remove()
    await bob.client.refused('UNAUTHENTICATED', '{ viewer { user { username } } }')

    expect(removed).toEqual({})
    const [event] = await query(app, sql`select target_id, outcome from audit_events where action = 'authenticate'`)
    expect(event).toEqual({ target_id: uuidOf(bob.keyId), outcome: 'REFUSED' })
  })
})

describe('a removal', () => {
  async function addMany(count: number) {
    await query(
      app,
      sql`insert into sessions (id, user_id, created_at, expires_at)
        select gen_random_uuid(), ${ROOT}, ${ago(800)}, ${ago(700)} from generate_series(1, ${count})`,
    )
  }

  test('of many rows removes them all, and repeated it removes nothing', async () => {
    await addMany(1700)

    expect(await remove()).toEqual({ sessions: 1700 })
    expect(await remove()).toEqual({})
  })

  test('changes nothing in read-only mode', async () => {
    await addMany(3)
    await change(app.root, 'setReadOnly', { isReadOnly: true })

    const removed = [await remove(), await remove({ READ_ONLY: 'true' })]
    await change(app.root, 'setReadOnly', { isReadOnly: false })
    const removedWithVariable = await remove({ READ_ONLY: 'true' })

    expect([...removed, removedWithVariable]).toEqual([{}, {}, {}])
    expect(await remove()).toEqual({ sessions: 3 })
  })

  test('stops between two steps when it is told to', async () => {
    await addMany(1700)
    const stop = new AbortController()
    const running = removeOld(app.database, readConfig({ ENCRYPTION_KEY }), stop.signal)
    stop.abort()

    const { sessions = 0 } = await running

    expect(sessions).toBeLessThan(1700)
    expect(await remove()).toEqual({ sessions: 1700 - sessions })
  })

  test.runIf(isPostgres())('leaves everything to another server that is removing at that moment', async () => {
    await addMany(3)
    const letGo = await hold(app, (tx) => tx.execute(sql`select pg_advisory_xact_lock(7307199826)`))

    const meanwhile = await remove()
    await letGo()

    expect(meanwhile).toEqual({})
    expect(await remove()).toEqual({ sessions: 3 })
  })

  test.runIf(isPostgres())('by several servers at once removes each row once', async () => {
    await addMany(1700)

    const removed = await Promise.all([remove(), remove(), remove()])
    const later = await remove()

    const counts = [...removed, later].map(({ sessions = 0 }) => sessions)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1700)
  })

  test.runIf(isPostgres())('does not wait for a row that a request has locked', async () => {
    await addMany(3)
    const letGo = await hold(app, (tx) =>
      tx.execute(sql`select id from sessions where id = (select min(id::text)::uuid from sessions) for update`),
    )

    const meanwhile = await remove()
    await letGo()

    expect(meanwhile).toEqual({ sessions: 2 })
    expect(await remove()).toEqual({ sessions: 1 })
  })
})
