// Runs with whole servers.
/** An error in the queue of mails does not stop the server; a program that can't open the queue says so and ends. */
import { randomBytes } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '../../../src/config.ts'
import { openDatabase } from '../../../src/db/database.ts'
import { openMailerIfWanted } from '../../../src/entities/notification/mailer.ts'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createStartedStore, isPostgres, onServer } from '../../support/database.ts'
import { statusOf } from '../../support/look.ts'
import { MAIL_TIMEOUT, openMailbox } from '../../support/mailbox.ts'
import { emptyQueue, waitUntilSent } from '../../support/notifications.ts'
import { beginProgram, createStore, type Ended, lookInto, startProgram } from '../../support/program.ts'
import { query } from '../../support/rows.ts'
import { TEST_PACE } from '../../support/services.ts'

// Processes start slowly where many tests run beside this one, and mails take seconds.
vi.setConfig({ testTimeout: 150_000 })

const mailbox = await openMailbox()
const app = startApp(mailbox.settings)
const MAIL = { SMTP_URL: mailbox.settings.smtpUrl ?? '', MAIL_FROM: mailbox.settings.mailFrom ?? '' }

beforeEach(async () => {
  await emptyQueue(app)
  mailbox.mails.length = 0
})

/** Reads, changes and mails work. */
async function expectWorking() {
  const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(app.root)))
  expect(statuses).toEqual(Array(20).fill(200))
  const before = mailbox.mails.length
  const username = `bob-${randomBytes(4).toString('hex')}`
  await change(app.root, 'createUser', { username, email: 'bob@example.test', withApiKey: false })
  const mails = await mailbox.waitFor(before + 1)
  expect(mails.slice(before).map(({ headers }) => headers.subject)).toEqual([`Chatelaine: user created, ${username}`])
  await waitUntilSent(app)
}

/** Another mailer on the database of the app. */
function openAnother() {
  return openMailerIfWanted(app.database, { ...readConfig({}), ...mailbox.settings }, TEST_PACE)
}

/** Breaks something of the queue while `act` runs. */
async function whileBroken(broken: SQL, mended: SQL, act: () => Promise<void>) {
  await query(app, broken)
  try {
    await act()
  } finally {
    await query(app, mended)
  }
}

describe('a statement of the queue that begins a transaction and fails', () => {
  test.each<[string, SQL, SQL]>([
    [
      'on a missing function',
      sql`alter function pgboss.create_queue rename to gone`,
      sql`alter function pgboss.gone rename to create_queue`,
    ],
    [
      'on a function that throws',
      sql`do $$ begin
        alter function pgboss.create_queue rename to gone;
        create function pgboss.create_queue(text, jsonb) returns void language plpgsql as 'begin perform 1 / 0; end';
      end $$`,
      sql`do $$ begin
        drop function pgboss.create_queue;
        alter function pgboss.gone rename to create_queue;
      end $$`,
    ],
  ])('leaves no transaction open: %s', async (_what, broken, mended) => {
    await whileBroken(broken, mended, async () => {
      for (let round = 0; round < 3; round++) await expect(openAnother()).rejects.toThrow()
      await expectWorking()
    })

    await expectWorking()
    const another = await openAnother()
    await another?.close()
    await expectWorking()
  })

  // The queue of the tests maintains itself every five seconds.
  test('is logged where it is part of the maintenance, and mails are still sent', async () => {
    const job = sql`insert into pgboss.job (name, state, started_on, expire_seconds, retry_limit)
      values ('notifications', 'active', now() - interval '1 day', 1, 0) returning id`
    const refuse = sql`create or replace function pgboss.refuse() returns trigger language plpgsql as $$ begin
      if new.started_on < now() - interval '1 hour' then raise exception 'no maintenance'; end if; return new; end $$`
    const logged: string[] = []
    vi.mocked(process.stderr.write).mockImplementation((text) => {
      logged.push(String(text))
      return true
    })
    await query(app, job)
    await query(app, refuse)

    await whileBroken(
      sql`create trigger refused before insert or update on pgboss.job_common for each row execute function pgboss.refuse()`,
      sql`drop trigger refused on pgboss.job_common`,
      async () => {
        const failed = () => expect(logged.some((line) => line.includes('no maintenance') || line.includes('P0001')))
        await vi.waitFor(() => failed().toBe(true), { ...MAIL_TIMEOUT, timeout: 130_000 })
        await expectWorking()
      },
    )

    await expectWorking()
  })
})

const COMMAND = ['create-user', 'carol', '--with-api-key', 'false']

/** The program said why it could not open the queue, and ended. */
function expectEnded({ code, signal, stdout, stderr, afterMs }: Ended) {
  expect([signal, code === null ? null : code > 0], stdout + stderr).toEqual([null, true])
  expect(afterMs).toBeLessThan(20_000)
  expect(stdout).not.toContain('listens at')
  expect(stderr).not.toBe('')
  expect(stdout + stderr).not.toContain('hunter2')
}

test.runIf(isPostgres())(
  'servers that open the queue at the same time on a database without one all open it',
  async () => {
    const { environment, remove } = await createStartedStore()
    onTestFinished(remove)
    const config = { ...readConfig({ ...environment, DATABASE_POOL_SIZE: '1' }), ...mailbox.settings }
    const databases = await Promise.all([1, 2, 3, 4].map(() => openDatabase(config)))
    // A connection that has made a schema before, as behind a pooler, looks up less, and so learns later of new schemas.
    for (const database of databases)
      for (const statement of [sql`create schema if not exists warm`, sql`drop schema warm`])
        await query({ database }, statement)

    const opened = await Promise.allSettled(databases.map((database) => openMailerIfWanted(database, config)))

    for (const open of opened) if (open.status === 'fulfilled') await open.value?.close()
    await Promise.all(databases.map((database) => database.close()))
    expect(opened.map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'))
  },
)

describe('a queue that can’t be opened', () => {
  test.runIf(isPostgres())('ends the program within 20 seconds where its schema belongs to another role', async () => {
    const { environment, prepare, role } = await createRestrictedStore()
    await prepare('create schema pgboss', `grant create on database ${databaseOf(environment)} to ${role}`)

    await expectBothEnded(environment)
    await expectStarting(environment)
  })

  test.runIf(isPostgres())('ends a command within 20 seconds where it may not create the queue', async () => {
    const { environment } = await createRestrictedStore()

    expectEnded(await endSoon(COMMAND, environment))
  })

  test.each([
    ['has an unknown old version', 'update pgboss.version set version = 1'],
    ['has lost a table', 'drop table pgboss.job cascade'],
  ])('ends the program within 20 seconds where it %s', async (_what, breaking) => {
    const environment = { ...(await createStore()), ...MAIL }
    await (await startProgram(environment)).stop()
    await lookInto(environment, (database) => query({ database }, sql.raw(breaking)))

    await expectBothEnded(environment)
    await expectStarting(environment)
  })
})

/** Server and command end, each a process of its own. */
async function expectBothEnded(environment: Record<string, string>) {
  const both = await Promise.all([endSoon(['serve'], environment), endSoon(COMMAND, environment)])
  for (const ended of both) expectEnded(ended)
}

/** Runs a command to its end, and ends it after 20 seconds. */
async function endSoon(args: string[], environment: Record<string, string>): Promise<Ended> {
  const { ended, stop } = beginProgram(args, environment)
  const timer = setTimeout(() => stop('SIGKILL'), 20_000)
  try {
    return await ended
  } finally {
    clearTimeout(timer)
  }
}

/** Without mail the program starts. */
async function expectStarting({ SMTP_URL: _none, ...environment }: Record<string, string>) {
  const program = await startProgram(environment)
  expect((await program.stop()).code).toBe(0)
}

function databaseOf({ DATABASE_URL = '' }: Record<string, string>): string {
  return new URL(DATABASE_URL).pathname.slice(1)
}

/** A started database, to which a program connects as a role that owns nothing and may use what is there. */
async function createRestrictedStore() {
  const serverUrl = inject('serverUrl') ?? ''
  const { environment, remove } = await createStartedStore()
  const url = new URL(environment.DATABASE_URL ?? '')
  const owned = url.href
  const role = `somebody_${randomBytes(8).toString('hex')}`
  await onServer(serverUrl, `create role ${role} login password 'hunter2hunter2'`)
  onTestFinished(async () => {
    await remove()
    await onServer(serverUrl, `drop role ${role}`)
  })
  async function prepare(...statements: string[]) {
    for (const statement of statements) await onServer(owned, statement)
  }
  for (const schema of ['public', 'drizzle']) {
    const grants = [`schema ${schema}`, `all tables in schema ${schema}`, `all sequences in schema ${schema}`]
    await prepare(...grants.map((what) => `grant all on ${what} to ${role}`))
  }
  url.username = role
  url.password = 'hunter2hunter2'
  return { environment: { ...environment, ...MAIL, DATABASE_URL: url.href }, prepare, role }
}
