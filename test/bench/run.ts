/** One run of the benchmark. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '../read/random.ts'
import { compareChanges } from './changes.ts'
import { drawChart } from './chart.ts'
import { BenchError } from './cleanup.ts'
import { compareAnswers, signIn } from './compare.ts'
import { explain, explanationText } from './explain.ts'
import { type Figures, figuresOf } from './figures.ts'
import { fillDatabase } from './fill.ts'
import { describeCommit, describeMachine } from './machine.ts'
import type { Options } from './options.ts'
import { hasPeers, installPeers, startPeers } from './peers.ts'
import { openPostgres, type Postgres } from './postgres.ts'
import { ROOT_FOLDER, startLimit, startServer } from './programs.ts'
import { resultsPage, terminalHead, terminalLine } from './report.ts'
import { runRounds, type Setting } from './rounds.ts'
import { CALLERS, type Load, WORKLOADS } from './workloads.ts'

/** How many answers are compared before the load of each workload and caller. */
const SAMPLES = 10

const say = (text: string) => process.stdout.write(text)

/** @throws BenchError */
export async function run(options: Options) {
  const { users, callers, seed } = options
  const chosen = options.workloads.flatMap((workload) =>
    workload.callers.filter((caller) => options.as.includes(caller)).map((caller) => ({ workload, caller })),
  )
  if (chosen.length === 0) throw new BenchError('None of the workloads of --only has a caller of --as.')
  if (options.peers) await preparePeers(chosen)
  const postgres = await openPostgres(options.databaseUrl, options.profile)
  say(`${postgres.description}; ${users.toLocaleString('en-US')} users\n`)
  const started = performance.now()
  const world = await fillDatabase(postgres.url, users)
  say(`The database is filled after ${((performance.now() - started) / 1000).toFixed(1)} s.\n\n`)
  const load: Load = { world, random: createRandom(seed), callers, tokens: [], changes: 0 }
  const settings = chosen.map((one): Setting => ({ postgres, load, ...one }))
  if (options.profile) await explainAll(settings, options)
  else await measureAll(settings, options, postgres)
}

async function preparePeers(chosen: Pick<Setting, 'workload' | 'caller'>[]) {
  if (!chosen.some(({ workload, caller }) => hasPeers(workload, caller))) {
    throw new BenchError('--peers measures W1 to W5 as root, and none of them is among --only and --as.')
  }
  await installPeers()
}

async function explainAll(settings: Setting[], { seconds }: Options) {
  for (const setting of settings) say(explanationText(setting, await explain(setting, seconds)))
}

async function measureAll(settings: Setting[], options: Options, postgres: Postgres) {
  const server = await startServer(postgres.url)
  const limit = await startLimit(postgres.url)
  const allPeers = options.peers ? await startPeers(postgres.url) : []
  const figures: Figures[] = []
  say(terminalHead(options.peers))
  for (const setting of settings) {
    const { workload, caller, load } = setting
    const peers = hasPeers(workload, caller) ? allPeers : []
    if (workload.usesTokens) load.tokens = await signIn(server, load.world.password)
    await compareAnswers([limit, server], setting, SAMPLES)
    if (workload.isChange) await compareChanges(postgres.url)
    // The rows of a peer's changes differ, because they name no caller.
    for (const peer of peers) await compareAnswers([server, peer], setting, SAMPLES)
    const result = figuresOf(await runRounds({ limit, server, peers }, setting, options))
    figures.push(result)
    say(terminalLine(result, options.peers))
  }
  writeResults(figures, options, postgres)
}

/** Writes the page and the chart, where everything was measured: a part must not replace the whole. */
function writeResults(figures: Figures[], { workloads, as, rounds, seconds, users }: Options, postgres: Postgres) {
  if (workloads.length < WORKLOADS.length || as.length < CALLERS.length) {
    say('\nNot all workloads were measured: no results are written.\n')
    return
  }
  const date = new Date().toISOString().slice(0, 10)
  const page = resultsPage(figures, {
    command: commandLine(),
    date,
    commit: describeCommit(),
    machine: describeMachine(),
    node: process.versions.node,
    postgres: postgres.description,
    seconds,
    rounds,
  })
  const subtitle = `${users.toLocaleString('en-US')} users, ${date}`
  writeFileSync(join(ROOT_FOLDER, 'test/bench/results.md'), page)
  writeFileSync(join(ROOT_FOLDER, 'docs/bench.svg'), drawChart(figures, subtitle))
  say('\nWritten: test/bench/results.md, docs/bench.svg\n')
}

/** The address of a database may hold a password. */
function commandLine(): string {
  const options = process.argv.slice(2).map((option) => option.replace(/postgres(ql)?:.*/, '…'))
  return ['npm run bench', ...(options.length > 0 ? ['--', ...options] : [])].join(' ')
}
