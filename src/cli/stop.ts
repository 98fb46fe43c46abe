/** When a server is told to stop, and when it does. */
import type { Config } from '../config.ts'
import type { Terminal } from './terminal.ts'

export const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Waits until load balancers had the time to notice that the server is not ready; a second signal ends the wait. */
export async function untilNoticed(signal: string, { shutdownDelaySeconds }: Config, stdout: Terminal['stdout']) {
  // SIGTERM takes the server out of a load balancer; Ctrl+C and the end of npm have nothing to wait for.
  if (signal === 'SIGTERM' && shutdownDelaySeconds > 0) {
    stdout.write(`SIGTERM: taking requests for ${shutdownDelaySeconds} s more; a second signal stops that.\n`)
    await untilAgain(shutdownDelaySeconds * 1000)
  }
  stdout.write(`${signal}: finishing what is under way.\n`)
}

/** Waits for this long, or until the next signal. */
async function untilAgain(milliseconds: number) {
  const again = Promise.withResolvers<void>()
  for (const name of SIGNALS) process.once(name, () => again.resolve())
  const timer = setTimeout(again.resolve, milliseconds)
  await again.promise
  clearTimeout(timer)
}

/**
 * Waits until the server is told to stop, and returns by what. The signals are handled more than once: for Ctrl+C, both
 * the terminal and npm send one, and the second must not end the process before its requests are finished.
 */
export function untilStopped({ env }: Pick<Terminal, 'env'>): Promise<string> {
  return new Promise((resolve) => {
    for (const name of SIGNALS) process.on(name, () => resolve(name))
    if (env.npm_lifecycle_event !== undefined) onEndOfLauncher(() => resolve('The shell of npm has ended'))
  })
}

const launcher = process.ppid
const LAUNCHER_CHECK_MS = 500

/**
 * npm passes a signal on to its shell alone. Where that shell is not the server itself, as with `npx chatelaine serve`,
 * it ends and the server would keep the port and the data folder without it.
 */
function onEndOfLauncher(stop: () => void) {
  const timer = setInterval(() => {
    if (process.ppid === launcher) return
    clearInterval(timer)
    stop()
  }, LAUNCHER_CHECK_MS)
  timer.unref()
}
