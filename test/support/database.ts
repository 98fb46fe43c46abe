import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase, openMemoryDatabase } from '../../src/db/database.ts'

import { ENCRYPTION_KEY } from './encryption-key.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL server to make databases on; null where this run is on PGlite. */
    serverUrl: string | null
    /** A database (PGlite: a file with its image; PostgreSQL: its name) as it is after the first start. */
    template: string
    /** The data folder that the image was taken from; null on PostgreSQL. */
    dataFolder: string | null
    /** A folder in which programs find each other's compiled code. */
    compileCache: string
  }
}

/** An empty database of this run's kind: no tables. */
export async function openTestDatabase(): Promise<Database> {
  const serverUrl = inject('serverUrl')
  if (serverUrl) return openCopy(serverUrl, 'template0')
  await keepCompiled()
  return openMemoryDatabase(null)
}

let compiled: Promise<WebAssembly.Module> | undefined

/**
 * Lets every embedded database of this process use the same compiled code, which is shared for as long as there is a module of
 * it. Otherwise each one that is opened compiles its program again, which takes as long as opening it.
 */
export function keepCompiled(): Promise<unknown> {
  const dist = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'))
  compiled ??= WebAssembly.compile(readFileSync(join(dist, 'pglite.wasm')))
  return compiled
}

/** A database of this run's kind as it is after the first start. */
export async function openStartedDatabase(): Promise<Database> {
  const serverUrl = inject('serverUrl')
  const template = inject('template')
  if (serverUrl) return openCopy(serverUrl, template)
  await keepCompiled()
  return openMemoryDatabase(readFileSync(template))
}

/** Is this run on a real PostgreSQL? */
export function isPostgres(): boolean {
  return inject('serverUrl') !== null
}

/** What names a database to a program, and how to be rid of it. */
export interface Store {
  environment: Record<string, string>
  remove(): Promise<void>
}

/** A database of this run's kind as it is after the first start, for programs that open it themselves. */
export async function createStartedStore(): Promise<Store> {
  const serverUrl = inject('serverUrl')
  if (serverUrl) return createCopy(serverUrl, inject('template'))
  await keepCompiled()
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-store-'))
  cpSync(inject('dataFolder') ?? '', folder, { recursive: true })
  return {
    environment: { DATA_DIR: folder, ENCRYPTION_KEY },
    async remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An empty database on PostgreSQL, for what fills it itself. */
export function createEmptyStore(): Promise<Store & { url: string }> {
  return createCopy(inject('serverUrl') ?? '', 'template0')
}

async function openCopy(serverUrl: string, template: string): Promise<Database> {
  const { environment, remove } = await createCopy(serverUrl, template)
  const database = await openDatabase(readConfig({ ...environment, DATABASE_POOL_SIZE: '16' }))
  return {
    ...database,
    async close() {
      await database.close()
      await remove()
    },
  }
}

async function createCopy(serverUrl: string, template: string): Promise<Store & { url: string }> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await createDatabase(serverUrl, name, template)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    environment: { DATABASE_URL: url.href, ENCRYPTION_KEY },
    remove: () => onServer(serverUrl, `drop database ${name} with (force)`),
  }
}

/** Makes a database by copying the files of its template, which costs a tenth of copying its pages through the log. */
export async function createDatabase(serverUrl: string, name: string, template = 'template1') {
  await onServer(serverUrl, `create database ${name} template ${template} strategy file_copy`)
}

/** Runs one statement on the server's own database; names are the program's. */
export async function onServer(serverUrl: string, statement: string) {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
