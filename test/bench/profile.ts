/** Where the server's time on the CPU goes: the samples of its profile, summed by package. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface ProfileNode {
  id: number
  callFrame: { functionName: string; url: string }
  children?: number[]
}

interface Profile {
  nodes: ProfileNode[]
  samples: number[]
  /** Microseconds between a sample and the one before it. */
  timeDeltas: number[]
  /** On the clock of `process.hrtime`, in microseconds. */
  startTime: number
}

export interface Share {
  name: string
  share: number
}

/** Returns the shares of the busy time between two times of `process.hrtime`, in microseconds; the largest are first. */
export function readShares(folder: string, begin: number, end: number): Share[] {
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  const profile: Profile = JSON.parse(readFileSync(join(folder, file ?? ''), 'utf8'))
  const names = namePackages(profile.nodes)
  const times = new Map<string, number>()
  let time = profile.startTime
  for (const [place, sample] of profile.samples.entries()) {
    const delta = profile.timeDeltas[place] ?? 0
    time += delta
    const name = names.get(sample)
    if (name && time >= begin && time <= end) times.set(name, (times.get(name) ?? 0) + delta)
  }
  const sum = [...times.values()].reduce((total, one) => total + one, 0)
  return [...times].map(([name, one]) => ({ name, share: one / sum })).sort((a, b) => b.share - a.share)
}

/** The package of each node. A built-in function, like those of arrays, counts for the package that calls it. */
function namePackages(nodes: ProfileNode[]): Map<number, string | null> {
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const names = new Map<number, string | null>()
  // A caller stands before what it calls.
  for (const { id, callFrame } of nodes) names.set(id, packageOf(callFrame, names.get(callers.get(id) ?? 0) ?? null))
  return names
}

/** The package or folder of a function; null where the process was idle. */
function packageOf({ functionName, url }: ProfileNode['callFrame'], caller: string | null): string | null {
  if (functionName === '(idle)' || functionName === '(root)') return null
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (functionName === '(program)') return 'native code'
  if (url === '' && /^write(v|Utf8String|Latin1String|Buffer)$/.test(functionName)) return 'writing to sockets'
  if (url.startsWith('node:')) return 'node internals'
  const [, dependency] = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(url) ?? []
  if (dependency) return dependency
  const [, folder] = /\/(src\/(?:entities\/)?[^/]+)/.exec(url) ?? []
  return folder ?? caller ?? 'built-in functions'
}
