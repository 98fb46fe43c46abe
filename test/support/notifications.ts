/** Notifications as administrators see them, and the queue behind them. */
import { sql } from 'drizzle-orm'
import { expect, vi } from 'vitest'
import type { TestApp } from './app.ts'
import { MAIL_TIMEOUT, type Mail } from './mailbox.ts'
import { query } from './rows.ts'

export interface Notification {
  id: string
  kind: string
  email: string
  state: string
  attempts: number
  lastError: string | null
  createdAt: string
  sentAt: string | null
  user: { username: string } | null
}

/** All notifications as root sees them, the oldest first. */
export async function readNotifications(app: TestApp): Promise<Notification[]> {
  const { notifications } = await app.root.ok(`{ notifications(first: 100) {
    nodes { id kind email state attempts lastError createdAt sentAt user { username } } } }`)
  return notifications.nodes.reverse()
}

/** Waits until the only notification is as told; gives it. */
export async function waitForNotification(app: TestApp, expected: Partial<Notification>): Promise<Notification> {
  return vi.waitFor(async () => {
    const [found, ...others] = await readNotifications(app)
    expect(others).toEqual([])
    expect(found).toMatchObject(expected)
    return found as Notification
  }, MAIL_TIMEOUT)
}

/** How many mails are written, and how many are in the queue, sent ones too. */
export async function countMails(app: TestApp): Promise<{ rows: number; jobs: number }> {
  const [counts] = await query<{ rows: number; jobs: number }>(
    app,
    sql`select (select count(*)::int from notifications) as rows, (select count(*)::int from pgboss.job) as jobs`,
  )
  return counts ?? { rows: 0, jobs: 0 }
}

/** Waits until all mails that are written are sent. */
export async function waitUntilSent(app: TestApp) {
  await vi.waitFor(
    async () => expect(await query(app, sql`select from notifications where state <> 'SENT'`)).toEqual([]),
    MAIL_TIMEOUT,
  )
}

/** Forgets what other tests left in the queue: each mail of theirs would take its two seconds. */
export async function emptyQueue(app: TestApp) {
  await query(app, sql`delete from pgboss.job`)
}

/** A mail in words: `address | subject | sentence | who did it`. The frame of the text is checked here. */
export function wordsOf({ from, to, headers, text }: Mail): string {
  expect(from).toBe('chatelaine@example.test')
  expect(headers.to).toBe(to.join(', '))
  const [, sentence, actor] =
    /^([^\n]+)\n\nWhen: \d{4}-\d\d-\d\dT[\d:.]+Z\nBy: ([^\n]+)\n\nYou get this because your address (?:is that of the person in charge|was that of the person in charge until this change)\.\n$/.exec(
      text,
    ) ?? []
  expect(sentence, text).toBeDefined()
  return [to.join(', '), headers.subject, sentence, actor].join(' | ')
}
