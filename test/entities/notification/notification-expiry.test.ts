/** The mail that comes before a key expires: when it is written, when it is sent, and when it is not sent. */
import { sql } from 'drizzle-orm'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { inDays } from '../../support/look.ts'
import { MAIL_TIMEOUT, openMailbox } from '../../support/mailbox.ts'
import { emptyQueue, wordsOf } from '../../support/notifications.ts'
import { query, uuidOf } from '../../support/rows.ts'
import { createApiKey, createUser } from '../../support/seed.ts'

// Mails are sent about once a second.
vi.setConfig({ testTimeout: 120_000 })

const mailbox = await openMailbox()
const app = startApp(mailbox.settings)

beforeEach(async () => {
  await emptyQueue(app)
  mailbox.mails.length = 0
  await change(app.root, 'createUser', { username: 'bob', withApiKey: false })
  await query(app, sql`update users set email = 'bob@example.test' where username = 'bob'`)
})

interface Warning extends Record<string, unknown> {
  label: string
  state: string
  attempts: number
  email: string
  /** How many minutes before the end of its key it is due, and whether the queue keeps it until then. */
  before: number | null
  kept: boolean | null
}

/** The warnings that were written, by the label of their key. */
async function readWarnings(): Promise<Record<string, Omit<Warning, 'label'>[]>> {
  const rows = await query<Warning>(
    app,
    sql`select n.details->>'label' as label, n.state, n.attempts, n.email,
        round(extract(epoch from (n.details->>'until')::timestamptz - j.start_after) / 60)::int as before, j.keep_until > j.start_after as kept
      from notifications n left join pgboss.job j on j.data->>'id' = n.id::text
      where n.kind = 'KEY_EXPIRING' order by n.created_at, n.id`,
  )
  const byLabel: Record<string, Omit<Warning, 'label'>[]> = {}
  for (const { label, ...row } of rows) byLabel[label] = [...(byLabel[label] ?? []), row]
  return byLabel
}

/** Lets the warnings of these keys be due, and come before any other mail. */
async function letBeDue(...keys: { id: string }[]) {
  const ids = keys.map(({ id }) => sql`${uuidOf(id)}`)
  const due = await query(
    app,
    sql`update pgboss.job set start_after = now(), priority = 1 from notifications n
      where n.id::text = data->>'id' and n.kind = 'KEY_EXPIRING' and n.details->>'apiKeyId' in (${sql.join(ids, sql`, `)})
      returning n.id`,
  )
  expect(due).toHaveLength(keys.length)
}

const QUEUED = { state: 'QUEUED', attempts: 0, email: 'bob@example.test', before: 7 * 24 * 60, kept: true }

describe('the warning', () => {
  test('is queued for 7 days before the end, or for three quarters of the life of a key that lives shorter than 28 days', async () => {
    const lives = { '30 days': 30, '28 days': 28, '8 days': 8, '6 days': 6, '4 hours': 4 / 24 }
    for (const [label, days] of Object.entries(lives)) {
      await createApiKey(app.root, { user: 'bob', label, expiresAt: inDays(days) })
    }
    await createApiKey(app.root, { user: 'bob', label: 'endless' })

    expect(await readWarnings()).toEqual({
      '30 days': [QUEUED],
      '28 days': [QUEUED],
      '8 days': [{ ...QUEUED, before: 2 * 24 * 60 }],
      '6 days': [{ ...QUEUED, before: 36 * 60 }],
      '4 hours': [{ ...QUEUED, before: 60 }],
    })
  })

  test('is queued by the life of the new key where a key is rotated', async () => {
    const { id } = await createApiKey(app.root, { user: 'bob', label: 'rotated', expiresAt: inDays(4) })

    await change(app.root, 'rotateApiKey', { apiKey: id, overlapUntil: inDays(1) })

    const warning = { ...QUEUED, before: 24 * 60 }
    expect(await readWarnings()).toEqual({ rotated: [warning, warning] })
  })

  test('is written for a first key too, where it ends with the key that made it', async () => {
    const maker = await createApiKey(app.root, { expiresAt: inDays(30), label: 'maker' })
    const input = { username: 'carol', email: 'carol@example.test' }

    const { apiKey } = await change(app.as(maker.key), 'createUser', input, 'apiKey { expiresAt }')
    const service = await change(app.as(maker.key), 'createServiceUser', input, 'apiKey { expiresAt }')

    expect([apiKey.expiresAt, service.apiKey.expiresAt]).toEqual([expect.any(String), expect.any(String)])
    const warning = { ...QUEUED, email: 'carol@example.test' }
    expect(await readWarnings()).toEqual({ maker: [{ ...QUEUED, email: null }], 'first key': [warning, warning] })
  })

  test('is sent once when it is due, and not where the key was revoked, rotated or deleted with its user', async () => {
    const expiresAt = inDays(30)
    const make = (label: string, user = 'bob') => createApiKey(app.root, { user, label, expiresAt })
    const [kept, revoked, rotated, beside] = [
      await make('kept'),
      await make('revoked'),
      await make('rotated'),
      await make('beside'),
    ]
    await createUser(app, 'carol')
    const carols = await make('carol’s', 'carol')
    await change(app.root, 'revokeApiKey', { apiKey: revoked.id })
    await change(app.root, 'rotateApiKey', { apiKey: rotated.id })
    await change(app.root, 'rotateApiKey', { apiKey: beside.id, overlapUntil: inDays(20) })
    await change(app.root, 'deleteUser', { user: 'carol' })
    const before = await readWarnings()
    expect(before).toMatchObject({ kept: [QUEUED], revoked: [QUEUED], rotated: [QUEUED, QUEUED] })
    await query(app, sql`delete from pgboss.job where start_after <= now()`)
    mailbox.mails.length = 0

    await letBeDue(kept, revoked, rotated, beside, carols)

    await vi.waitFor(async () => {
      const states = Object.entries(await readWarnings()).map(([label, all]) => [label, all.map(({ state }) => state)])
      expect(Object.fromEntries(states)).toEqual({
        kept: ['SENT'],
        revoked: ['DROPPED'],
        // The second warning is that of the new key.
        rotated: ['DROPPED', 'QUEUED'],
        beside: ['DROPPED', 'QUEUED'],
        'carol’s': ['DROPPED'],
      })
    }, MAIL_TIMEOUT)
    const about = mailbox.mails.filter(({ headers }) => headers.subject === 'Chatelaine: key expiring, bob')
    expect(about.map(wordsOf)).toEqual([
      `bob@example.test | Chatelaine: key expiring, bob | The API key “kept” of bob expires at ${expiresAt}. Rotate it before that. | root`,
    ])
    expect((await readWarnings()).kept).toMatchObject([{ attempts: 1 }])
  })

  test('has no attempt where it is dropped', async () => {
    const key = await createApiKey(app.root, { user: 'bob', label: 'revoked', expiresAt: inDays(30) })
    await change(app.root, 'revokeApiKey', { apiKey: key.id })

    await letBeDue(key)

    const dropped = { revoked: [expect.objectContaining({ state: 'DROPPED', attempts: 0 })] }
    await vi.waitFor(
      async () => expect((await readWarnings()).revoked).toMatchObject([{ state: 'DROPPED' }]),
      MAIL_TIMEOUT,
    )
    expect(await readWarnings()).toEqual(dropped)
  })

  test('goes to the address that its user has when it is due, and is not sent where the user has none', async () => {
    const make = (user: string) => createApiKey(app.root, { user, label: user, expiresAt: inDays(30) })
    await change(app.root, 'createUser', { username: 'carol', email: 'carol@example.test', withApiKey: false })
    const keys = [await make('bob'), await make('carol')]
    await change(app.root, 'updateUser', { user: 'bob', username: 'robert', email: 'robert@example.test' })
    await change(app.root, 'updateUser', { user: 'carol', email: null })
    await query(app, sql`delete from pgboss.job where start_after <= now()`)
    mailbox.mails.length = 0

    await letBeDue(...keys)

    await vi.waitFor(async () => {
      const due = sql`select id from pgboss.job where priority = 1 and state <> 'completed'`
      expect(await query(app, due)).toEqual([])
    }, MAIL_TIMEOUT)
    const about = mailbox.mails.filter(({ text }) => text.includes('expires at'))
    expect(about.map(({ to, headers }) => [to, headers.subject])).toEqual([
      [['robert@example.test'], 'Chatelaine: key expiring, robert'],
    ])
  })
})
