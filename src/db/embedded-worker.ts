import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import type { WorkerInput } from './embedded.ts'

// PGlite computes on the thread that it runs in; in this worker, a slow statement does not delay other timers.
const input = workerData as WorkerInput
const db = await PGlite.create({
  ...(input.dataDir ? { dataDir: input.dataDir } : {}),
  ...(input.image ? { loadDataDir: new Blob([Uint8Array.from(input.image)]) } : {}),
})
const server = new PGLiteSocketServer({ db, path: input.socketPath, maxConnections: 4 })
await server.start()
parentPort?.postMessage('ready')
parentPort?.once('message', async () => {
  await server.stop()
  await db.close()
  process.exit(0)
})
