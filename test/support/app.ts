import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, vi } from 'vitest'
import { bootstrap } from '../../src/bootstrap.ts'
import type { Config } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { type Listening, listen } from '../../src/http/server.ts'
import type { Services } from '../../src/services.ts'
import { keepCopy, restoreCopy } from './copies.ts'
import { isPostgres, openStartedDatabase } from './database.ts'
import { post } from './post.ts'
import { ROOT_KEY } from './root-key.ts'
import { databaseText, tablesOf } from './rows.ts'
import { secretsFound, secretsIn, toldElsewhere } from './secrets.ts'
import { openTestServices } from './services.ts'

/** An answer of the server, as a client gets it. */
export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a document answers with is known only to the test that sends it.
  data: any
  errors: {
    message: string
    path?: (string | number)[]
    extensions: { code: string; missing?: { allOf: { text: string }[] }[] }
  }[]
}

/** Requests of one caller, over HTTP. */
export interface Client {
  /** Sends a document. */
  send(document: string, variables?: object): Promise<Answer>
  /** Sends a document that must succeed without errors; gives its data. */
  ok(document: string, variables?: object): Promise<Answer['data']>
  /** Sends a mutation that must answer with this member of its result; gives that. */
  failed(typeName: string, document: string, variables?: object): Promise<Answer['data']>
  /** Sends a document that must be refused with this top-level code; gives the first error. */
  refused(code: string, document: string, variables?: object): Promise<Answer['errors'][number]>
}

export interface TestApp {
  readonly database: Database
  readonly url: string
  readonly root: Client
  readonly nobody: Client
  /** A client with this key, or with headers of its own. */
  as(credential: string | Record<string, string>): Client
  /** Makes what every test of this file, or of this `describe`, begins with, once; gives what was made. */
  world<T>(make: () => Promise<T>): () => T
}

/**
 * A server for the tests of one file. Before each of them its database is as after the first start (the organization
 * `default`, the built-in roles, and root with ROOT_KEY), with what the file's `world` adds.
 */
export function startApp(settings: Partial<Config> = {}): TestApp {
  const isShared = Object.keys(settings).length === 0
  return useServer(isShared ? openSharedServer : () => openServer(settings), isShared)
}

/** The same for tests that change tables, or see what the server remembers: with a database and a server of its own. */
export function startOwnApp(settings: Partial<Config> = {}): TestApp {
  return useServer(() => openServer(settings), false)
}

interface TestServer {
  services: Services
  listening: Listening
}

async function openServer(settings: Partial<Config>): Promise<TestServer> {
  const services = await openTestServices(await openStartedDatabase(), settings)
  const listening = await listen(services)
  await bootstrap(services, ROOT_KEY)
  await keepCopy(services.database, 0)
  return { services, listening }
}

/** One process runs many files, one after the other; what it opens for them ends with it. */
const shared = new Map<string | null, Promise<TestServer>>()

function openSharedServer(): Promise<TestServer> {
  const where = inject('serverUrl')
  const known = shared.get(where) ?? openServer({})
  shared.set(where, known)
  return known
}

function useServer(open: () => Promise<TestServer>, isShared: boolean): TestApp {
  let services: Services
  let listening: Listening
  // One copy for each world that is under way, the innermost last.
  let copy = 0
  const recorded = createRecord()
  beforeAll(async () => {
    const opened = await open()
    if (isShared) {
      const { database } = opened.services
      await database.db.execute(sql.raw(`vacuum ${(await tablesOf({ database })).join(', ')}`))
    }
    services = opened.services
    listening = opened.listening
  })
  beforeEach(async () => {
    await restoreCopy(services.database, copy)
    // Mails that an earlier test did not wait for are not sent into this one.
    if (services.mailer) await services.database.db.execute(sql`delete from pgboss.job`)
  })
  keepSecrets(recorded, () => services.database)
  afterAll(async () => {
    if (isShared) return
    await listening.close()
    await services.mailer?.close()
    await services.database.close()
  })
  const as: TestApp['as'] = (credential) =>
    createClient(() => listening.url, typeof credential === 'string' ? { 'api-key': credential } : credential, recorded)
  return {
    get database() {
      return services.database
    },
    get url() {
      return listening.url
    },
    root: as(ROOT_KEY),
    nobody: as({}),
    as,
    world(make) {
      const outer = { secrets: new Set<string>(), texts: [] as string[] }
      let made: { value: Awaited<ReturnType<typeof make>> } | null = null
      beforeAll(async () => {
        await restoreCopy(services.database, copy)
        Object.assign(outer, recorded.ofWorld)
        copy += 1
        recorded.secrets.clear()
        recorded.texts.length = 0
        made = { value: await make() }
        recorded.ofWorld = {
          secrets: new Set([...outer.secrets, ...recorded.secrets]),
          texts: [...outer.texts, ...recorded.texts],
        }
        await keepCopy(services.database, copy)
      })
      afterAll(() => {
        copy -= 1
        recorded.ofWorld = outer
      })
      return () => {
        if (made === null) throw new Error('The world is not made before the tests begin.')
        return made.value
      }
    },
  }
}

const writeError = process.stderr.write.bind(process.stderr)

/** What requests brought to light: their secrets, and every text in which none of them may stand. */
interface Said {
  secrets: Set<string>
  texts: string[]
}

/** Of the test that is under way, and of what it began with. */
interface Recorded extends Said {
  ofWorld: Said
}

function createRecord(): Recorded {
  return { secrets: new Set(), texts: [], ofWorld: { secrets: new Set(), texts: [] } }
}

/** After each test no secret of it stands in the database, in an error or in what was logged. */
function keepSecrets(recorded: Recorded, database: () => Database) {
  beforeEach(() => {
    recorded.secrets = new Set(recorded.ofWorld.secrets)
    recorded.texts = [...recorded.ofWorld.texts]
    toldElsewhere.length = 0
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      recorded.texts.push(String(text))
      return writeError(text)
    })
  })
  afterEach(async () => {
    // What is kept and told is the same on both databases: one is searched.
    if (recorded.secrets.size === 0 || !isPostgres()) return
    const kept = [await databaseText({ database: database() }), ...recorded.texts, ...toldElsewhere].join('\n')
    expect(secretsFound(kept, recorded.secrets), 'secrets that are kept or told').toEqual([])
  })
  afterAll(() => {
    vi.restoreAllMocks()
  })
}

/** Sends requests with these headers to a server. */
export function createClient(
  url: () => string,
  headers: Record<string, string>,
  recorded: Said = createRecord(),
): Client {
  async function send(document: string, variables: object = {}): Promise<Answer> {
    const response = await post(url(), headers, { query: document, variables })
    const body = JSON.parse(response.body)
    for (const secret of secretsIn(variables, false)) recorded.secrets.add(secret)
    for (const secret of secretsIn(body.data, true)) recorded.secrets.add(secret)
    recorded.texts.push(JSON.stringify(body.errors ?? []))
    return { status: response.status, headers: response.headers, data: body.data ?? null, errors: body.errors ?? [] }
  }
  return {
    send,
    async ok(document, variables) {
      const { data, errors } = await send(document, variables)
      expect(errors, document).toEqual([])
      return data
    },
    async failed(typeName, document, variables) {
      const { data, errors } = await send(document, variables)
      expect(errors, document).toEqual([])
      const [result] = Object.values(data) as [{ __typename: string }]
      expect(result.__typename, JSON.stringify(result)).toBe(typeName)
      return result
    },
    async refused(code, document, variables) {
      const { errors } = await send(document, variables)
      const [error] = errors
      expect(error?.extensions.code, JSON.stringify(errors)).toBe(code)
      return error as Answer['errors'][number]
    },
  }
}
