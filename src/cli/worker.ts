/** One of several processes that serve: it does what the first process tells it. */
import cluster from 'node:cluster'
import type { Config } from '../config.ts'
import { refusePending } from '../db/migrate.ts'
import { log } from '../log.ts'
import { EXIT } from './exit.ts'
import { describeError, type Report } from './report.ts'
import { withServer } from './running.ts'
import { SIGNALS } from './stop.ts'
import type { Terminal } from './terminal.ts'

/** What the first process asks of a worker. */
export interface Order {
  order: 'drain' | 'stop' | 'figures'
}

/** What a worker tells the first process. */
export type Told = { told: 'serving'; url: string } | { told: 'failed'; report: Report } | Figures

/** The figures of one worker, as prom-client has them. */
export interface Figures {
  told: 'figures'
  figures: object[]
}

/** Serves beside other workers, on the same port, until the first process says that it ends. Returns the exit code. */
export async function serveAsWorker(config: Config, terminal: Terminal): Promise<number> {
  log.setBindings({ worker: process.pid })
  // Terminals and systemd send a signal to all processes of a group; when to stop is decided by the first one alone.
  for (const name of SIGNALS) process.on(name, () => {})
  const orders = takeOrders()
  // The tables were made by the first process, which alone has the port of the figures.
  const own = { ...config, metricsPort: null }
  try {
    await withServer(
      own,
      terminal,
      ({ database }) => refusePending(database),
      async (server) => {
        orders.onFigures(async () => tell({ told: 'figures', figures: await server.figures() }))
        outlivePrimary()
        await tell({ told: 'serving', url: server.url })
        await orders.drain
        server.drain()
        await orders.stop
        await server.close()
      },
    )
    return EXIT.done
  } catch (error) {
    // The first process prints it, once for all workers.
    const report = await describeError(error)
    await tell({ told: 'failed', report })
    return report.exitCode
  } finally {
    outlivePrimary()
    if (process.connected) process.disconnect?.()
  }
}

/** The orders of the first process. Where it is gone, the worker finishes what is under way and ends. */
function takeOrders() {
  const drain = Promise.withResolvers<void>()
  const stop = Promise.withResolvers<void>()
  let answerFigures = async () => {}
  const toldToStop = () => {
    drain.resolve()
    stop.resolve()
  }
  process.on('message', ({ order }: Order) => {
    if (order === 'drain') drain.resolve()
    if (order === 'stop') toldToStop()
    if (order === 'figures') answerFigures()
  })
  process.once('disconnect', toldToStop)
  return {
    drain: drain.promise,
    stop: stop.promise,
    onFigures(answer: () => Promise<void>) {
      answerFigures = answer
    },
  }
}

/**
 * Without this Node ends a worker at once where the first process is gone, in the middle of its requests. While it starts,
 * that is right: it could not listen any more.
 */
function outlivePrimary() {
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
}

/** Sends a message, and waits until it is on its way. Where the first process is gone, it is of no use. */
function tell(message: Told): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve()
    process.send?.(message, undefined, undefined, () => resolve())
  })
}
