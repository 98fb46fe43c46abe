/** The programs that are always compared: the server as its users start it, and the limit. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { type Child, startChild } from './child.ts'
import type { Sent } from './load.ts'
import type { Asked, Workload } from './workloads.ts'

export const ROOT_FOLDER = fileURLToPath(new URL('../..', import.meta.url))
export const NODE = join(ROOT_FOLDER, 'node_modules/.bin/node')

/** A program that answers the workloads. */
export interface Program {
  /** As sentences call it. */
  name: string
  child: Child
  /** The address for a workload. */
  urlOf(workload: Workload): string
  /** The request of a workload with these variables. */
  requestOf(workload: Workload, asked: Asked): Sent
  /** For a program that answers in other names than the server. */
  own?: {
    /** A part of every good answer to a workload. */
    expected(workload: Workload): string
    /** An answer in the server's names. */
    translate(workload: Workload, answer: unknown): unknown
  }
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

/** Starts a program with Node. @param name how a failure calls it. @returns it, when it listens, with its address */
export async function startNode(name: string, args: string[], databaseUrl: string, more: NodeJS.ProcessEnv = {}) {
  const env = { ...environment(databaseUrl), ...more }
  const child = startChild(name, [NODE, ...args], { cwd: ROOT_FOLDER, env })
  return { child, url: await child.line(/listens at (\S+)\n/) }
}

/** Starts `serve`. @param options options of Node */
export async function startServer(databaseUrl: string, options: string[] = []): Promise<Program> {
  const { child, url } = await startNode('The server', [...options, 'src/main.js', 'serve'], databaseUrl)
  return {
    name: 'the server',
    child,
    urlOf: () => url,
    requestOf: ({ document }, { credential, variables }) => request(credential, { query: document, variables }),
  }
}

/** Starts the hand-written statements. */
export async function startLimit(databaseUrl: string): Promise<Program> {
  const { child, url } = await startNode('The limit', ['test/bench/limit/server.ts'], databaseUrl)
  return {
    name: 'the limit',
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
