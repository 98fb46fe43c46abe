/** What processes have used so far, as Linux counts it in /proc. */
import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the kernel does by itself. */
const MICROSECONDS_PER_TICK = 10_000

interface Stat {
  parent: number
  /** Of the process itself. */
  ticks: number
  /** Of the processes that it started and that have ended. */
  endedTicks: number
}

/** Returns the time on the CPU of a process with all its threads, in microseconds; null where there is no /proc. */
export function cpuOf(pid: number | null): number | null {
  const stat = pid === null ? null : readStat(pid)
  return stat && stat.ticks * MICROSECONDS_PER_TICK
}

/** The same of a process and of all that it started, ended ones included. */
export function cpuOfFamily(pid: number | null): number | null {
  const first = pid === null ? null : readStat(pid)
  if (first === null) return null
  const children = allStats().filter((stat) => stat.parent === pid)
  const ticks = [first, ...children].reduce((sum, stat) => sum + stat.ticks, first.endedTicks)
  return ticks * MICROSECONDS_PER_TICK
}

/** Returns the resident memory of a process, in MB; null where there is no /proc. */
export function memoryOf(pid: number): number | null {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`${pid}/status`) ?? '') ?? []
  return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024)
}

function allStats(): Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? [])
}

function readStat(pid: number): Stat | null {
  const text = readProc(`${pid}/stat`)
  if (text === null) return null
  // The second field is the name of the program in parentheses, which may contain spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const at = (field: number) => Number(fields[field - 3])
  return { parent: at(4), ticks: at(14) + at(15), endedTicks: at(16) + at(17) }
}

function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return null
  }
}
