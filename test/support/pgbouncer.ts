/** PgBouncer in transaction mode before a PostgreSQL server: each transaction may get another session. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { onServer } from './database.ts'
import { freePort } from './postgres-server.ts'

export interface Pooler {
  /** The address of a database, through the pooler. */
  addressOf(url: string): string
  /** Ends it; its sessions end too. */
  stop(): Promise<void>
}

/** Starts it before the server with this address; a setting is like `server_round_robin=1`. */
export async function startPooler(serverUrl: string, settings: string[] = []): Promise<Pooler> {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-pooler-'))
  const port = await freePort()
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(file, configuration(serverUrl, port, settings))
  // As root, PgBouncer runs as another user, who must read its file.
  chmodSync(folder, 0o755)
  const args = process.getuid?.() === 0 ? ['-u', 'nobody', file] : [file]
  // Debian has it among the programs of administrators.
  const child = spawn('pgbouncer', args, { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } })
  const end = endOf(child)
  const addressOf = (url: string) => Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href
  const answers = () => onServer(addressOf(serverUrl), 'select 1')
  try {
    await Promise.race([vi.waitFor(answers, { timeout: 20_000 }), end.thrown])
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return {
    addressOf,
    async stop() {
      child.kill('SIGKILL')
      await end.over
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Six sessions for all clients; it signs in for them. */
function configuration(serverUrl: string, port: number, settings: string[]): string {
  const { hostname, port: serverPort, username, password } = new URL(serverUrl)
  return [
    '[databases]',
    `* = host=${hostname} port=${serverPort} user=${username} password=${password}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 6',
    ...settings,
  ].join('\n')
}

function endOf(child: ChildProcess) {
  let said = ''
  child.stderr?.on('data', (text) => {
    said += text
  })
  const over = new Promise<Error>((resolve) => {
    child.once('error', (cause) =>
      resolve(new Error('These tests need PgBouncer: install the package pgbouncer.', { cause })),
    )
    child.once('close', (code) => resolve(new Error(`PgBouncer ended with ${code}: ${said}`)))
  })
  return { over, thrown: over.then((error) => Promise.reject(error)) }
}
