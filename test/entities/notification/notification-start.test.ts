/** A server that starts with a mail server queues the warnings about expiring keys that were not queued before. */
import { sql } from 'drizzle-orm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { changeDocument } from '../../support/change.ts'
import { createStartedStore, isPostgres } from '../../support/database.ts'
import { inDays } from '../../support/look.ts'
import { openMailbox } from '../../support/mailbox.ts'
import { ask, lookInto, startProgram } from '../../support/program.ts'
import { ROOT_KEY } from '../../support/root-key.ts'
import { query } from '../../support/rows.ts'
import { type Serving, serveHere } from '../../support/serving.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const mailbox = await openMailbox()
const MAIL = { SMTP_URL: mailbox.settings.smtpUrl ?? '', MAIL_FROM: mailbox.settings.mailFrom ?? '' }

/** A database after the first start, which is removed when the test is finished. */
async function createStarted(): Promise<Record<string, string>> {
  const { environment, remove } = await createStartedStore()
  onTestFinished(remove)
  return { ...environment, ROOT_API_KEY: ROOT_KEY }
}

async function change(program: Serving, name: string, input: object, payload?: string) {
  const { data } = await ask(program, ROOT_KEY, changeDocument(name, payload), { input })
  expect(data[name].__typename).toMatch(/Payload$/)
  return data[name]
}

async function createKey(program: Serving, label: string, days: number | null): Promise<string> {
  const input = { user: 'bob', label, ...(days !== null && { expiresAt: inDays(days) }) }
  const { apiKey } = await change(program, 'createApiKey', input, 'apiKey { id }')
  return apiKey.id
}

/** Creates keys with a server that has no mail server, and ends it. */
async function createKeys(store: Record<string, string>) {
  const program = await serveHere(store)
  await change(program, 'createUser', { username: 'bob', email: 'bob@example.test', withApiKey: false })
  await createKey(program, 'long', 30)
  await createKey(program, 'short', 4)
  await createKey(program, 'endless', null)
  const revoked = await createKey(program, 'revoked', 30)
  await change(program, 'revokeApiKey', { apiKey: revoked })
  const rotated = await createKey(program, 'rotated', 8)
  await change(program, 'rotateApiKey', { apiKey: rotated, overlapUntil: inDays(1) })
  await program.stop()
}

/** Starts a server with the mail server, and ends it. */
async function startAndStop(store: Record<string, string>) {
  await (await serveHere({ ...store, ...MAIL })).stop()
}

/** The warnings by the label of their key: the state, and how many minutes before the end each of their jobs is due. */
function readWarnings(store: Record<string, string>) {
  return lookInto(store, (database) =>
    query(
      { database },
      sql`select n.details->>'label' as label, n.state,
          array_agg(round(extract(epoch from (n.details->>'until')::timestamptz - j.start_after) / 60)::int)
            filter (where j.id is not null) as before
        from notifications n left join pgboss.job j on j.data->>'id' = n.id::text
        where n.kind = 'KEY_EXPIRING' group by n.id order by label, n.state, n.id`,
    ),
  )
}

const WEEK = 7 * 24 * 60
const DAY = 24 * 60
const QUEUED_ONCE = [
  { label: 'long', state: 'QUEUED', before: [WEEK] },
  // Only the key that is still to be rotated is warned of, not the one that it replaced.
  { label: 'rotated', state: 'NOT_SENT', before: null },
  { label: 'rotated', state: 'QUEUED', before: [2 * DAY] },
  { label: 'revoked', state: 'NOT_SENT', before: null },
  { label: 'short', state: 'QUEUED', before: [DAY] },
].sort((a, b) => a.label.localeCompare(b.label))

describe('a start with a mail server', () => {
  test('queues the warnings of usable keys that were created without one, and starting again queues nothing', async () => {
    const store = await createStarted()
    await createKeys(store)

    await startAndStop(store)
    const first = await readWarnings(store)
    await startAndStop(store)

    expect(first).toEqual(QUEUED_ONCE)
    expect(await readWarnings(store)).toEqual(QUEUED_ONCE)
  })

  test.runIf(isPostgres())('queues each warning once where three servers start at the same time', async () => {
    const store = await createStarted()
    await createKeys(store)
    await lookInto(store, (database) =>
      query({ database }, sql`delete from notifications where details->>'label' = 'short'`),
    )

    const servers = await Promise.all([1, 2, 3].map(() => startProgram({ ...store, ...MAIL })))
    await Promise.all(servers.map((server) => server.stop()))

    expect(await readWarnings(store)).toEqual(QUEUED_ONCE)
  })

  test('sends a warning that is overdue at once, to the present address, and to nobody a second time', async () => {
    const store = await createStarted()
    const program = await serveHere(store)
    await change(program, 'createUser', { username: 'bob', email: 'bob@example.test', withApiKey: false })
    await createKey(program, 'overdue', 20)
    await program.stop()
    const expiresAt = await lookInto(store, async (database) => {
      await query({ database }, sql`update users set email = 'robert@example.test' where username = 'bob'`)
      await query({ database }, sql`delete from notifications`)
      const [key] = await query<{ end: Date }>(
        { database },
        sql`update api_keys set created_at = created_at - interval '18 days', expires_at = expires_at - interval '18 days'
          where label = 'overdue' returning expires_at as end`,
      )
      return new Date(key?.end ?? '').toISOString()
    })
    mailbox.mails.length = 0

    const sending = await serveHere({ ...store, ...MAIL })
    const [mail] = await mailbox.waitFor(1)
    await sending.stop()
    await startAndStop(store)

    expect(mail?.to).toEqual(['robert@example.test'])
    expect(mail?.text).toContain(`The API key “overdue” of bob expires at ${expiresAt}. Rotate it before that.`)
    expect(mail?.text).not.toContain('By: ')
    expect(mailbox.mails).toHaveLength(1)
  })

  test('queues again what has no queue after a restore: mails are sent once, and warnings keep their time', async () => {
    const store = await createStarted()
    await createKeys(store)
    await startAndStop(store)
    await lookInto(store, async (database) => {
      await query({ database }, sql`drop schema pgboss cascade`)
      await query({ database }, sql`update notifications set state = 'QUEUED' where kind = 'KEY_REVOKED'`)
    })
    mailbox.mails.length = 0

    const sending = await serveHere({ ...store, ...MAIL })
    await mailbox.waitFor(1)
    await sending.stop()
    await startAndStop(store)

    expect(await readWarnings(store)).toEqual(QUEUED_ONCE)
    expect(mailbox.mails.map(({ to }) => to)).toEqual([['bob@example.test']])
  })
})
