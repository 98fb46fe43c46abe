/** The figures of a result, over its rounds. */
import type { Result, Turn } from './rounds.ts'

/** The speed of one program as a part of that of another in the same round: the median, the least, the most. */
interface Ratio {
  ratio: number
  lowest: number
  highest: number
}

/** The ratio is that of the server to the limit. */
export interface Figures extends Ratio {
  name: string
  limitPerSecond: number
  serverPerSecond: number
  p50: number
  p99: number
  /** Microseconds on the CPU per request: of the program, and of PostgreSQL; null where they are unknown. */
  limitCpu: [number | null, number | null]
  serverCpu: [number | null, number | null]
  serverMemory: number | null
  /** Those that were measured too. */
  peers: PeerFigures[]
}

/** The ratio is that of the server to the peer. */
interface PeerFigures extends Ratio {
  name: string
  perSecond: number
  /** The median of the ratios of the peer to the limit. */
  ratioToLimit: number
  cpu: [number | null, number | null]
}

export function figuresOf({ workload, caller, limit, server, peers, serverMemory }: Result): Figures {
  return {
    name: `${workload.name} ${workload.title}, as ${caller}`,
    limitPerSecond: speedOf(limit),
    serverPerSecond: speedOf(server),
    ...ratioOf(server, limit),
    p50: median(server.map(({ p50 }) => p50)),
    p99: median(server.map(({ p99 }) => p99)),
    limitCpu: cpuOf(limit),
    serverCpu: cpuOf(server),
    serverMemory,
    peers: peers.map(({ name, turns }) => ({
      name,
      perSecond: speedOf(turns),
      ...ratioOf(server, turns),
      ratioToLimit: ratioOf(turns, limit).ratio,
      cpu: cpuOf(turns),
    })),
  }
}

const speedOf = (turns: Turn[]) => median(turns.map(({ perSecond }) => perSecond))

function ratioOf(turns: Turn[], others: Turn[]): Ratio {
  const ratios = turns.map(({ perSecond }, round) => perSecond / (others[round]?.perSecond ?? 0))
  return { ratio: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) }
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
