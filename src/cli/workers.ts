import type { Config } from '../config.ts'
import { createHealth } from '../http/health.ts'
import { sumFigures } from '../http/metrics.ts'
import { listenForOperators } from '../http/operators.ts'
import { EXIT } from './exit.ts'
import { prepareStart, withDatabase } from './running.ts'
import { untilNoticed, untilStopped } from './stop.ts'
import type { Terminal } from './terminal.ts'
import { startWorkers } from './worker-pool.ts'

/**
 * Serves with several processes on one port. This one brings the tables up to date before the others start, keeps them
 * running, and answers operators for all of them. Returns the exit code.
 */
export async function serveWithWorkers(config: Config, terminal: Terminal): Promise<number> {
  let exitCode = EXIT.done
  await withDatabase(config, async (opened) => {
    await prepareStart(opened, config, terminal.stdout)
    const workers = startWorkers(config.workers)
    const health = createHealth(opened.database, workers.isServing)
    let operators: Awaited<ReturnType<typeof listenForOperators>> = null
    try {
      const started = await Promise.race([workers.started, workers.failed])
      operators = await listenForOperators(config, {
        health,
        figures: async () => sumFigures(await workers.figures()),
      })
      if (typeof started === 'string') terminal.stdout.write(`Chatelaine listens at ${started}\n`)
      const end = typeof started === 'string' ? await Promise.race([untilStopped(terminal), workers.failed]) : started
      if (typeof end === 'string') {
        health.drain()
        workers.drain()
        await untilNoticed(end, config, terminal.stdout)
      } else {
        terminal.stderr.write(end.text)
        exitCode = end.exitCode
      }
    } finally {
      await workers.stop()
      await operators?.close()
    }
  })
  return exitCode
}
