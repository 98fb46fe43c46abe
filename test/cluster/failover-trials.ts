/** The primary is lost in several ways while clients change things. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Answered, startLoad } from '../outage/load.ts'
import { strange, untilWell, wronglyTold } from '../outage/verdict.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import type { Cluster } from './cluster.ts'
import { describeAnswer, describeAnswers, longestGap, lostOf, readCommits } from './failures.ts'
import {
  connectTo,
  findPrimary,
  freezeNode,
  killNode,
  type Node,
  reconnect,
  setSynchronous,
  startNode,
  thawNode,
  untilWhole,
} from './patroni.ts'
import { change, withKey } from './request.ts'
import { type Result, range } from './result.ts'

/** A client is told within this time, whatever the database does. */
const LONGEST_ANSWER_MS = 6000
/** The servers are well this soon after the new primary is. */
const LONGEST_RECOVERY_MS = 2000
/** Longer than a statement may take, and than a silent connection is waited for. */
const CUT_OFF_SECONDS = 8
/** Longer than Patroni's ttl, so that there is a new primary when the old one wakes up. */
const FROZEN_SECONDS = 25

interface Loss {
  /** Chooses the trial on the command line, and begins the names that it makes. */
  name: string
  trial: string
  rounds: number
  isSynchronous: boolean
  /** Whether acknowledged changes may be lost. */
  mayLose?: boolean
  begin(cluster: Cluster, primary: Node): unknown
  /** Brings the old primary back; `begun` is when it was lost. */
  end(cluster: Cluster, primary: Node, begun: number): unknown
}

type What = Pick<Loss, 'name' | 'trial' | 'begin' | 'end'>

const KILL: What = {
  name: 'kill',
  trial: 'the primary is killed',
  begin: (_cluster, primary) => killNode(primary),
  end: ({ runtime }, primary) => startNode(runtime, primary),
}
const CUT_OFF: What = {
  name: 'cut-off',
  trial: `the primary is cut off from its standbys for ${CUT_OFF_SECONDS} s and killed`,
  begin: (_cluster, primary) => cutOffAndKill(primary),
  end: restore,
}

const synchronously = (what: What, rounds: number): Loss => ({
  ...what,
  trial: `${what.trial}, with synchronous replication`,
  rounds,
  isSynchronous: true,
})

const asynchronously = (what: What): Loss => ({
  ...what,
  name: `${what.name}-asynchronous`,
  trial: `${what.trial}, with asynchronous replication`,
  rounds: 2,
  isSynchronous: false,
  mayLose: true,
})

const LOSSES: Loss[] = [
  synchronously(KILL, 3),
  synchronously(CUT_OFF, 2),
  {
    name: 'freeze',
    trial: `the primary stands still for ${FROZEN_SECONDS} s`,
    rounds: 2,
    isSynchronous: true,
    begin: (_cluster, primary) => freezeNode(primary),
    async end({ runtime }, primary, begun) {
      await wait(Math.max(0, begun + FROZEN_SECONDS * 1000 - Date.now()))
      await thawNode(runtime, primary)
    },
  },
  {
    name: 'switchover',
    trial: 'switchover by patronictl',
    rounds: 3,
    isSynchronous: true,
    begin: ({ runtime }, { configuration }) =>
      runtime.run(['patronictl', '-c', configuration, 'switchover', 'chatelaine', '--force']),
    end: () => {},
  },
  asynchronously(KILL),
  asynchronously(CUT_OFF),
]

async function cutOffAndKill(primary: Node) {
  primary.proxy.silence()
  await wait(CUT_OFF_SECONDS * 1000)
  killNode(primary)
}

async function restore({ runtime }: Cluster, primary: Node) {
  await reconnect(primary)
  startNode(runtime, primary)
}

/** The trials by their names. */
export const LOSS_TRIALS = Object.fromEntries(
  LOSSES.map((loss) => [loss.name, (cluster: Cluster) => tryLoss(cluster, loss)]),
)

async function tryLoss(cluster: Cluster, loss: Loss): Promise<Result> {
  await setSynchronous(cluster.nodes, loss.isSynchronous)
  const rounds: Round[] = []
  for (let round = 1; round <= loss.rounds; round++) rounds.push(await loseOnce(cluster, loss, `${loss.name}-${round}`))
  return summarize(loss, rounds, cluster)
}

interface Round {
  answers: Answered[]
  commits: Map<string, number>
  upAfterMs: number
  /** For each server, how long after the new primary it was well. */
  wellAfterMs: number[]
  /** What each server logged meanwhile. */
  logs: string[]
}

async function loseOnce(cluster: Cluster, loss: Loss, prefix: string): Promise<Round> {
  const { nodes, servers, url } = cluster
  const primary = await findPrimary(nodes)
  const others = nodes.filter((node) => node !== primary)
  const logged = servers.map(({ output }) => output().length)
  const load = startLoad(url, ROOT_KEY, prefix)
  const watcher = { username: `watcher-${prefix.toLowerCase()}`, isAdmin: true }
  const { secret } = await change(url, withKey(ROOT_KEY), 'createUser', watcher, 'secret')
  await wait(2000)

  const begun = Date.now()
  const beginning = loss.begin(cluster, primary)
  const upAt = await untilWritable(others)
  const wellAfterMs = await Promise.all(servers.map((server) => untilWell(server, secret)))
  await beginning
  await loss.end(cluster, primary, begun)
  await wait(3000)

  const answers = await load.stop()
  await untilWhole(nodes, loss.isSynchronous)
  const logs = servers.map(({ output }, index) => output().slice(logged[index]))
  return { answers, commits: await readCommits(cluster), upAfterMs: upAt - begun, wellAfterMs, logs }
}

/** Gives when one of these nodes first committed a change. */
async function untilWritable(nodes: Node[]): Promise<number> {
  for (;;) {
    for (const node of nodes) if (await commitsOn(node)) return Date.now()
    await wait(100)
  }
}

async function commitsOn(node: Node): Promise<boolean> {
  const client = await connectTo(node).catch(() => null)
  const isCommitted = await client?.query('insert into commits values (now())').then(
    () => true,
    () => false,
  )
  await client?.end().catch(() => {})
  return isCommitted ?? false
}

function summarize(loss: Loss, rounds: Round[], { servers }: Cluster): Result {
  const answers = rounds.flatMap((round) => round.answers)
  const lost = rounds.flatMap((round) => lostOf(round.answers, round.commits))
  const wrong = rounds.flatMap((round) => wronglyTold(round.answers, round.commits))
  const late = wrong.filter((answer) => !lost.includes(answer))
  const slow = answers.filter(({ afterMs }) => afterMs > LONGEST_ANSWER_MS)
  const well = rounds.flatMap((round) => round.wellAfterMs)
  const deaths = servers.reduce((sum, server) => sum + server.deaths(), 0)
  const problems = [
    ...(strange(answers).length > 0
      ? [`there were answers that no client may get: ${describeAnswers(strange(answers))}`]
      : []),
    ...(loss.mayLose || lost.length === 0 ? [] : [`${lost.length} acknowledged changes are lost`]),
    ...late.map((answer) => `${answer.name} got ${describeAnswer(answer)} and was made`),
    ...(slow.length > 0 ? [`${slow.length} answers took longer than ${LONGEST_ANSWER_MS} ms`] : []),
    ...well.filter((ms) => ms > LONGEST_RECOVERY_MS).map((ms) => `a server was well ${ms} ms after the new primary`),
    ...rounds.flatMap(({ logs }) => logs.flatMap(strangeLines)).map((line) => `a server logged ${line.slice(0, 300)}`),
    ...servers.filter((server) => server.deaths() > 0).map(({ name }) => `${name} died`),
  ]
  const figures = {
    requests: answers.length,
    answers: describeAnswers(answers),
    'ms until the new primary commits': range(rounds.map(({ upAfterMs }) => upAfterMs)),
    'ms without a change': range(rounds.map((round) => longestGap(round.answers))),
    'ms until each server is well after that': range(well),
    'ms for the slowest answer': range([Math.max(...answers.map(({ afterMs }) => afterMs))]),
    lost: lost.length,
    late: late.length,
    deaths,
  }
  return { trial: loss.trial, rounds: loss.rounds, figures, problems }
}

/**
 * The lines that are not about the outage of the database. A statement of the queue takes too long (57014) where it waits for
 * several changes that wait for a standby.
 */
function strangeLines(log: string): string[] {
  const known = /"(DatabaseUnavailable|CommitUnknownError|57014)"/
  return log.split('\n').filter((line) => line.startsWith('{') && !known.test(line))
}
