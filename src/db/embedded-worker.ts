import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import type { WorkerInput } from './embedded.ts'
import { admitOnly } from './embedded-gate.ts'

// PGlite computes on the thread that it runs in; in this worker, a slow statement does not delay other timers.
const input = workerData as WorkerInput
const db = await PGlite.create({
  ...(input.dataDir ? { dataDir: input.dataDir } : {}),
  ...(input.image ? { loadDataDir: new Blob([Uint8Array.from(input.image)]) } : {}),
}).catch(fail)
endWithDatabase(db)
const server = new PGLiteSocketServer({ db, path: input.socketPath, maxConnections: 4 })
await server.start()
admitOnly(server, input.user)
parentPort?.postMessage({ id: await readId(db) })
parentPort?.once('message', async () => {
  await server.stop()
  await db.close()
  process.exit(0)
})

/** The errors of PGlite's files are no errors of JavaScript, and the main thread would learn nothing of them. */
function fail(error: unknown): never {
  const { message, errno } = error as { message?: string; errno?: number }
  throw new Error(message || `error ${errno} of the file system`)
}

/** The database gets this id when it is made, and keeps it. */
async function readId(on: PGlite): Promise<string> {
  const { rows } = await on.query<{ id: string }>('select system_identifier::text as id from pg_control_system()')
  return rows[0]?.id ?? ''
}

/**
 * Ends this worker where the database can't go on: where an error is thrown (errors of SQL are part of what is answered),
 * and where the disk is full. PostgreSQL itself ends when it can't write its log; PGlite answers with an error, and its next
 * statement does not end.
 */
function endWithDatabase(on: PGlite) {
  const execute = on.execProtocolRawStream.bind(on)
  on.execProtocolRawStream = async (message, options) => {
    let isFull = false
    const onRawData = (data: Uint8Array) => {
      isFull ||= saysFull(data)
      options?.onRawData?.(data)
    }
    try {
      await execute(message, { ...options, onRawData })
    } catch (error) {
      setImmediate(() => fail(error))
      throw error
    }
    if (isFull) setImmediate(() => fail(new Error('the disk is full')))
  }
}

/** Whether an error with the code disk_full is in an answer. A value can't hold the zeros between the fields of an error. */
function saysFull(data: Uint8Array): boolean {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return bytes.includes('C53100\0') && /V(ERROR|FATAL|PANIC)\0C53100\0/.test(bytes.toString('latin1'))
}
