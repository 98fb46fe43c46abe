import cluster from 'node:cluster'
import type { Config } from '../config.ts'
import { setLogLevel } from '../log.ts'
import { EXIT } from './exit.ts'
import { prepareStart, withServer } from './running.ts'
import { untilNoticed, untilStopped } from './stop.ts'
import type { Terminal } from './terminal.ts'
import { serveAsWorker } from './worker.ts'
import { serveWithWorkers } from './workers.ts'

/** Migrates, creates root where it is missing, and serves until it is told to stop. Returns the exit code. */
export async function serve(config: Config, terminal: Terminal): Promise<number> {
  setLogLevel(config.logLevel)
  if (config.workers > 1) return cluster.isWorker ? serveAsWorker(config, terminal) : serveWithWorkers(config, terminal)
  const { stdout } = terminal
  const prepare: Parameters<typeof withServer>[2] = (opened) => prepareStart(opened, config, stdout)
  await withServer(config, terminal, prepare, async (server) => {
    // This line is printed last, so that a process that waits for it has received all output of the start.
    stdout.write(`Chatelaine listens at ${server.url}\n`)
    const signal = await untilStopped(terminal)
    server.drain()
    await untilNoticed(signal, config, stdout)
    await server.close()
  })
  return EXIT.done
}
