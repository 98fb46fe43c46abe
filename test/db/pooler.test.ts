// Runs with whole servers.
/** Servers behind a real PgBouncer that gives each transaction another session. */
import pg from 'pg'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { changeDocument } from '../support/change.ts'
import { createStartedStore } from '../support/database.ts'
import { openMailbox } from '../support/mailbox.ts'
import { startPooler } from '../support/pgbouncer.ts'
import { ask, runCommand, usernameOf } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { type Serving, serveHere } from '../support/serving.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const mailbox = await openMailbox()
const MAIL = { SMTP_URL: mailbox.settings.smtpUrl ?? '', MAIL_FROM: mailbox.settings.mailFrom ?? '' }
const MIXED = { DATABASE_POOLER: 'transaction', ROOT_API_KEY: ROOT_KEY }
const REFUSAL =
  'chatelaine: DATABASE_URL leads to a pooler that gives each transaction another session: set it to session mode, or set DATABASE_POOLER=transaction here.\n'

/** A database after the first start, and its address behind a pooler. */
async function createPooled(settings: string[] = []) {
  const { environment: direct, remove } = await createStartedStore()
  const pooler = await startPooler(inject('serverUrl') ?? '', settings)
  onTestFinished(async () => {
    await pooler.stop()
    await remove()
  })
  return { direct, pooled: { ...direct, DATABASE_URL: pooler.addressOf(direct.DATABASE_URL ?? '') } }
}

/** The rows of a statement, without the pooler. */
async function look({ DATABASE_URL }: Record<string, string>, text: string) {
  const client = new pg.Client({ connectionString: DATABASE_URL })
  await client.connect()
  return client
    .query(text)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}

test.each([
  ['as it is set by default', [], {}],
  ['that lends its sessions in turn', ['server_round_robin=1'], {}],
  ['by a server that does not migrate', [], { MIGRATE: 'false' }],
])('a pooler that mixes sessions is refused with one sentence, %s', async (_what, settings, environment) => {
  const { pooled } = await createPooled(settings)
  const others = await occupy(pooled)

  const { code, stdout, stderr } = await runCommand(['serve'], { ...pooled, ...environment })

  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: REFUSAL })
  await others.end()
})

/** Lets the pooler have several sessions that are idle. */
async function occupy({ DATABASE_URL }: Record<string, string>) {
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 4 })
  await Promise.all([1, 2, 3, 4].map(() => pool.query('select pg_sleep(0.1)')))
  return pool
}

const CLIENTS = 16
const CHANGES = 200

test(`${CHANGES} changes by ${CLIENTS} clients at once through a pooler that mixes sessions are each made once`, async () => {
  const { direct, pooled } = await createPooled()
  const program = await serveHere({ ...pooled, ...MIXED })
  const names = Array.from({ length: CHANGES }, (_, index) => `organization-${String(index).padStart(3, '0')}`)

  const left = [...names]
  const answers = await Promise.all(Array.from({ length: CLIENTS }, () => createAll(program, left)))

  expect(answers.flat()).toEqual(Array(CHANGES).fill('CreateOrganizationPayload'))
  const made = await look(
    direct,
    `select name from organizations join audit_events on target_id = organizations.id and action = 'createOrganization' order by name`,
  )
  expect(made).toEqual(names.map((name) => ({ name })))
})

/** Makes the organizations that are left, one after the other; gives what was answered. */
async function createAll(program: Serving, left: string[]): Promise<unknown[]> {
  const answers = []
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const { data, errors } = await ask(program, ROOT_KEY, changeDocument('createOrganization'), { input: { name } })
    answers.push(data?.createOrganization?.__typename ?? errors)
  }
  return answers
}

test('a server that sends mails leaves no lock with a pooler that mixes sessions: the next server starts, and tables can be migrated', async () => {
  const { direct, pooled } = await createPooled()
  await runCommand(['migrate'], direct)
  const program = await serveHere({ ...pooled, ...MIXED, ...MAIL })

  // The locks of transactions end with them; one that is left behind stays.
  const locks = `select objid from pg_locks where locktype = 'advisory'`
  await vi.waitFor(async () => expect(await look(direct, locks)).toEqual([]), { timeout: 10_000 })
  const another = await serveHere({ ...pooled, ...MIXED, ...MAIL })
  const input = { username: 'bob', email: 'bob@example.test', withApiKey: false }
  const { data } = await ask(another, ROOT_KEY, changeDocument('createUser'), { input })
  expect(data.createUser.__typename).toBe('CreateUserPayload')
  expect(await mailbox.waitFor(1)).toMatchObject([{ to: ['bob@example.test'] }])
  expect(await usernameOf(program, ROOT_KEY)).toBe('root')
  expect(await runCommand(['migrate'], direct)).toMatchObject({ code: 0, stderr: '' })
})

test('tables are not migrated through a pooler that mixes sessions', async () => {
  const { direct, pooled } = await createPooled()

  const { code, stdout, stderr } = await runCommand(['migrate'], { ...pooled, ...MIXED })

  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toBe(
    'chatelaine: DATABASE_URL leads to a pooler that gives each transaction another session: migrate with the address of the database itself.\n',
  )
  expect(await runCommand(['migrate'], { ...direct, ...MIXED })).toMatchObject({ code: 0, stderr: '' })
})
