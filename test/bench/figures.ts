/** The figures of a result, over its rounds. */
import type { Result, Turn } from './rounds.ts'

export interface Figures {
  name: string
  limitPerSecond: number
  serverPerSecond: number
  /** The speed of the server as a part of that of the limit in the same round: the median, the least, the most. */
  ratio: number
  lowest: number
  highest: number
  p50: number
  p99: number
  /** Microseconds on the CPU per request: of the program, and of PostgreSQL; null where they are unknown. */
  limitCpu: [number | null, number | null]
  serverCpu: [number | null, number | null]
  serverMemory: number | null
}

export function figuresOf({ workload, caller, rounds, serverMemory }: Result): Figures {
  const ratios = rounds.map(({ limit, server }) => server.perSecond / limit.perSecond)
  const [limits, servers] = [rounds.map(({ limit }) => limit), rounds.map(({ server }) => server)]
  return {
    name: `${workload.name} ${workload.title}, as ${caller}`,
    limitPerSecond: median(limits.map(({ perSecond }) => perSecond)),
    serverPerSecond: median(servers.map(({ perSecond }) => perSecond)),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    p50: median(servers.map(({ p50 }) => p50)),
    p99: median(servers.map(({ p99 }) => p99)),
    limitCpu: cpuOf(limits),
    serverCpu: cpuOf(servers),
    serverMemory,
  }
}

function cpuOf(turns: Turn[]): [number | null, number | null] {
  return [
    medianIfAll(turns.map(({ ownMicroseconds }) => ownMicroseconds)),
    medianIfAll(turns.map(({ databaseMicroseconds }) => databaseMicroseconds)),
  ]
}

function medianIfAll(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === values.length ? median(known) : null
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}
