/** What became of the requests of a load, and which of them failed in a way that no client should meet. */
import type { Answered } from '../outage/load.ts'
import type { Cluster } from './cluster.ts'
import { countEach } from './result.ts'

/** The answers by their status and code. */
export function describeAnswers(answers: Answered[]): string {
  return countEach(answers.map(describeAnswer))
}

export function describeAnswer({ status, code }: Answered): string {
  return code === null ? `${status}` : `${status} ${code}`
}

/** When each organization was committed, in milliseconds since 1970, as the primary knows it. */
export async function readCommits(cluster: Cluster): Promise<Map<string, number>> {
  const rows = await cluster.query(
    'select name, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as at from organizations',
  )
  return new Map(rows.map(({ name, at }) => [String(name), Number(at)]))
}

/** The changes that were acknowledged and are not there. */
export function lostOf(answers: Answered[], commits: Map<string, number>): Answered[] {
  return answers.filter(({ name, code }) => name !== null && code === null && !commits.has(name))
}

/** The longest time between two acknowledged changes, in milliseconds. */
export function longestGap(answers: Answered[]): number {
  const times = answers.filter(({ name, code }) => name !== null && code === null).map(({ at }) => at)
  times.sort((a, b) => a - b)
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)))
}
