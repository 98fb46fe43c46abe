/** How mails are delivered: by a mail server that refuses or is gone, over restarts, and by several servers. */
import { sql } from 'drizzle-orm'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { OPERATOR } from '../../../src/authority/caller.ts'
import { bootstrap } from '../../../src/bootstrap.ts'
import { createId } from '../../../src/db/id.ts'
import { openMailerIfWanted } from '../../../src/entities/notification/mailer.ts'
import { answerRequest } from '../../../src/http/answers.ts'
import { listen } from '../../../src/http/server.ts'
import { createApp } from '../../../src/http/yoga.ts'
import { createServices } from '../../../src/services.ts'
import { startApp } from '../../support/app.ts'
import { change, changeDocument } from '../../support/change.ts'
import { isPostgres, openStartedDatabase } from '../../support/database.ts'
import { MAIL_TIMEOUT, openMailbox } from '../../support/mailbox.ts'
import { emptyQueue, readNotifications, waitForNotification, wordsOf } from '../../support/notifications.ts'
import { ROOT_KEY } from '../../support/root-key.ts'
import { query } from '../../support/rows.ts'
import { openTestServices, TEST_PACE } from '../../support/services.ts'

// Mails are sent about once a second, and again some seconds after a refusal.
vi.setConfig({ testTimeout: 120_000 })

const mailbox = await openMailbox()
const app = startApp(mailbox.settings)

beforeEach(async () => {
  await mailbox.comeBack()
  await emptyQueue(app)
  mailbox.mails.length = 0
})

const BOB = { username: 'bob', email: 'bob@example.test', withApiKey: false }

/** Lets the mail that waits for its next attempt be due now; its attempts so far are counted as so many. */
async function retryNow(attempts: number) {
  await vi.waitFor(async () => {
    const due = sql`update pgboss.job set retry_count = ${attempts - 1}, start_after = now() where state = 'retry' returning id`
    expect(await query(app, due)).toHaveLength(1)
  }, MAIL_TIMEOUT)
}

/** Waits until nothing of the queue is to be done now. */
async function waitForIdleQueue() {
  await vi.waitFor(async () => {
    const open = sql`select id from pgboss.job where state not in ('completed', 'failed') and start_after < now() + interval '1 day'`
    expect(await query(app, open)).toEqual([])
  }, MAIL_TIMEOUT)
}

/** Waits until no mail is to be sent, now or later. */
async function waitForEmptyQueue() {
  await vi.waitFor(async () => {
    const open = sql`select state from pgboss.job where state not in ('completed', 'failed')`
    expect(await query(app, open)).toEqual([])
  }, MAIL_TIMEOUT)
}

describe('a mail that the mail server refuses', () => {
  test('is sent again until the server takes it, where the refusals are temporary', async () => {
    mailbox.refuseNext(450, 451)
    await change(app.root, 'createUser', BOB)

    const first = { state: 'QUEUED', attempts: 1, lastError: 'Message failed: 450 Not now.', sentAt: null }
    await waitForNotification(app, first)
    const second = { state: 'QUEUED', attempts: 2, lastError: 'Message failed: 451 Not now.', sentAt: null }
    await waitForNotification(app, second)
    await retryNow(2)
    const sent = await waitForNotification(app, { state: 'SENT', attempts: 3, lastError: null })

    expect(Date.parse(sent.sentAt ?? '')).toBeGreaterThan(Date.parse(sent.createdAt))
    await waitForIdleQueue()
    expect(mailbox.mails.map(wordsOf)).toEqual([
      'bob@example.test | Chatelaine: user created, bob | The user bob was created. | root',
    ])
  })

  test('is given up after its last attempt', async () => {
    mailbox.refuseNext(451, 452)
    await change(app.root, 'createUser', BOB)
    await waitForNotification(app, { state: 'QUEUED', attempts: 1 })

    // Half a day later: the attempt that comes next is the last one.
    await retryNow(16)

    await waitForNotification(app, { state: 'FAILED', attempts: 2, lastError: 'Message failed: 452 Not now.' })
    await waitForIdleQueue()
    expect(mailbox.mails).toEqual([])
  })

  test.each([500, 550, 554])('is given up after one attempt where the refusal is permanent: %i', async (code) => {
    mailbox.refuseNext(code)

    await change(app.root, 'createUser', BOB)

    const lastError = `Message failed: ${code} Not now.`
    await waitForNotification(app, { state: 'FAILED', attempts: 1, lastError, sentAt: null })
    await waitForEmptyQueue()
    expect(mailbox.mails).toEqual([])
  })

  test('is given up after one attempt where its recipient is refused permanently', async () => {
    mailbox.refuseNextRecipients(550)

    await change(app.root, 'createUser', BOB)

    await waitForNotification(app, { state: 'FAILED', attempts: 1, lastError: expect.stringContaining('550 Not now.') })
    await waitForEmptyQueue()
  })

  test('is sent again where its recipient is refused for a while', async () => {
    mailbox.refuseNextRecipients(450)

    await change(app.root, 'createUser', BOB)

    await waitForNotification(app, { state: 'SENT', attempts: 2, lastError: null })
  })
})

describe('a mail server that refuses the password of SMTP_URL', () => {
  const smtpUrl = mailbox.settings.smtpUrl?.replace('//', '//user:wrong-password@') ?? null
  const refused = startApp({ ...mailbox.settings, smtpUrl })

  test('is asked again later, because the password can be corrected', async () => {
    await change(refused.root, 'createUser', BOB)

    const told = await waitForNotification(refused, { state: 'QUEUED', attempts: 1 })

    expect(told.lastError).toContain('535')
    expect(told.lastError).not.toContain('wrong-password')
  })
})

describe('while the mail server is down', () => {
  test('changes succeed, and their mails are sent once it is up again', async () => {
    await mailbox.leave()
    await change(app.root, 'createUser', BOB)

    const failed = await waitForNotification(app, { state: 'QUEUED', attempts: 1, sentAt: null })
    expect(failed.lastError).toContain('ECONNREFUSED')
    await mailbox.comeBack()

    const { attempts } = await waitForNotification(app, { state: 'SENT', lastError: null })
    expect(attempts).toBeGreaterThan(1)
    await waitForIdleQueue()
    expect(mailbox.mails).toHaveLength(1)
  })
})

describe('a queued mail', () => {
  test('survives a restart of the server', async () => {
    await mailbox.leave()
    const database = await openStartedDatabase()
    onTestFinished(() => database.close())
    const first = await openTestServices(database, mailbox.settings)
    await bootstrap(first, ROOT_KEY)
    const firstServer = await listen(first)
    const answer = await fetch(firstServer.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'api-key': ROOT_KEY },
      body: JSON.stringify({ query: changeDocument('createUser'), variables: { input: BOB } }),
    })
    expect((await answer.json()).data.createUser.__typename).toBe('CreateUserPayload')
    await firstServer.close()
    await first.mailer?.close()
    const [kept] = await query({ database }, sql`select state, sent_at from notifications`)
    expect(kept).toEqual({ state: 'QUEUED', sent_at: null })

    await mailbox.comeBack()
    const second = await openTestServices(database, mailbox.settings)
    onTestFinished(() => second.mailer?.close())

    const mails = await mailbox.waitFor(1)
    await vi.waitFor(async () => {
      expect(await query({ database }, sql`select state from notifications`)).toEqual([{ state: 'SENT' }])
    }, MAIL_TIMEOUT)
    expect(mails.map(wordsOf)).toEqual([
      'bob@example.test | Chatelaine: user created, bob | The user bob was created. | root',
    ])
  })

  test('by a command of the operator is sent by the server', async () => {
    const { config, keyring } = await openTestServices(app.database)
    const mailer = await openMailerIfWanted(app.database, { ...config, ...mailbox.settings }, TEST_PACE)
    const services = createServices(app.database, keyring, config, mailer)
    const params = { query: changeDocument('createUser'), variables: { input: BOB }, operationName: null }
    const context = { caller: OPERATOR, requestId: createId(), address: null, isGet: false, proof: null }
    const { body: answer } = await answerRequest(createApp(services), params, undefined, context)
    await mailer?.close()

    expect(JSON.parse(answer).data.createUser.__typename).toBe('CreateUserPayload')
    expect((await mailbox.waitFor(1)).map(wordsOf)).toEqual([
      'bob@example.test | Chatelaine: user created, bob | The user bob was created. | the operator',
    ])
  })

  test.runIf(isPostgres())('is sent once by two servers on one database', async () => {
    const second = await openTestServices(app.database, mailbox.settings)
    onTestFinished(() => second.mailer?.close())
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const username of names) await change(app.root, 'createUser', { ...BOB, username })

    await mailbox.waitFor(6)
    await waitForIdleQueue()

    const told = (await readNotifications(app)).map(({ state, attempts }) => [state, attempts])
    expect(told).toEqual(Array(6).fill(['SENT', 1]))
    expect(mailbox.mails.map(({ headers }) => headers.subject).sort()).toEqual(
      names.map((name) => `Chatelaine: user created, ${name}`),
    )
  })
})
