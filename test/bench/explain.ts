/** `--profile`: the server alone, started again for each workload, with a profile of its CPU and the counts of its statements. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { undoLater } from './cleanup.ts'
import { signIn } from './compare.ts'
import { readShares, type Share } from './profile.ts'
import { startServer } from './programs.ts'
import { runTurn, type Setting, type Turn } from './rounds.ts'
import { beginCounting, readCounts, type StatementCount } from './statistics.ts'

interface Explained {
  turn: Turn
  shares: Share[]
  /** Null where PostgreSQL does not count. */
  statements: StatementCount[] | null
}

const WARM_UP_SECONDS = 2
const clock = () => Number(process.hrtime.bigint() / 1000n)

export async function explain(setting: Setting, seconds: number): Promise<Explained> {
  const { postgres, load, workload } = setting
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-bench-profile-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  undoLater(remove)
  const server = await startServer(postgres.url, ['--cpu-prof', `--cpu-prof-dir=${folder}`])
  if (workload.usesTokens) load.tokens = await signIn(server, load.world.password)
  await runTurn(server, setting, WARM_UP_SECONDS)
  const isCounted = await beginCounting(postgres.url)
  const begin = clock()
  const turn = await runTurn(server, setting, seconds)
  const end = clock()
  const statements = isCounted ? await readCounts(postgres.url) : null
  await server.child.stop()
  const shares = readShares(folder, begin, end)
  remove()
  return { turn, shares, statements }
}

const SMALLEST_SHARE = 0.005

/** The explanation as text for the terminal. */
export function explanationText({ workload, caller }: Setting, { turn, shares, statements }: Explained): string {
  const { perSecond, ownMicroseconds, databaseMicroseconds } = turn
  const cpu = [ownMicroseconds, databaseMicroseconds].map((value) => (value === null ? '–' : Math.round(value)))
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`.padStart(8)
  const lines = [
    `${workload.name} ${workload.title}, as ${caller}: ${Math.round(perSecond)} requests/s, CPU µs per request: server ${cpu[0]}, PostgreSQL ${cpu[1]}`,
    ...shares.filter(({ share }) => share >= SMALLEST_SHARE).map(({ name, share }) => `${percent(share)}  ${name}`),
    ...statementLines(statements),
  ]
  return `${lines.join('\n')}\n\n`
}

function statementLines(statements: StatementCount[] | null): string[] {
  if (statements === null) return ['  This PostgreSQL has no pg_stat_statements: its plans are not counted.']
  const width = 90
  return [
    '     calls    plans   plan ms    run ms  statement',
    ...statements.map(({ calls, plans, planMilliseconds, runMilliseconds, text }) => {
      const numbers = [
        String(calls).padStart(10),
        String(plans).padStart(9),
        planMilliseconds.toFixed(3).padStart(10),
        runMilliseconds.toFixed(3).padStart(10),
      ]
      return `${numbers.join('')}  ${text.slice(0, width)}`
    }),
  ]
}
