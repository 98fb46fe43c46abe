/** The program as its users start it: a process of its own, with an environment and an empty database. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, inject, onTestFinished } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { readConfig } from '../../src/config.ts'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { createDatabase, onServer } from './database.ts'
import { ENCRYPTION_KEY } from './encryption-key.ts'
import { secretsFound } from './secrets.ts'

const ROOT_FOLDER = fileURLToPath(new URL('../..', import.meta.url))
const NODE = join(ROOT_FOLDER, 'node_modules/.bin/node')

/** A program stops at once, and logs no requests, where a test does not want it. */
export const QUIET = { SHUTDOWN_DELAY_SECONDS: '0', LOG_LEVEL: 'error' }

export type Environment = Record<string, string>

/** How a process ended, and all it said. */
export interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
  afterMs: number
}

export interface Program {
  /** The address it printed. */
  url: string
  /** The key it printed; null where it printed none. */
  key: string | null
  readyAfterMs: number
  pid: number
  /** Waits until its output has this; gives the first group. */
  untilSaid(pattern: RegExp): Promise<string>
  /** The lines of its log up to now. */
  log(): Record<string, unknown>[]
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
  /** Does what a terminal does for Ctrl+C: all processes of the group get the signal. Waits for the end. */
  interrupt(): Promise<Ended>
  ended: Promise<Ended>
}

/** The environment that names an empty database of this run's kind, which is removed when the test is finished. */
export async function createStore(): Promise<Environment> {
  const serverUrl = inject('serverUrl')
  if (serverUrl === null) return { DATA_DIR: join(createFolder(), 'data') }
  const name = `program_${randomBytes(8).toString('hex')}`
  await createDatabase(serverUrl, name)
  onTestFinished(() => onServer(serverUrl, `drop database if exists ${name} with (force)`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { DATABASE_URL: url.href, ENCRYPTION_KEY }
}

/** A folder that is removed when the test is finished. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-program-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Looks into a database that no program holds at the moment. */
export async function lookInto<T>(store: Environment, look: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(readConfig(store))
  try {
    return await look(database)
  } finally {
    await database.close()
  }
}

/** Starts the server; gives it once it listens. @throws where it ends before that */
export function startProgram(environment: Environment): Promise<Program> {
  return startWith([NODE, 'src/main.js', 'serve'], environment)
}

/** The same by a command line of another program, like `npm start`, in a process group of its own. */
export async function startWith(command: string[], environment: Environment): Promise<Program> {
  const started = performance.now()
  const running = spawnProgram(command, { PORT: '0', ...environment })
  const url = await Promise.race([running.line(/listens at (\S+)/), failed(running.ended)])
  const readyAfterMs = performance.now() - started
  // After a round trip all that it says at its start has arrived.
  await fetch(new URL('/health', url))
  return {
    url,
    key: printedKey(running.said()),
    readyAfterMs,
    pid: running.child.pid ?? 0,
    ended: running.ended,
    untilSaid: running.line,
    log: () => linesOfLog(running.logged()),
    stop(signal = 'SIGTERM') {
      running.child.kill(signal)
      return running.ended
    },
    interrupt() {
      process.kill(-(running.child.pid ?? 0), 'SIGINT')
      return running.ended
    },
  }
}

/** The key of root in what a start printed; null where there is none. */
export function printedKey(said: string): string | null {
  return said.match(/key of root, shown this once: (\S+)/)?.[1] ?? null
}

/** Asks a running program with a key, or without; gives status, data and errors. */
export async function ask({ url }: Pick<Program, 'url'>, key: string | null, query: string, variables: object = {}) {
  const headers = { 'content-type': 'application/json', ...(key === null ? {} : { 'api-key': key }) }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
  return { status: response.status, ...(await response.json()) }
}

/** Whose key this is; the status where it is nobody's. */
export async function usernameOf(program: Pick<Program, 'url'>, key: string | null): Promise<string | number> {
  const { status, data } = await ask(program, key, '{ viewer { user { username } } }')
  return data?.viewer?.user?.username ?? status
}

/** Runs a command line in this process, which is quick; `input` is all that its standard input has. */
export async function runCommand(args: string[], environment: Environment = {}, input = ''): Promise<Ended> {
  const started = performance.now()
  const output = { stdout: '', stderr: '' }
  const collect = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(text, _encoding, done) {
        output[name] += text
        done()
      },
    })
  const terminal = {
    env: { PORT: '0', ...QUIET, ...environment },
    stdin: Readable.from([Buffer.from(input)]),
    stdout: collect('stdout'),
    stderr: collect('stderr'),
  }
  const code = await main(args, terminal)
  refuseSaid(args, output, new Set([...secretsOf(environment), ...linesOf(input)]))
  return { code, signal: null, ...output, afterMs: performance.now() - started }
}

/** Runs a command to its end as a process of its own; `input` is all that its standard input has. */
export function runProgram(
  args: string[],
  environment: Environment = {},
  input = '',
  folder = ROOT_FOLDER,
): Promise<Ended> {
  const command = [NODE, join(ROOT_FOLDER, 'src/main.js'), ...args]
  const { child, ended, write } = spawnProgram(command, { PORT: '0', ...environment }, folder)
  write(input)
  child.stdin.end()
  return ended
}

/** A command that is under way. */
interface Running extends Pick<Program, 'stop' | 'ended'> {
  /** Writes to its standard input, which stays open. */
  write(text: string): void
}

/** Starts a command that is not waited for. */
export function beginProgram(args: string[], environment: Environment): Running {
  const { child, ended, write } = spawnProgram([NODE, 'src/main.js', ...args], { PORT: '0', ...environment })
  return {
    ended,
    write,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

async function failed(ended: Promise<Ended>): Promise<never> {
  const { code, stdout, stderr } = await ended
  throw new Error(`The program ended with ${code}: ${stdout}${stderr}`)
}

/** A program that does not say by then what is waited for has failed, and what it said instead tells why. */
const LONGEST_SILENCE_MS = 100_000

function spawnProgram([file = '', ...args]: string[], environment: Environment, cwd = ROOT_FOLDER) {
  const { PATH = '', HOME = '' } = process.env
  const started = performance.now()
  const child = spawn(file, args, {
    cwd,
    // A program that starts ours is ended with all that it started.
    detached: file !== NODE,
    // A person who runs the tests may be signed in to a server.
    env: {
      PATH,
      HOME,
      XDG_CONFIG_HOME: '/nonexistent',
      NODE_COMPILE_CACHE: inject('compileCache'),
      ...QUIET,
      ...environment,
    },
  })
  const output = { stdout: '', stderr: '' }
  const secrets = new Set(secretsOf(environment))
  onTestFinished(async () => {
    await endChild(child)
    refuseSaid(args, output, secrets)
  })
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, ...output, afterMs: performance.now() - started }))
  })
  const line = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const giveUp = () => reject(new Error(`It did not say ${pattern}, but: ${output.stdout}${output.stderr}`))
      const timer = setTimeout(giveUp, LONGEST_SILENCE_MS).unref()
      const look = () => {
        // The line with the key comes in the same breath: what is not whole yet is waited for.
        const found = output.stdout.endsWith('\n') ? pattern.exec(output.stdout)?.[1] : undefined
        if (!found) return
        clearTimeout(timer)
        resolve(found)
      }
      listeners.add(look)
      look()
    })
  const write = (text: string) => {
    for (const line of linesOf(text)) secrets.add(line)
    child.stdin.write(text)
  }
  // Whoever reads no more may be gone before all is written.
  child.stdin.on('error', () => {})
  return { child, ended, line, write, said: () => output.stdout, logged: () => output.stderr }
}

/** What is not whole yet is left out. */
function linesOfLog(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

const SHORTEST_SECRET = 8

function linesOf(input: string): string[] {
  return input.split('\n').filter((line) => line.length >= SHORTEST_SECRET)
}

/** No secret that a command was given is in what it said. */
export function refuseSaid(
  [command]: string[],
  { stdout, stderr }: { stdout: string; stderr: string },
  secrets: Set<string>,
) {
  expect(secretsFound(stdout + stderr, secrets), `secrets that were given to ${command} and said by it`).toEqual([])
}

/** The secrets among the variables, which names of files are not; what is shorter would be found anywhere. */
export function secretsOf(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    /KEY|PASSWORD|SECRET|TOKEN/.test(name) && !name.endsWith('_FILE') && value.length >= SHORTEST_SECRET ? [value] : [],
  )
}

async function endChild(child: ChildProcess) {
  if (child.spawnfile !== NODE) endGroup(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed
}

/** Ends what is left of a process group, which can be there longer than its first process. */
function endGroup({ pid }: ChildProcess) {
  try {
    if (pid) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
