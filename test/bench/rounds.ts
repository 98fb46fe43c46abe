/** The rounds of one workload as one caller: all programs by turns, so that they meet the same machine. */

import { countChanges } from './changes.ts'
import { BenchError } from './cleanup.ts'
import { type Measured, sendLoad } from './load.ts'
import type { Postgres } from './postgres.ts'
import type { Program } from './programs.ts'
import { cpuOf, cpuOfFamily, memoryOf } from './usage.ts'
import type { Caller, Load, Workload } from './workloads.ts'

/** What one program needed in one round. Microseconds are per request, null where they are unknown. */
export interface Turn extends Measured {
  ownMicroseconds: number | null
  databaseMicroseconds: number | null
}

export interface Result {
  workload: Workload
  caller: Caller
  /** The turns of each program, one a round. */
  limit: Turn[]
  server: Turn[]
  peers: { name: string; turns: Turn[] }[]
  /** The resident memory of the server after the rounds, in MB. */
  serverMemory: number | null
}

/** Where the load is sent, and by which caller. */
export interface Setting {
  postgres: Postgres
  load: Load
  workload: Workload
  caller: Caller
}

/** Long enough that the programs are compiled by then. */
const WARM_UP_SECONDS = 3

export async function runRounds(
  { limit, server, peers }: { limit: Program; server: Program; peers: Program[] },
  setting: Setting,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Result> {
  const measured = [limit, server, ...peers].map((program) => ({ program, turns: [] as Turn[] }))
  for (const { program } of measured) await runTurn(program, setting, WARM_UP_SECONDS)
  for (let round = 0; round < rounds; round++) {
    for (const { program, turns } of measured) turns.push(await runTurn(program, setting, seconds))
  }
  const turnsOf = (program: Program) => measured.find((one) => one.program === program)?.turns ?? []
  return {
    workload: setting.workload,
    caller: setting.caller,
    limit: turnsOf(limit),
    server: turnsOf(server),
    peers: peers.map((peer) => ({ name: peer.name, turns: turnsOf(peer) })),
    serverMemory: memoryOf(server.child.pid),
  }
}

/** One program under load. @throws BenchError where an answer is not good, or a change was lost */
export async function runTurn(program: Program, setting: Setting, seconds: number): Promise<Turn> {
  const { postgres, load, workload, caller } = setting
  const before = workload.isChange ? await countChanges(postgres.url) : null
  const usage = () => [cpuOf(program.child.pid), cpuOfFamily(postgres.pid)] as const
  const [ownBefore, databaseBefore] = usage()
  const target = {
    name: `${workload.name} as ${caller}: ${program.name}`,
    url: program.urlOf(workload),
    next: () => program.requestOf(workload, workload.next(load, caller)),
  }
  const measured = await sendLoad(target, seconds, isGood(program.own?.expected(workload) ?? workload.expected))
  const [own, database] = usage()
  if (before !== null) refuseLost(target.name, await countChanges(postgres.url), before, measured.answered)
  return {
    ...measured,
    ownMicroseconds: perRequest(ownBefore, own, measured),
    databaseMicroseconds: perRequest(databaseBefore, database, measured),
  }
}

/** Whether the body is an answer, as text: to parse each one would take much of the CPU. PostgreSQL writes spaces at colons. */
function isGood(expected: string): (body: string) => boolean {
  const pattern = new RegExp(expected.replaceAll(':', ' ?: ?').replace(/[[{]/g, '\\$&'))
  return (body) => pattern.test(body) && !body.includes('"errors"')
}

function perRequest(before: number | null, after: number | null, { answered }: Measured): number | null {
  return before === null || after === null ? null : (after - before) / Math.max(1, answered)
}

type Changes = Awaited<ReturnType<typeof countChanges>>

function refuseLost(name: string, after: Changes, before: Changes, answered: number) {
  const [grants, audits] = [after.grants - before.grants, after.audits - before.audits]
  if (grants === answered && audits === answered) return
  throw new BenchError(
    `${name} acknowledged ${answered} grants; the database has ${grants} more grants and ${audits} more audit rows.`,
  )
}
