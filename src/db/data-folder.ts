/** The folder of the embedded database: which process has it, and whether what is in it is the database that was there before. */

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../variables.ts'

/** The data folder is locked by another process; `url` is the address of that server, where it is known. */
export class FolderInUseError extends Error {
  override name = 'FolderInUseError'
  constructor(dataDir: string, url: string | null) {
    super(
      `The data folder ${dataDir} is in use by another process. ` +
        (url ? `Reach it over HTTP: --url ${url}` : 'Stop it first, or choose another folder with DATA_DIR.'),
    )
  }
}

/** The database in the folder can't be opened, or is not the one that was there; the message says what to do. */
export class DataFolderError extends Error {
  override name = 'DataFolderError'
  constructor(dataDir: string, problem: string) {
    super(`DATA_DIR "${dataDir}": ${problem}`)
  }
}

/** Returns the folder of the files of PGlite. */
export function filesIn(dataDir: string): string {
  return join(dataDir, 'pglite')
}

/** Makes the folder where it is missing. @throws ConfigError */
export function makeFolder(dataDir: string) {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    accessSync(dataDir, constants.W_OK)
  } catch (error) {
    throw new ConfigError(`DATA_DIR "${dataDir}" can’t be written to (${codeOf(error)}).`)
  }
}

/** SQLITE_BUSY means that another process holds the lock. */
const BUSY = 5

/**
 * Locks the folder and returns what unlocks it: two processes on one folder would corrupt it. The kernel releases this lock
 * even when the process is killed. @throws FolderInUseError, DataFolderError
 */
export function lockFolder(dataDir: string): () => void {
  let lock: DatabaseSync | null = null
  try {
    lock = new DatabaseSync(join(dataDir, 'lock.sqlite'))
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    lock?.close()
    const { errcode, message } = error as Error & { errcode?: number }
    if (errcode === BUSY) throw new FolderInUseError(dataDir, readOrNull(dataDir, 'server.url'))
    throw fullDisk(dataDir) ?? new DataFolderError(dataDir, `lock.sqlite in it can’t be locked (${message}).`)
  }
  const held = lock
  return () => held.close()
}

/** Writes the server's address into the folder, for processes that find it locked. */
export function noteAddress(dataDir: string, url: string) {
  writeFileSync(join(dataDir, 'server.url'), url, { mode: 0o600 })
}

export function forgetAddress(dataDir: string) {
  rmSync(join(dataDir, 'server.url'), { force: true })
}

/** The marker: it names the database in the folder, and stays where the files of the database are lost. */
const MARKER = 'database.id'
/** The marker of a folder whose database is still being made: nothing is in it yet. */
const UNFINISHED = 'unfinished'

const BEGIN_AGAIN =
  'restore a backup into another folder with "chatelaine restore", or remove database.id and pglite in it to begin with an empty database.'

/**
 * Refuses a folder whose database is gone, before it is opened: PGlite would make a new database in its place. A first
 * start that was interrupted begins again. @throws DataFolderError
 */
export function refuseLost(dataDir: string) {
  const files = filesIn(dataDir)
  const marker = readOrNull(dataDir, MARKER)
  if (marker === UNFINISHED) rmSync(files, { recursive: true, force: true })
  const kept = listFiles(dataDir, files)
  if (kept.includes('PG_VERSION')) return refuseReadOnly(dataDir, files)
  if (marker !== null && marker !== UNFINISHED)
    throw new DataFolderError(dataDir, `the database ${marker} that was kept in it is gone: ${BEGIN_AGAIN}`)
  if (kept.length > 0)
    throw new DataFolderError(dataDir, `pglite in it holds files, but no database (no PG_VERSION): ${BEGIN_AGAIN}`)
  if (marker === null) writeMarker(dataDir, UNFINISHED)
}

/** Refuses a folder in which there is no database, and makes nothing in it. @throws DataFolderError */
export function refuseMissing(dataDir: string) {
  if (existsSync(filesIn(dataDir)) || existsSync(join(dataDir, MARKER))) return
  throw new DataFolderError(dataDir, 'there is no database in it.')
}

function listFiles(dataDir: string, files: string): string[] {
  try {
    return readdirSync(files)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    if (codeOf(error) === 'ENOTDIR') throw new DataFolderError(dataDir, 'pglite in it is not a folder.')
    throw new DataFolderError(dataDir, `pglite in it can’t be read (${codeOf(error)}).`)
  }
}

function refuseReadOnly(dataDir: string, files: string) {
  for (const path of [files, join(files, 'global/pg_control')].filter(existsSync)) {
    try {
      accessSync(path, constants.W_OK)
    } catch (error) {
      throw new DataFolderError(dataDir, `pglite in it can’t be written to (${codeOf(error)}).`)
    }
  }
}

/** Compares the database that was opened with the marker. A folder without a marker gets one. @throws DataFolderError */
export function refuseOther(dataDir: string, id: string) {
  const marker = readOrNull(dataDir, MARKER)
  if (marker === id) return
  if (marker !== null && marker !== UNFINISHED)
    throw new DataFolderError(
      dataDir,
      `pglite in it holds the database ${id}, and database.id names ${marker || 'none'}: put the files of that database back, or remove database.id to use the one that is there.`,
    )
  writeMarker(dataDir, id)
}

/** Replaces the marker in one step, and on the disk: after a loss of power it must not be missing. */
function writeMarker(dataDir: string, text: string) {
  const fresh = join(dataDir, `${MARKER}.new`)
  try {
    const file = openSync(fresh, 'w', 0o600)
    try {
      writeFileSync(file, `${text}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(fresh, join(dataDir, MARKER))
  } catch (error) {
    throw fullDisk(dataDir) ?? new DataFolderError(dataDir, `${MARKER} in it can’t be written (${codeOf(error)}).`)
  }
}

/** With less than two files of its log free, the database can't write. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024

/** Says why the database could not be opened, or why it ended. What PGlite says of a full disk is also what it says of damaged files. */
export function explainFailure(dataDir: string, error: unknown): Error {
  const reason = (error as Error).message.replace(/ Build with .*/s, '').replace(/\.$/, '')
  const damaged = `the database in it can’t be opened, its files are damaged (${reason}): restore a backup into another folder with "chatelaine restore".`
  return fullDisk(dataDir) ?? new DataFolderError(dataDir, damaged)
}

function fullDisk(dataDir: string): DataFolderError | null {
  const free = freeBytes(dataDir)
  if (free === null || free >= LEAST_FREE_BYTES) return null
  return new DataFolderError(
    dataDir,
    `the disk is full (${Math.floor(free / 1024 / 1024)} MB are left): free 100 MB or more, and start again. Nothing that was saved is lost.`,
  )
}

function freeBytes(dataDir: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(dataDir)
    return bavail * bsize
  } catch {
    return null
  }
}

function readOrNull(dataDir: string, name: string): string | null {
  try {
    return readFileSync(join(dataDir, name), 'utf8').trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new DataFolderError(dataDir, `${name} in it can’t be read (${codeOf(error)}).`)
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message
}
