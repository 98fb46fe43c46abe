/** Imports what another system has, through the API like any other command. */
import { writeFile } from 'node:fs/promises'
import { printable } from '../cells.ts'
import { EXIT, exitCodeOf } from '../exit.ts'
import { sayErrors, sendBy } from '../run-command.ts'
import type { TargetOptions } from '../target.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../values.ts'
import { readJson, readText } from './files.ts'
import type { MapOptions, Plan } from './plan.ts'
import { ImportStoppedError, type Outcome, problemsOf, type Sent, sendPlan } from './send-plan.ts'

/** The options of the command line. */
interface Import {
  files: string[]
  from: string
  organization?: string
  role?: string[]
  dryRun?: boolean
  report?: string
  target: TargetOptions
}

type MapFiles = (files: { file: string; text: string }[], options: MapOptions) => Plan | Promise<Plan>

const ofJson =
  (map: (files: { file: string; value: unknown }[], options: MapOptions) => Plan): MapFiles =>
  (files, options) =>
    map(
      files.map(({ file, text }) => ({ file, value: readJson(file, text) })),
      options,
    )

/** The systems that can be imported from. What reads them is loaded only where it is asked for. */
const SYSTEMS: Record<string, () => Promise<MapFiles>> = {
  listthedocs: async () => ofJson((await import('./listthedocs.ts')).mapListTheDocs),
  'docs-host': async () => ofJson((await import('./docs-host.ts')).mapDocsHost),
  atscale: async () => ofJson((await import('./atscale.ts')).mapAtScale),
  'user-api': async () => ofJson((await import('./user-api.ts')).mapUserApi),
  csv: async () => (await import('./table.ts')).mapTable,
  chatelaine: async () => (await import('./chatelaine.ts')).mapChatelaine,
}

/** Returns the exit code: 1 where something failed. @throws UsageError where a file can't be read as what it is to be */
export async function importFiles(terminal: Terminal, options: Import): Promise<number> {
  const { files, from, organization, role = [] } = options
  const load = Object.hasOwn(SYSTEMS, from) ? SYSTEMS[from] : undefined
  if (!load) throw new UsageError(`--from takes ${Object.keys(SYSTEMS).join(', ')}, not "${from}".`)
  const texts = []
  for (const file of files) texts.push({ file, text: await readText(terminal, file) })
  const plan = await (await load())(texts, { organization, roles: readRoles(role) })
  return sendBy(terminal, options.target, async (send) => {
    const outcomes: Outcome[] = []
    const dryRun = options.dryRun ?? false
    const note = (outcome: Outcome) => outcomes.push(outcome)
    try {
      const sent = await sendPlan(plan, { terminal, send, dryRun, note })
      await report(terminal, plan, outcomes, options, sent)
      return outcomes.some(({ status }) => status === 'failed') ? EXIT.failed : EXIT.done
    } catch (error) {
      if (outcomes.length > 0 || error instanceof ImportStoppedError)
        await report(terminal, plan, outcomes, options, null)
      if (!(error instanceof ImportStoppedError)) throw error
      sayErrors(terminal, error.result)
      return exitCodeOf('importUsers', { ...error.result, data: null })
    }
  })
}

/** Reads `Version Managers=VERSION_MANAGER`. */
function readRoles(given: string[]): Map<string, string> {
  return new Map(
    given.map((text) => {
      const equals = text.lastIndexOf('=')
      if (equals < 1) throw new UsageError(`--role takes GROUP=ROLE, not "${text}".`)
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}

/** Says what was done, or the plan of a dry run, and what was not taken and why. @param sent null where the import was stopped */
async function report(
  { stdout }: Terminal,
  plan: Plan,
  outcomes: Outcome[],
  { dryRun, report: file }: Import,
  sent: Sent | null,
) {
  if (dryRun) {
    const planned = outcomes.filter(({ status }) => status === 'created' || status === 'updated')
    for (const { name, status } of planned) stdout.write(`${status === 'created' ? '+' : '~'} ${printable(name)}\n`)
  }
  const problems = problemsOf(plan, outcomes).map(({ name, why }) => `${printable(`${name}: ${why}`)}\n`)
  if (file === undefined) for (const line of problems) stdout.write(`not taken: ${line}`)
  else await writeFile(file, problems.join(''))
  const counts = ['created', 'updated', 'unchanged', 'failed'].map((status) => {
    return `${outcomes.filter((outcome) => outcome.status === status).length} ${status}`
  })
  stdout.write(`${counts.join(', ')}${file && problems.length > 0 ? `; what was not taken is in ${file}` : ''}\n`)
  if (dryRun && sent) stdout.write(`Users would gain ${sent.gained} permissions and levels. Nothing was saved.\n`)
  if (!sent) stdout.write('The import was stopped. Repeat it: what is there stays as it is.\n')
}
