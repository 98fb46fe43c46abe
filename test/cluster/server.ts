/** Chatelaine as a process of its own. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { until } from './patroni.ts'
import type { Runtime } from './runtime.ts'

const ROOT_FOLDER = fileURLToPath(new URL('../..', import.meta.url))

type Environment = Record<string, string>

export interface Server {
  name: string
  /** The address of the API. */
  url: string
  /** What it has said: the output of this start, and of those before it. */
  output(): string
  /** How often it ended without being told to, or with another code than 0. */
  deaths(): number
  /** Ends it without a warning. This is not counted as a death. */
  kill(): void
  /** Tells it to stop, and waits for the end. */
  stop(): Promise<void>
}

/** Starts a server; `output` names its log, and `folder` has its sources. It is given once it listens. @throws where it ends before that */
export async function startServer(
  runtime: Runtime,
  name: string,
  environment: Environment,
  folder = ROOT_FOLDER,
): Promise<Server> {
  const command = [process.execPath, `${folder}/src/main.js`, 'serve']
  const { child, pid } = runtime.start(name, command, { environment, isUnprivileged: false })
  let isTold = false
  let isKilled = false
  let deaths = 0
  child.once('exit', (code) => {
    if (!isKilled && (!isTold || code !== 0)) deaths += 1
  })
  const said = () => runtime.log(name).split(`Chatelaine listens at `)
  const before = said().length
  await until(`${name} listens`, 60, async () => said().length > before || child.exitCode !== null)
  if (child.exitCode !== null)
    throw new Error(`${name} ended with ${child.exitCode}: ${runtime.log(name).slice(-2000)}`)
  return {
    name,
    url: said().at(-1)?.split('\n')[0] ?? '',
    output: () => runtime.log(name),
    deaths: () => deaths,
    kill() {
      isKilled = true
      child.kill('SIGKILL')
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      isTold = true
      process.kill(pid, 'SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** Runs a command of the program to its end as the operator, and gives what it said. @throws where it fails */
export async function runOperator(runtime: Runtime, args: string[], environment: Environment): Promise<string> {
  const name = `operator-${args.join('-')}-${Date.now()}`
  const command = [process.execPath, `${ROOT_FOLDER}/src/main.js`, ...args]
  const { child } = runtime.start(name, command, { environment, isUnprivileged: false })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`"chatelaine ${args.join(' ')}" ended with ${code}: ${runtime.log(name)}`)
  return runtime.log(name)
}
