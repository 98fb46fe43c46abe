/** Once per run and kind of database: a template as it is after the first start, from which every test file copies. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { TestProject } from 'vitest/node'
import { bootstrap } from '../../src/bootstrap.ts'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createDatabase, keepCompiled, onServer } from './database.ts'
import { startPostgres } from './postgres-server.ts'
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
  await keepCompiled()
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
  const server = process.env.TEST_DATABASE_URL ? null : await startPostgres(SETTINGS)
  const serverUrl = process.env.TEST_DATABASE_URL ?? server?.url ?? ''
  const template = `template_${process.pid}`
  await createDatabase(serverUrl, template)
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

/** The tests lose nothing where the machine stops, and their tables are not analyzed. */
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_connections=300',
  'shared_buffers=256MB',
]

async function start(database: Database) {
  await migrate(database)
  await bootstrap(await openTestServices(database), ROOT_KEY)
  await database.close()
}
