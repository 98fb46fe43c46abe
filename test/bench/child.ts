/** Processes that the benchmark starts. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { BenchError, isEnding, undoLater } from './cleanup.ts'

export interface Child {
  pid: number
  /** Waits for a line that fits, and returns its first group. @throws BenchError where the process ends before it */
  line(pattern: RegExp): Promise<string>
  /** Stops it by a signal, and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Waits for its end. The code is null where a signal ended it. */
  ended(): Promise<{ code: number | null; said: string }>
}

const START_MS = 60_000
const STOP_MS = 15_000

/**
 * Starts a process in a group of its own, so that Ctrl+C reaches the benchmark alone and everything is stopped in order. It
 * is stopped at the end of the benchmark. @param name how a failure calls it
 */
export function startChild(name: string, [command, ...args]: string[], options: SpawnOptions = {}): Child {
  if (isEnding()) throw new BenchError('The benchmark is ending.')
  const child = spawn(command ?? '', args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      // The beginning has the address, the end the reason of a failure.
      said = said.length > 20_000 ? said.slice(0, 4000) + said.slice(-4000) + text : said + text
    })
  }
  const ended = untilEnd(child)
  const stop = (signal?: NodeJS.Signals) => stopChild(child, ended, signal)
  undoLater(() => stop())
  return {
    pid: child.pid ?? 0,
    stop,
    async ended() {
      await ended
      return { code: child.exitCode, said }
    },
    async line(pattern) {
      const deadline = performance.now() + START_MS
      while (performance.now() < deadline) {
        const found = pattern.exec(said)
        if (found) return found[1] ?? ''
        const isOver = await Promise.race([ended.then(() => true), pause()])
        if (isOver) break
      }
      throw new BenchError(`${name} did not start: ${reasonOf(said)}`)
    },
  }
}

async function pause(): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, 20))
  return false
}

function untilEnd(child: ChildProcess): Promise<unknown> {
  return Promise.race([once(child, 'close'), once(child, 'error')]).catch(() => {})
}

async function stopChild(child: ChildProcess, ended: Promise<unknown>, signal: NodeJS.Signals = 'SIGTERM') {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}

/** The reason of a failure: the error that ended a program, otherwise its last line. */
function reasonOf(text: string): string {
  const [error] = /^\w*error: .+$/im.exec(text) ?? []
  return error ?? (text.trim().split('\n').at(-1) || 'it ended without a word.')
}

/** Runs a process to its end. @throws BenchError where it fails */
export async function runChild(name: string, command: string[], options: SpawnOptions = {}) {
  const { code, said } = await startChild(name, command, options).ended()
  if (code !== 0) throw new BenchError(`${name} failed: ${reasonOf(said)}`)
}
