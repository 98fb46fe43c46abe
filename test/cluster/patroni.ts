/** Three PostgreSQL servers under Patroni, and the etcd in which it keeps who the primary is. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { type FaultyProxy, openProxy } from '../outage/proxy.ts'
import { POSTGRES_PROGRAMS } from './commands.ts'
import { fillExample } from './examples.ts'
import { freePort, type Runtime, type Started, signalAll, withChildren } from './runtime.ts'

const PASSWORDS = { superuser: 'superuser-password', replication: 'replication-password' }

/** How long PostgreSQL is awake without Patroni. */
const AWAKE_ALONE_MS = 2000

/** A machine with PostgreSQL and Patroni. */
export interface Node {
  name: string
  port: number
  apiPort: number
  /** Through this the other nodes reach its PostgreSQL. */
  proxy: FaultyProxy
  configuration: string
  dataFolder: string
  patroni: Started | null
}

/** What Patroni says about a node. */
interface Member {
  name: string
  role: string
  state: string
  timeline?: number
  lag?: number | string
}

export async function startEtcd(runtime: Runtime): Promise<number> {
  const [client, peer] = [await freePort(), await freePort()]
  const at = (port: number) => `http://127.0.0.1:${port}`
  runtime.start('etcd', [
    'etcd',
    ...['--name', 'etcd1', '--data-dir', join(runtime.folder, 'etcd'), '--log-level', 'error'],
    ...['--listen-client-urls', at(client), '--advertise-client-urls', at(client)],
    ...['--listen-peer-urls', at(peer), '--initial-advertise-peer-urls', at(peer)],
    ...['--initial-cluster', `etcd1=${at(peer)}`],
  ])
  await until('etcd answers', 20, async () => (await fetch(`${at(client)}/health`)).ok)
  return client
}

/** Configures a node; `startNode` starts it. */
export async function makeNode(runtime: Runtime, name: string, etcdPort: number): Promise<Node> {
  const [port, apiPort] = [await freePort(), await freePort()]
  const proxy = await openProxy(port)
  const dataFolder = join(runtime.folder, name)
  const text = fillExample('patroni.yml', {
    'etcd1.internal:2379,etcd2.internal:2379,etcd3.internal:2379': `127.0.0.1:${etcdPort}`,
    'name: postgres1': `name: ${name}`,
    '0.0.0.0:8008': `127.0.0.1:${apiPort}`,
    'postgres1.internal:8008': `127.0.0.1:${apiPort}`,
    '0.0.0.0:5432': `127.0.0.1:${port}`,
    'postgres1.internal:5432': `127.0.0.1:${proxy.port}`,
    '/var/lib/postgresql/15/chatelaine': dataFolder,
    '/usr/lib/postgresql/15/bin': POSTGRES_PROGRAMS,
    '/var/lib/postgresql/pgpass-patroni': join(runtime.folder, `${name}.pgpass`),
    '/var/run/postgresql': runtime.folder,
    // The trials read when a change was committed.
    'wal_log_hints: on': 'wal_log_hints: on\n        track_commit_timestamp: on\n        shared_buffers: 32MB',
  })
  const configuration = runtime.write(`${name}.yml`, text)
  return { name, port, apiPort, proxy, configuration, dataFolder, patroni: null }
}

export function startNode(runtime: Runtime, node: Node) {
  node.patroni = runtime.start(node.name, ['patroni', node.configuration])
}

/** The ids of all processes of PostgreSQL on a node. */
export function findPostgres({ dataFolder }: Node): number[] {
  const path = join(dataFolder, 'postmaster.pid')
  if (!existsSync(path)) return []
  const [first] = readFileSync(path, 'utf8').split('\n')
  return withChildren(Number(first))
}

/** The ids of all processes on a node. */
function processesOf(node: Node): number[] {
  return [node.patroni?.pid ?? [], findPostgres(node)].flat()
}

/** The machine loses its power. */
export function killNode(node: Node) {
  signalAll(processesOf(node), 'SIGKILL')
  node.patroni = null
}

/** The machine stands still, and its connections stay open. */
export function freezeNode(node: Node) {
  signalAll(processesOf(node), 'SIGSTOP')
}

/**
 * PostgreSQL wakes up and nobody has told it that it is no longer the primary; then Patroni starts, as after a watchdog ended
 * it. A Patroni up to 3.0.2 that wakes up itself can take the lock from the new primary (patroni/patroni#2689).
 */
export async function thawNode(runtime: Runtime, node: Node) {
  node.patroni?.child.kill('SIGKILL')
  signalAll(findPostgres(node), 'SIGCONT')
  await wait(AWAKE_ALONE_MS)
  startNode(runtime, node)
}

/** Closes what is open to a dead machine, and delivers to it again. */
export async function reconnect({ proxy }: Node) {
  proxy.reset()
  await proxy.recover()
}

/** Opens a connection to PostgreSQL of a node itself, as its administrator. */
export async function connectTo({ port }: Node, database = 'postgres'): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    database,
    user: 'postgres',
    password: PASSWORDS.superuser,
    connectionTimeoutMillis: 2000,
  })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** What the nodes say about each other; empty where none of them answers. */
async function readMembers(nodes: Node[]): Promise<Member[]> {
  for (const { apiPort } of nodes) {
    try {
      const answer = await fetch(`http://127.0.0.1:${apiPort}/cluster`, { signal: AbortSignal.timeout(1000) })
      return ((await answer.json()) as { members: Member[] }).members
    } catch {
      // The next one is asked.
    }
  }
  return []
}

/** The node that has the lock of the primary, as the others know it. */
export async function findPrimary(nodes: Node[]): Promise<Node> {
  const name = (await readMembers(nodes)).find(({ role }) => role === 'leader')?.name
  const node = nodes.find((some) => some.name === name)
  if (!node) throw new Error('The cluster has no primary.')
  return node
}

/** Waits until there is a primary and two standbys that follow it, one of them synchronous where `isSynchronous`. */
export async function untilWhole(nodes: Node[], isSynchronous: boolean): Promise<void> {
  let members: Member[] = []
  await until('the cluster is whole', 180, async () => {
    members = await readMembers(nodes)
    const leader = members.find(({ role, state }) => role === 'leader' && state === 'running')
    const standbys = members.filter(
      ({ role, state, lag, timeline }) =>
        role !== 'leader' && /running|streaming/.test(state) && lag === 0 && timeline === leader?.timeline,
    )
    const synchronous = standbys.filter(({ role }) => role === 'sync_standby')
    return leader !== undefined && standbys.length === nodes.length - 1 && synchronous.length === Number(isSynchronous)
  }).catch((error: Error) => {
    throw new Error(`${error.message} Patroni says: ${JSON.stringify(members)}`)
  })
}

export async function setSynchronous(nodes: Node[], isSynchronous: boolean) {
  const { apiPort } = await findPrimary(nodes)
  const body = JSON.stringify({ synchronous_mode: isSynchronous })
  const answer = await fetch(`http://127.0.0.1:${apiPort}/config`, { method: 'PATCH', body })
  if (!answer.ok) throw new Error(`Patroni refused the configuration: ${await answer.text()}`)
  await untilWhole(nodes, isSynchronous)
}

/** Asks until it is so. @throws after this many seconds */
export async function until(what: string, seconds: number, isSo: () => Promise<boolean>): Promise<void> {
  const started = Date.now()
  while (!(await isSo().catch(() => false))) {
    if (Date.now() - started > seconds * 1000) throw new Error(`After ${seconds} s it is still not so that ${what}.`)
    await wait(100)
  }
}
