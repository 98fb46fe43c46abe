/** What the tests of backups share: a full database, everything that a server tells of one, and empty targets. */
import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType, isRequiredArgument } from 'graphql'
import type { Database } from '../../src/db/database.ts'
import { schema } from '../../src/graphql/schema.ts'
import { listen } from '../../src/http/server.ts'
import { type Answer, createClient, type TestApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { makeWorld } from '../support/changes.ts'
import { createDatabase } from '../support/database.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { lookInto } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { databaseText, query } from '../support/rows.ts'
import { BOBS_PASSWORD } from '../support/secret-changes.ts'
import { createApiKey, createUser } from '../support/seed.ts'
import { openTestServices } from '../support/services.ts'
import { basic, bearer, signIn, VIEWER } from '../support/sessions.ts'

export type Environment = Record<string, string>

/** The headers of each caller, by what they present. */
export type Callers = Record<string, Record<string, string>>

/** Characters that readers of lines, of JSON or of SQL take for something else. */
const AWKWARD = 'a\u2028b\u2029c\td"e\'f\\g\\u0041 {"x":1}],[ \u{1f600} é e\u0301'

/** Serves a database in this process while it is used. */
async function serveFor<T>(database: Database, use: (app: TestApp) => Promise<T>): Promise<T> {
  const server = await listen(await openTestServices(database))
  const as: TestApp['as'] = (given) =>
    createClient(() => server.url, typeof given === 'string' ? { 'api-key': given } : given)
  const world = () => {
    throw new Error('There is only one.')
  }
  try {
    return await use({ database, url: server.url, root: as(ROOT_KEY), nobody: as({}), as, world })
  } finally {
    await server.close()
  }
}

/** Fills a started database with everything that there is; gives those who call. */
export function fillStore(store: Environment): Promise<Callers> {
  return lookInto(store, (database) =>
    serveFor(database, async (app) => {
      const { bob } = await makeWorld(app)
      const key = (secret: string) => ({ 'api-key': secret })
      const disabled = await createUser(app, 'erin', {
        displayName: AWKWARD,
        roles: [{ role: 'AUDITOR', everywhere: true }],
      })
      await change(app.root, 'disableUser', { user: 'erin', reason: AWKWARD })
      const auditor = await createUser(app, 'grace', { roles: [{ role: 'AUDITOR', everywhere: true }] })
      const gone = await createUser(app, 'frank')
      await change(app.root, 'deleteUser', { user: 'frank' })
      const limited = await createApiKey(bob.client, { isReadOnly: true, label: 'limited' })
      const rotated = await change(
        bob.client,
        'rotateApiKey',
        { apiKey: limited.id, overlapUntil: inAnHour() },
        'secret',
      )
      const revoked = await createApiKey(bob.client, { label: 'revoked' })
      await change(app.root, 'revokeApiKey', { apiKey: revoked.id })
      const { token } = await signIn(app, 'bob', BOBS_PASSWORD)
      return {
        // What is refused to those after these is in the audit.
        'the key of root': key(ROOT_KEY),
        'the key of an auditor': key(auditor.key),
        'a key': key(bob.key),
        'a key that is replaced': key(limited.key),
        'a key that replaces': key(rotated.secret),
        'a token': bearer(token),
        'a password': basic('bob', BOBS_PASSWORD),
        'a revoked key': key(revoked.key),
        'the key of a disabled user': key(disabled.key),
        'the key of a deleted user': key(gone.key),
        nobody: {},
      }
    }),
  )
}

function inAnHour(): string {
  return new Date(Date.now() + 3_600_000).toISOString()
}

/** What a server on a database tells each caller: all rows of it that they see, and the secrets of a credential of root's. */
export function tell(store: Environment, callers: Callers) {
  return lookInto(store, (database) =>
    serveFor(database, async (app) => {
      const rows = (await databaseText(app)).split('\n').sort()
      const migrations = await query(
        app,
        sql`select *, nextval('drizzle.__drizzle_migrations_id_seq') as next
        from drizzle.__drizzle_migrations order by id`,
      )
      const told: Record<string, Pick<Answer, 'status' | 'data'>[]> = {}
      for (const [name, headers] of Object.entries(callers)) {
        const documents = THOROUGH.includes(name) ? DOCUMENTS : [VIEWER]
        const answers: Answer[] = []
        // One after the other: each has a time limit, and the embedded database has one session.
        for (const document of documents) answers.push(await app.as(headers).send(document))
        told[name] = answers.map(({ status, data, errors }) => ({ status, data, codes: errors.map(codeOf) }))
      }
      const secrets = await change(app.root, 'revealCredential', { name: 'own' }, 'attributes { name value }')
      return { rows, migrations, told, secrets }
    }),
  )
}

function codeOf({ extensions }: Answer['errors'][number]): string {
  return extensions.code
}

/** The uses of keys and the visits of users are noted while they are compared. */
const CHANGING = ['lastUsedAt', 'lastSeenAt']

/** They ask for everything; the others, who they are. */
const THOROUGH = ['the key of root', 'a key', 'the key of an auditor']

/** One document for each root field that needs no argument: all fields, and those of the things in them. */
const DOCUMENTS = Object.values(schema.getQueryType()?.getFields() ?? {}).flatMap((field) => {
  const type = getNamedType(field.type)
  if (field.args.some(isRequiredArgument) || !isObjectType(type)) return []
  return `{ ${field.name}${field.args.some(({ name }) => name === 'first') ? '(first: 100)' : ''} { ${selectionOf(type, /Connection$/.test(type.name) ? 1 : 2)} } }`
})

function selectionOf(type: GraphQLObjectType, depth: number): string {
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const of = getNamedType(field.type)
    if (field.args.some(isRequiredArgument) || CHANGING.includes(field.name)) return []
    if (isLeafType(of)) return field.name
    const isLayer = /(Connection|Edge)$/.test(type.name)
    if (
      !isObjectType(of) ||
      field.name === 'pageInfo' ||
      (isLayer && field.name === 'nodes' && 'edges' in type.getFields())
    )
      return []
    if (depth === 0 && !isLayer) return []
    const first = field.args.some(({ name }) => name === 'first') ? '(first: 10)' : ''
    return `${field.name}${first} { ${selectionOf(of, isLayer ? depth : depth - 1)} }`
  })
  return ['__typename', ...fields].join(' ')
}

/** An empty database on a server of the test's own, with which it is removed. */
export async function createEmpty(serverUrl: string): Promise<{ DATABASE_URL: string; ENCRYPTION_KEY: string }> {
  const name = `target_${randomBytes(8).toString('hex')}`
  await createDatabase(serverUrl, name)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { DATABASE_URL: url.href, ENCRYPTION_KEY }
}

/** How many tables and schemas there are beside those of every database. */
export function countTables(store: Environment): Promise<number> {
  return lookInto(store, async (database) => {
    const [row] = await query<{ count: number }>(
      { database },
      sql`select (select count(*)::int from pg_tables where schemaname !~ '^(pg_|information_schema)')
        + (select count(*)::int from pg_namespace where nspname in ('drizzle', 'pgboss')) as count`,
    )
    return row?.count ?? -1
  })
}
