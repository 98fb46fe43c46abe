import { type Cluster, SERVERS } from './cluster.ts'
import { whose, withKey } from './request.ts'
import { type Result, range } from './result.ts'
import { type Server, startServer } from './server.ts'

const ROUNDS = 5
const ROOT_KEY_LINE = /key of root, shown this once: (\S+)/

/** Three servers start at the same time on an empty database. */
export async function tryFirstStarts(cluster: Cluster): Promise<Result> {
  const problems: string[] = []
  const times: number[] = []
  let deaths = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const database = `first_${round}`
    await cluster.createDatabase(database)
    const started = Date.now()
    const starts = await Promise.allSettled(SERVERS.map((index) => startOn(cluster, database, index)))
    times.push(Date.now() - started)
    const servers = starts.flatMap((start) => (start.status === 'fulfilled' ? start.value : []))
    for (const start of starts) if (start.status === 'rejected') problems.push(`round ${round}: ${start.reason}`)
    problems.push(...(await check(cluster, database, servers)).map((problem) => `round ${round}: ${problem}`))
    await Promise.all(servers.map((server) => server.stop()))
    deaths += SERVERS.length - servers.length + servers.reduce((sum, server) => sum + server.deaths(), 0)
  }
  if (deaths > 0) problems.push(`${deaths} servers died`)
  const figures = { 'ms until all three listen': range(times), deaths }
  return { trial: 'three servers start at once on an empty database', rounds: ROUNDS, figures, problems }
}

function startOn(cluster: Cluster, database: string, index: (typeof SERVERS)[number]): Promise<Server> {
  const { ROOT_API_KEY, ...environment } = cluster.environmentOf(index, database)
  return startServer(cluster.runtime, `${database}-${index + 1}`, environment)
}

/** What is wrong with a database after its first start. */
async function check(cluster: Cluster, database: string, servers: Server[]): Promise<string[]> {
  const keys = servers.flatMap((server) => ROOT_KEY_LINE.exec(server.output())?.[1] ?? [])
  if (keys.length !== 1) return [`${keys.length} servers printed a key of root`]
  const names = await Promise.all(servers.map(({ url }) => whose(url, withKey(keys[0] ?? ''))))
  const [counts] = await cluster.query(
    `select (select count(*)::int from users) as users, (select count(*)::int from api_keys) as keys,
      (select count(*)::int from organizations) as organizations`,
    database,
  )
  return [
    ...names.flatMap((name, index) => (name === 'root' ? [] : `server ${index + 1} says ${name} to the key of root`)),
    ...Object.entries(counts ?? {}).flatMap(([what, count]) => (count === 1 ? [] : `there are ${count} ${what}`)),
  ]
}
