/**
 * client → HAProxy → three servers → HAProxy on Patroni's /primary → three PostgreSQL with etcd. The third server reaches
 * HAProxy through PgBouncer.
 */
import pg from 'pg'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import {
  connectTo,
  findPostgres,
  findPrimary,
  makeNode,
  type Node,
  startEtcd,
  startNode,
  untilWhole,
} from './patroni.ts'
import { startHaproxy, startPgbouncer } from './proxies.ts'
import { freePort, type Runtime } from './runtime.ts'
import { type Server, startServer } from './server.ts'

const NODES = ['postgres1', 'postgres2', 'postgres3']
export const SERVERS = [0, 1, 2] as const
type Index = (typeof SERVERS)[number]
const ROLE = 'chatelaine'
const PASSWORD = 'chatelaine-password'
/** Nobody listens there: mails are queued, which needs the tables of the queue, and not sent. */
const MAIL = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'chatelaine@example.test' }

type Environment = Record<string, string>

export interface Cluster {
  runtime: Runtime
  nodes: Node[]
  /** The address of the API through HAProxy. */
  url: string
  /** The servers on the database `chatelaine` that HAProxy knows; empty until they are started. */
  servers: Server[]
  /** The first is the one that encrypts. */
  encryptionKeys: string[]
  /** What the server with this index is started with, on the database of this name. */
  environmentOf(index: Index, database?: string): Environment
  /** Starts a server behind HAProxy, or starts it again; `folder` has its sources. */
  serve(index: Index, folder?: string): Promise<void>
  /** Starts all servers behind HAProxy that do not run, one after the other. */
  serveAll(): Promise<void>
  createDatabase(name: string): Promise<void>
  /** Runs a statement on the primary as the administrator of the database. */
  query(text: string, database?: string): Promise<Record<string, unknown>[]>
}

export async function startCluster(runtime: Runtime): Promise<Cluster> {
  const etcdPort = await startEtcd(runtime)
  const nodes: Node[] = []
  for (const name of NODES) nodes.push(await makeNode(runtime, name, etcdPort))
  runtime.onEnd(() => nodes.flatMap(findPostgres))
  for (const node of nodes) startNode(runtime, node)
  const ports = [await freePort(), await freePort(), await freePort()]
  const { apiPort, primaryPort } = await startHaproxy(runtime, ports, nodes)
  const poolerPort = await startPgbouncer(runtime, primaryPort, ROLE, PASSWORD)
  await untilWhole(nodes, true)

  async function query(text: string, database = 'chatelaine') {
    const client = await connectTo(await findPrimary(nodes), database)
    try {
      return (await client.query(text)).rows as Record<string, unknown>[]
    } finally {
      await client.end()
    }
  }
  const cluster: Cluster = {
    runtime,
    nodes,
    url: `http://127.0.0.1:${apiPort}/graphql`,
    servers: [],
    encryptionKeys: [ENCRYPTION_KEY],
    environmentOf: (index, database = 'chatelaine') => ({
      DATABASE_URL: `postgres://${ROLE}:${PASSWORD}@127.0.0.1:${index === 2 ? poolerPort : primaryPort}/${database}`,
      PORT: '0',
      ENCRYPTION_KEY: cluster.encryptionKeys.join(','),
      ROOT_API_KEY: ROOT_KEY,
      TRUSTED_PROXIES: 'loopback',
      LOG_LEVEL: 'warn',
      SHUTDOWN_DELAY_SECONDS: '2',
      ...MAIL,
      NODE_COMPILE_CACHE: `${runtime.folder}/compiled`,
    }),
    async serve(index, folder) {
      await cluster.servers[index]?.stop()
      const environment = { ...cluster.environmentOf(index), PORT: `${ports[index]}` }
      cluster.servers[index] = await startServer(runtime, `chatelaine${index + 1}`, environment, folder)
    },
    async serveAll() {
      for (const index of SERVERS) if (!cluster.servers[index]) await cluster.serve(index)
    },
    createDatabase: async (name) => {
      await query(`create database ${name} owner ${ROLE}`, 'postgres')
    },
    query,
  }
  await query(`create role ${ROLE} login password ${pg.escapeLiteral(PASSWORD)}`, 'postgres')
  await cluster.createDatabase('chatelaine')
  await query('create table commits (at timestamptz)', 'postgres')
  return cluster
}
