/** The temporary folder, the ports and the processes of a cluster. All of them are gone when this process ends, however it ends. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Started {
  pid: number
  child: ChildProcess
}

interface StartOptions {
  environment?: Record<string, string>
  /** False for a program that also runs as root. */
  isUnprivileged?: boolean
}

export interface Runtime {
  folder: string
  /** Starts a program whose output goes to the file `<name>.log` in the folder. */
  start(name: string, command: string[], options?: StartOptions): Started
  /** Runs a program to its end as the unprivileged user, and gives what it said. @throws where it fails */
  run(command: string[]): Promise<string>
  /** Writes a file that the unprivileged user alone can read, and gives its path. */
  write(name: string, text: string): string
  /** The text of a log. */
  log(name: string): string
  /** The end of each log, by its name. */
  lastLines(): [name: string, lines: string][]
  /** Calls this when all ends: it gives the ids of the PostgreSQL processes, which other programs started. */
  onEnd(findPostgres: () => number[]): void
}

/** How much of a log is shown after a failure. */
const LAST_LINES = 6

interface Owner {
  uid?: number
  gid?: number
}

/** The user `postgres` of Debian's package where this process is root, whom PostgreSQL and PgBouncer refuse; the same user otherwise. */
function findOwner(): Owner {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

export function openRuntime(): Runtime {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-cluster-'))
  const owner = findOwner()
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? 0)
  chmodSync(folder, 0o755)
  const children = new Set<ChildProcess>()
  const others: (() => number[])[] = []
  const logOf = (name: string) => join(folder, `${name}.log`)
  const PATH = `${process.env.PATH}:/usr/sbin`

  process.once('exit', () => {
    // First those that would start PostgreSQL again.
    signalAll(
      [...children].flatMap(({ pid }) => pid ?? []),
      'SIGKILL',
    )
    endPostgres(others.flatMap((find) => find()))
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const)
    process.once(signal, () => process.exit(128 + number))

  return {
    folder,
    start(name, [file = '', ...args], { environment = {}, isUnprivileged = true } = {}) {
      const log = openSync(logOf(name), 'a')
      const child = spawn(file, args, {
        cwd: isUnprivileged ? folder : undefined,
        env: { PATH, HOME: folder, LC_ALL: 'C.UTF-8', ...environment },
        stdio: ['ignore', log, log],
        // Ctrl+C reaches this process alone, which then ends all others.
        detached: true,
        ...(isUnprivileged ? owner : {}),
      })
      child.on('error', (error) => process.stderr.write(`${name}: ${error.message}\n`))
      children.add(child)
      child.once('exit', () => children.delete(child))
      return { pid: child.pid ?? 0, child }
    },
    async run([file = '', ...args]) {
      const env = { PATH, HOME: folder, LC_ALL: 'C.UTF-8' }
      return (await promisify(execFile)(file, args, { cwd: folder, env, ...owner })).stdout
    },
    write(name, text) {
      const path = join(folder, name)
      writeFileSync(path, text, { mode: 0o600 })
      if (owner.uid !== undefined) chownSync(path, owner.uid, owner.gid ?? 0)
      return path
    },
    log: (name) => readFileSync(logOf(name), 'utf8'),
    lastLines: () =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.log'))
        .map((name) => [name, readFileSync(join(folder, name), 'utf8').split('\n').slice(-LAST_LINES).join('\n')]),
    onEnd: (find) => others.push(find),
  }
}

/** Sends a signal to processes; those that have ended are left out. */
export function signalAll(pids: number[], signal: NodeJS.Signals) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** A process and those that it started, found at one moment. */
export function withChildren(pid: number): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number))
  return [pid, ...pairs.flatMap(([child = 0, parent]) => (parent === pid ? child : []))]
}

const LONGEST_END_MS = 5000

/** PostgreSQL gives its shared memory back at SIGQUIT; what has not ended by that is killed. It waits without the event loop. */
function endPostgres(pids: number[]) {
  signalAll(pids, 'SIGCONT')
  signalAll(pids, 'SIGQUIT')
  const started = Date.now()
  while (pids.some(isRunning) && Date.now() - started < LONGEST_END_MS) sleep(50)
  signalAll(pids.filter(isRunning), 'SIGKILL')
}

/** A process that has ended and that nobody has asked about yet still has an id. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function sleep(milliseconds: number) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

const taken = new Set<number>()

/** A free port below those that outgoing connections use, so that no connection takes it while its program is down. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (!taken.has(port) && (await isFree(port))) {
      taken.add(port)
      return port
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const listening = once(server.listen(port, '127.0.0.1'), 'listening').then(
    () => true,
    () => false,
  )
  const isFree = await listening
  if (isFree) await new Promise((resolve) => server.close(resolve))
  return isFree
}
