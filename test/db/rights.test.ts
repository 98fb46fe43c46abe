// Runs with whole servers.
/** A server whose role may only read and write rows, with the rights that docs/production.md tells operators to grant. */
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/db/database.ts'
import { createClient, type TestApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { CHANGES, makeWorld } from '../support/changes.ts'
import { readBlocks, runBlock } from '../support/documented-sql.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { MAIL_TIMEOUT, openMailbox } from '../support/mailbox.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { runCommand, startProgram } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createApiKey, createUser, grantRoles } from '../support/seed.ts'
import { type Serving, serveHere } from '../support/serving.ts'
import { basic, createPerson, OTHER_PASSWORD, PASSWORD, signIn, VIEWER } from '../support/sessions.ts'

// Processes start slowly where many tests run beside this one.
vi.setConfig({ testTimeout: 120_000 })

const ROLE_PASSWORD = 'of-the-roles-of-the-document'
const [beforeMigration = '', afterMigration = ''] = readBlocks('production.md', 'Rights in the database')
const mailbox = await openMailbox()
const MAIL = { SMTP_URL: mailbox.settings.smtpUrl ?? '', MAIL_FROM: mailbox.settings.mailFrom ?? '' }

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres(['fsync=off'])
  await runBlock(beforeMigration, postgres.url, ROLE_PASSWORD)
  expect(await runCommand(['migrate'], environmentOf('chatelaine_owner'))).toMatchObject({ code: 0, stderr: '' })
})
afterAll(() => postgres.stop())

/** What a program of this role is started with. */
function environmentOf(role: string) {
  const url = new URL(postgres.url)
  Object.assign(url, { username: role, password: ROLE_PASSWORD, pathname: '/chatelaine' })
  return { DATABASE_URL: url.href, ENCRYPTION_KEY }
}

const asServer = () => ({ ...environmentOf('chatelaine'), ...MAIL, MIGRATE: 'false', ROOT_API_KEY: ROOT_KEY })

/** The requests of tests to a program, and its database with the rights of its role. */
async function appOf({ url }: Pick<Serving, 'url'>): Promise<TestApp> {
  const database = await openDatabase(readConfig(environmentOf('chatelaine')))
  onTestFinished(() => database.close())
  const as: TestApp['as'] = (credential) =>
    createClient(() => url, typeof credential === 'string' ? { 'api-key': credential } : credential)
  return { database, url, as, root: as(ROOT_KEY), nobody: as({}), world: () => expect.unreachable() }
}

async function look(text: string) {
  const url = new URL(postgres.url)
  url.pathname = '/chatelaine'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  return client
    .query(text)
    .then(({ rows }) => rows)
    .finally(() => client.end())
}

test('a server with MIGRATE=false needs the documented rights alone: every mutation works, and mails are sent', async () => {
  const program = await startProgram(asServer())
  const app = await appOf(program)

  expect(await look(RIGHTS)).toEqual([{ owned: 0, create: false, truncate: 0, sequences: 0 }])
  await changeAll(app)
  await signInAndGuess(app)
  await dryRunAll(app)
  expect(await program.stop()).toMatchObject({ code: 0, stderr: '' })
})

test('a server that lacks a right says so with one sentence, and serves after the documented statements for tables that are there', async () => {
  await look('drop owned by chatelaine')

  const { code, stderr } = await runCommand(['serve'], asServer())
  await runBlock(afterMigration, postgres.url, ROLE_PASSWORD)
  const app = await appOf(await serveHere(asServer()))

  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^chatelaine: DATABASE_URL: its role lacks a right that this needs \(permission denied for \w+ \w+\)\.\n$/,
  )
  await createUser(app, 'frank')
  await untilMailed('frank@example.test')
})

test('a server whose role has no queue of mails says that the database must be migrated', async () => {
  await look('drop schema pgboss cascade')

  const refused = await runCommand(['serve'], asServer())
  const migrated = await runCommand(['migrate'], environmentOf('chatelaine_owner'))
  await runBlock(afterMigration, postgres.url, ROLE_PASSWORD)
  const program = await serveHere(asServer())

  expect(refused).toMatchObject({
    code: 1,
    stderr: 'chatelaine: The database is not up to date: run "chatelaine migrate" or start the server first.\n',
  })
  expect(migrated).toMatchObject({ code: 0, stderr: '' })
  await program.stop()
})

/** What the role of the server has beyond rows: all of it must be nothing. */
const RIGHTS = `select
  (select count(*)::int from pg_shdepend where refobjid = 'chatelaine'::regrole and deptype = 'o') as owned,
  has_database_privilege('chatelaine', 'chatelaine', 'create') or
    (select bool_or(has_schema_privilege('chatelaine', oid, 'create')) from pg_namespace) as create,
  (select count(*)::int from pg_class where relkind in ('r', 'p') and has_table_privilege('chatelaine', oid, 'truncate')) as truncate,
  (select count(*)::int from pg_class
    where case when relkind = 'S' then has_sequence_privilege('chatelaine', oid, 'usage') end) as sequences`

/** A change of each main kind. */
async function changeAll(app: TestApp) {
  const eve = await createUser(app, 'eve')
  const key = await createApiKey(eve.client)
  await grantRoles(app, 'eve', [{ role: 'AUDITOR', everywhere: true }])
  await change(app.root, 'revokeRoles', { user: 'eve', roles: [{ role: 'AUDITOR', everywhere: true }] })
  await change(app.root, 'revokeApiKey', { apiKey: key.id })

  await app.as(key.key).refused('UNAUTHENTICATED', VIEWER)
  await change(app.root, 'deleteUser', { user: (await createUser(app, 'heidi')).id })
  const { user } = await app.root.ok('{ user(username: "eve") { roles { totalCount } } }')
  expect(user).toEqual({ roles: { totalCount: 0 } })
  await untilMailed('eve@example.test')
}

/** Waits until a mail to this address has arrived. */
async function untilMailed(address: string) {
  const addresses = () => mailbox.mails.flatMap(({ to }) => to)
  await vi.waitFor(() => expect(addresses()).toContain(address), MAIL_TIMEOUT)
}

async function signInAndGuess(app: TestApp) {
  await createPerson(app, 'grace')
  const { client } = await signIn(app, 'grace')
  expect(await client.ok(VIEWER)).toEqual({ viewer: { user: { username: 'grace' } } })
  await app.as(basic('grace', OTHER_PASSWORD)).refused('UNAUTHENTICATED', VIEWER)
  await app.as(basic('grace', PASSWORD)).ok(VIEWER)
  expect(await look('select count(*) > 0 as are_counted from password_guesses')).toEqual([{ are_counted: true }])
}

/** Every mutation up to its COMMIT. */
async function dryRunAll(app: TestApp) {
  const world = await makeWorld(app)
  for (const { name, input } of CHANGES) {
    const { data, errors } = await app.root.send(changeDocument(name), { input: input(world), dryRun: true })
    expect([errors, data?.[name].__typename], name).toEqual([[], expect.stringMatching(/Payload$/)])
  }
}
