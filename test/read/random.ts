/** A small seeded generator of random numbers (mulberry32), so that a failure comes again from its seed. */
export interface Random {
  /** A whole number from 0 up to, not including, `below`. */
  int(below: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  /** Some of them, in random order. */
  some<T>(from: readonly T[], atLeast: number, atMost: number): T[]
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function next() {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const int = (below: number) => Math.floor(next() * below)
  function pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error('Nothing to pick from.')
    return from[int(from.length)] as T
  }
  function some<T>(from: readonly T[], atLeast: number, atMost: number) {
    const left = [...from]
    const count = Math.min(left.length, atLeast + int(atMost - atLeast + 1))
    return Array.from({ length: count }, () => left.splice(int(left.length), 1)[0] as T)
  }
  return { int, chance: (probability) => next() < probability, pick, some }
}
