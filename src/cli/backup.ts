/** Commands that copy the whole database: into a file, from a file, or from the embedded database to PostgreSQL. */

import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { type Config, readConfig } from '../config.ts'
import type { Contents, Progress } from '../db/backup/contents.ts'
import { readContents } from '../db/backup/dump.ts'
import { loadContents } from '../db/backup/load.ts'
import { openBackup } from '../db/backup/read-file.ts'
import { writeBackup } from '../db/backup/write-file.ts'
import { FolderInUseError, refuseMissing } from '../db/data-folder.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { copyFolder } from '../db/folder-copy.ts'
import { DatabaseUnreachableError } from '../db/migrate.ts'
import { fileIn, openPresentKeyring } from '../encryption/open.ts'
import { refuseOtherKeys } from '../encryption/sealed-rows.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './values.ts'

/** Writes a backup of the database into a file, while servers run. */
export async function backUp(config: Config, path: string, { stdout }: Terminal) {
  const opened = await openSource(config)
  try {
    const header = await readContents(opened.database, async (contents) => {
      await writeBackup(contents, path, printProgress(stdout))
      return contents.header
    })
    stdout.write(`${path} holds ${sumOf({ header })}, as they were at ${header.createdAt}.\n${keyNote(config)}\n`)
  } finally {
    await opened.close()
  }
}

/** Opens the database, or a copy of it where another process has the data folder. @throws FolderInUseError */
async function openSource(config: Config): Promise<{ database: Database; close(): Promise<void> }> {
  if (config.databaseUrl === null) refuseMissing(config.dataDir)
  try {
    const database = await openDatabase(config)
    return { database, close: database.close }
  } catch (error) {
    const copy = error instanceof FolderInUseError ? await copyFolder(config.dataDir) : null
    if (!copy) throw error
    const database = await openDatabase({ ...config, dataDir: copy.dataDir })
    return { database, close: () => database.close().finally(copy.remove) }
  }
}

/** Loads a backup into the empty database of the configuration. */
export async function restore(config: Config, path: string, { stdout }: Terminal) {
  const contents = await openBackup(path)
  // The whole file is read before anything is opened: what is wrong with it, or with the key, leaves no trace.
  await refuseOtherKeys(openPresentKeyring(config), contents)
  const database = await openDatabase(config)
  try {
    await loadContents(database, contents, printProgress(stdout))
  } finally {
    await database.close()
  }
  stdout.write(`${sumOf(contents)} were restored and compared with the backup of ${contents.header.createdAt}.\n`)
}

/** Copies the embedded database into an empty PostgreSQL, from which servers can then work. */
export async function move({ env, stdout }: Terminal, to: string) {
  const source = readConfig(env)
  if (source.databaseUrl !== null)
    throw new UsageError('DATABASE_URL is set: "move" copies the embedded database in DATA_DIR. Unset it.')
  const target = readTarget(env, to)
  refuseMissing(source.dataDir)
  const from = await openDatabase(source)
  try {
    const moved = await readContents(from, async (contents) => {
      await refuseOtherKeys(openPresentKeyring(source), contents)
      await loadInto(target, contents, printProgress(stdout))
      return contents
    })
    stdout.write(`${sumOf(moved)} were copied and compared.\n${movedNote(source)}\n`)
  } finally {
    await from.close()
  }
}

/** @throws UsageError where the address is none */
function readTarget(env: Terminal['env'], to: string): Config {
  try {
    return readConfig({ ...env, DATABASE_URL: to })
  } catch {
    throw new UsageError('--to must look like postgres://user@host:5432/database.')
  }
}

/** @throws DatabaseUnreachableError, which names the option and not the variable */
async function loadInto(target: Config, contents: Contents, report: Progress) {
  const database = await openDatabase(target)
  try {
    await loadContents(database, contents, report)
  } catch (error) {
    if (!(error instanceof DatabaseUnreachableError)) throw error
    throw new DatabaseUnreachableError(error.message.replace('DATABASE_URL:', '--to:'))
  } finally {
    await database.close()
  }
}

/** Between two lines about one table. */
const ROWS_BETWEEN_LINES = 50_000

/** Says how many rows of each table are done. */
function printProgress(output: Writable): Progress {
  let said = 0
  return (table, done) => {
    if (done === table.rows) {
      said = 0
      output.write(`${table.name}: ${rowsOf(done)}\n`)
    } else if (done - said >= ROWS_BETWEEN_LINES) {
      said = done
      output.write(`${table.name}: ${done.toLocaleString('en')} of ${rowsOf(table.rows)}\n`)
    }
  }
}

function sumOf({ header: { tables } }: Pick<Contents, 'header'>): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  return `${rowsOf(rows)} of ${tables.length} tables`
}

function rowsOf(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'row' : 'rows'}`
}

function keyNote({ encryptionKey, dataDir }: Config): string {
  const key = encryptionKey === null ? resolve(fileIn(dataDir)) : 'ENCRYPTION_KEY'
  return `It does not hold the encryption key, without which it is of no use: keep a copy of ${key} at another place.`
}

function movedNote({ encryptionKey, dataDir }: Config): string {
  const key =
    encryptionKey === null ? `ENCRYPTION_KEY to what is in ${resolve(fileIn(dataDir))}` : 'keep ENCRYPTION_KEY as it is'
  return (
    `Now set DATABASE_URL to the address that you gave, and ${key}. ` +
    `${resolve(dataDir)} is as it was: start no server on it any more, and keep it until you trust the new database.`
  )
}
