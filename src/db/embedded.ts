import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { ConfigError } from '../config.ts'
import { logError } from '../log.ts'

/** The embedded database is PGlite in a worker thread; it is reached over a socket that only this operating system user can open. */
export interface Embedded {
  /** The folder of the socket, which has the name that PostgreSQL gives to the socket of port 5432. */
  socketFolder: string
  close(): Promise<void>
}

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

/** The input of the worker. `image` is a dumped data folder to start from, which is kept only in memory. */
export interface WorkerInput {
  dataDir: string | null
  image: Uint8Array | null
  socketPath: string
}

/**
 * Opens the database in `dataDir`, which this process then locks until it closes the database or ends.
 * @throws FolderInUseError, ConfigError
 */
export async function openFolder(dataDir: string): Promise<Embedded> {
  makeFolder(dataDir)
  const release = lockFolder(dataDir)
  try {
    const embedded = await startWorker({ dataDir: join(dataDir, 'pglite'), image: null })
    return {
      socketFolder: embedded.socketFolder,
      async close() {
        await embedded.close()
        rmSync(join(dataDir, 'server.url'), { force: true })
        release()
      },
    }
  } catch (error) {
    release()
    throw error
  }
}

/** Opens a database in memory from a dumped data folder, for tests. */
export function openImage(image: Uint8Array | null): Promise<Embedded> {
  return startWorker({ dataDir: null, image })
}

/** Writes the server's address into the folder, for processes that find it locked. */
export function noteAddress(dataDir: string, url: string) {
  writeFileSync(join(dataDir, 'server.url'), url, { mode: 0o600 })
}

function makeFolder(dataDir: string) {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    accessSync(dataDir, constants.W_OK)
  } catch (error) {
    throw new ConfigError(`DATA_DIR "${dataDir}" can’t be written to (${(error as NodeJS.ErrnoException).code}).`)
  }
}

/** Locks the folder: two processes on one folder would corrupt it. The kernel releases this lock even when the process is killed. */
function lockFolder(dataDir: string) {
  const lock = new DatabaseSync(join(dataDir, 'lock.sqlite'))
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    lock.close()
    // SQLITE_BUSY means that another process holds the lock.
    if ((error as { errcode?: number }).errcode !== 5) throw error
    throw new FolderInUseError(dataDir, readAddress(dataDir))
  }
  return () => lock.close()
}

function readAddress(dataDir: string) {
  try {
    return readFileSync(join(dataDir, 'server.url'), 'utf8')
  } catch {
    return null
  }
}

function untilReady(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('The embedded database ended while it was opened.'))
    worker.once('exit', onExit)
    worker.once('error', reject)
    worker.once('message', () => {
      worker.off('exit', onExit)
      worker.off('error', reject)
      resolve()
    })
  })
}

async function startWorker(input: Omit<WorkerInput, 'socketPath'>): Promise<Embedded> {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-'))
  chmodSync(folder, 0o700)
  const socketPath = join(folder, '.s.PGSQL.5432')
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), {
    workerData: { ...input, socketPath } satisfies WorkerInput,
  })
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeFolder)
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  await untilReady(worker)
  let isClosing = false
  worker.once('exit', () => {
    // Without its database the process is of no use: its supervisor starts it again, and nothing is lost.
    if (!isClosing) process.exit(1)
  })
  worker.once('error', (error) => logError(error, null))
  return {
    socketFolder: folder,
    async close() {
      isClosing = true
      worker.postMessage('close')
      await ended
      removeFolder()
      process.off('exit', removeFolder)
    },
  }
}
