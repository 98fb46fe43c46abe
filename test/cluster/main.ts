/**
 * `npm run test:cluster`: builds a cluster of Debian's packages on this machine and tries what goes wrong in one. With
 * arguments, only the trials of these names. The exit code is 0 only where all trials are good.
 */
import { tryCredentials, tryRevocations } from './agreement-trials.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { findMissing } from './commands.ts'
import { LOSS_TRIALS } from './failover-trials.ts'
import { tryKilledServers, tryRollingRestarts, tryRotations } from './restart-trials.ts'
import { printTable, type Result } from './result.ts'
import { openRuntime } from './runtime.ts'
import { tryFirstStarts } from './start-trial.ts'
import { tryOldServers } from './upgrade-trial.ts'

const TRIALS: Record<string, (cluster: Cluster) => Promise<Result>> = {
  starts: tryFirstStarts,
  credentials: tryCredentials,
  revocations: tryRevocations,
  restarts: tryRollingRestarts,
  kills: tryKilledServers,
  rotations: tryRotations,
  ...LOSS_TRIALS,
  upgrade: tryOldServers,
}

const say = (text: string) => process.stdout.write(`${text}\n`)

const missing = findMissing()
if (missing.length > 0) {
  say(`The cluster needs programs that are not installed: apt-get install ${missing.join(' ')}`)
  process.exit(1)
}
const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !(name in TRIALS))
if (unknown.length > 0) {
  say(`There is no trial ${unknown.join(', ')}. There are ${Object.keys(TRIALS).join(', ')}.`)
  process.exit(1)
}

const runtime = openRuntime()
try {
  const results: Result[] = []
  const cluster = await startCluster(runtime)
  say('The cluster is up.')
  for (const [name, run] of Object.entries(TRIALS)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue
    if (name !== 'starts') await cluster.serveAll()
    const result = await run(cluster)
    results.push(result)
    say(printTable([result]))
  }
  say(`\n${printTable(results)}`)
  process.exit(results.every(({ problems }) => problems.length === 0) ? 0 : 1)
} catch (error) {
  say(`The cluster failed: ${(error as Error).stack}`)
  for (const [name, lines] of runtime.lastLines()) say(`\n${name}:\n${lines}`)
  process.exit(1)
}
