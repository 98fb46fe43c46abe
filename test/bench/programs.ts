/** The two programs that are compared: the server as its users start it, and the limit. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { type Child, startChild } from './child.ts'
import type { Sent } from './load.ts'
import type { Asked, Workload } from './workloads.ts'

export const ROOT_FOLDER = fileURLToPath(new URL('../..', import.meta.url))
const NODE = join(ROOT_FOLDER, 'node_modules/.bin/node')

/** A program that answers the workloads. */
export interface Program {
  name: 'limit' | 'server'
  child: Child
  /** The address for a workload. */
  urlOf(workload: Workload): string
  /** The request of a workload with these variables. */
  requestOf(workload: Workload, asked: Asked): Sent
}

export const POOL_SIZE = 10

const environment = (databaseUrl: string) => ({
  // Nothing of the caller's environment configures what is measured.
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_SIZE: String(POOL_SIZE),
  ENCRYPTION_KEY,
  HOST: '127.0.0.1',
  PORT: '0',
})

/** Starts `serve`. @param options options of Node */
export async function startServer(databaseUrl: string, options: string[] = []): Promise<Program> {
  const command = [NODE, ...options, 'src/main.js', 'serve']
  const child = startChild('The server', command, { cwd: ROOT_FOLDER, env: environment(databaseUrl) })
  const url = await child.line(/listens at (\S+)\n/)
  return {
    name: 'server',
    child,
    urlOf: () => url,
    requestOf: ({ document }, { credential, variables }) => request(credential, { query: document, variables }),
  }
}

/** Starts the hand-written statements. */
export async function startLimit(databaseUrl: string): Promise<Program> {
  const command = [NODE, 'test/bench/limit/server.ts']
  const child = startChild('The limit', command, { cwd: ROOT_FOLDER, env: environment(databaseUrl) })
  const url = await child.line(/listens at (\S+)\n/)
  return {
    name: 'limit',
    child,
    urlOf: ({ name }) => `${url}/${name}`,
    requestOf: (_workload, { credential, variables }) => request(credential, { variables }),
  }
}

function request(credential: string, body: object): Sent {
  return {
    headers: { authorization: credential, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}
