import { randomBytes } from 'node:crypto'
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ClientConfig } from 'pg'
import { logError } from '../log.ts'
import {
  explainFailure,
  filesIn,
  forgetAddress,
  lockFolder,
  makeFolder,
  refuseLost,
  refuseOther,
} from './data-folder.ts'
import { DATABASE_SOCKET, makeSocketFolder, removeLeftFolders } from './socket-folder.ts'

/** The embedded database is PGlite in a worker thread; it is reached over a socket that only this operating system user can open. */
export interface Embedded {
  /** What a connection of this process is opened with. Other clients are refused. */
  connection: ClientConfig
  /** The id that the database got when it was made. */
  id: string
  /** Ends the statement that the database is busy with, by starting it again. What was committed stays. */
  restart(): void
  close(): Promise<void>
}

/** The input of the worker. `image` is a dumped data folder to start from, which is kept only in memory. */
export interface WorkerInput {
  dataDir: string | null
  image: Uint8Array | null
  socketPath: string
  /** The name of the only user that is let in. */
  user: string
}

/**
 * Opens the database in `dataDir`, which this process then locks until it closes the database or ends.
 * @throws FolderInUseError, DataFolderError, ConfigError
 */
export async function openFolder(dataDir: string): Promise<Embedded> {
  makeFolder(dataDir)
  const release = lockFolder(dataDir)
  try {
    refuseLost(dataDir)
    const explain = (error: unknown) => explainFailure(dataDir, error)
    const opening = startWorker({ dataDir: filesIn(dataDir), image: null }, explain)
    const [embedded] = await Promise.all([opening, removeLeftFolders()])
    try {
      refuseOther(dataDir, embedded.id)
    } catch (error) {
      await embedded.close()
      throw error
    }
    return {
      ...embedded,
      async close() {
        await embedded.close()
        forgetAddress(dataDir)
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
  return startWorker({ dataDir: null, image }, (error) => error as Error)
}

function untilReady(worker: Worker): Promise<{ id: string }> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('it ended while it was opened'))
    worker.once('exit', onExit)
    worker.once('error', reject)
    worker.once('message', (message: { id: string }) => {
      worker.off('exit', onExit)
      worker.off('error', reject)
      resolve(message)
    })
  })
}

/** A statement that does not end must not keep the process from ending: what was saved is on the disk. */
const LONGEST_CLOSE_MS = 10_000

async function startWorker(
  input: Pick<WorkerInput, 'dataDir' | 'image'>,
  explain: (error: unknown) => Error,
): Promise<Embedded> {
  const { folder, remove } = makeSocketFolder()
  const user = randomBytes(24).toString('base64url')
  const workerData: WorkerInput = { ...input, socketPath: join(folder, DATABASE_SOCKET), user }
  let running = await openWorker(workerData, explain).catch((error: unknown) => {
    remove()
    throw error
  })
  let isRestarting = false
  return {
    connection: { host: folder, port: 5432, user, database: 'postgres', ssl: false },
    id: running.id,
    restart() {
      // What is only in memory would be lost.
      if (isRestarting || input.dataDir === null) return
      isRestarting = true
      running.end()
      running.ended
        .then(() => openWorker(workerData, explain))
        .then((again) => {
          running = again
          isRestarting = false
        })
        .catch(endProcess)
    },
    async close() {
      running.close()
      const timer = setTimeout(running.end, LONGEST_CLOSE_MS)
      await running.ended
      clearTimeout(timer)
      remove()
    },
  }
}

interface Running {
  id: string
  ended: Promise<void>
  /** Ends the database in good order. */
  close(): void
  /** Ends it at once, whatever it does. */
  end(): void
}

async function openWorker(workerData: WorkerInput, explain: (error: unknown) => Error): Promise<Running> {
  const worker = new Worker(new URL(`./embedded-worker${extname(import.meta.url)}`, import.meta.url), { workerData })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const { id } = await untilReady(worker).catch((error: unknown) => {
    throw explain(error)
  })
  let isMeant = false
  worker.once('exit', () => {
    // Without its database the process is of no use: its supervisor starts it again, and nothing is lost.
    if (!isMeant) process.exit(1)
  })
  // Where the database failed is of no use to the operator; what to do is.
  worker.once('error', (error) => logError(Object.assign(explain(error), { stack: undefined }), null))
  return {
    id,
    ended,
    close() {
      isMeant = true
      worker.postMessage('close')
    },
    end() {
      isMeant = true
      worker.terminate()
    },
  }
}

function endProcess(error: unknown) {
  logError(error, null)
  process.exit(1)
}
