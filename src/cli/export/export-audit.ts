/** Writes the audit to a file, through the API like any other command. */
import { EXIT, exitCodeOf } from '../exit.ts'
import { say, sayErrors, sendBy } from '../run-command.ts'
import type { Result } from '../send.ts'
import type { TargetOptions } from '../target.ts'
import type { Terminal } from '../terminal.ts'
import { readTime } from '../values.ts'
import { type Events, readEvents } from './audit.ts'
import { refuseExisting, type Write, writeWhole } from './output.ts'
import { ExportRefusedError } from './rows.ts'

/** What is exported, and where it comes from. */
interface Export {
  file: string
  /** Only events before this time; where it is omitted, all. */
  before?: string
  target: TargetOptions
}

const PROGRESS_EVERY = 10_000

/**
 * Writes all events as lines of JSON, the oldest first. The file is there only when it is complete, and only the user of this
 * process can read it. Returns the exit code. @throws UsageError
 */
export async function exportAudit(terminal: Terminal, { file, before, target }: Export): Promise<number> {
  const time = before === undefined ? undefined : readTime('before', before)
  refuseExisting(file)
  return sendBy(terminal, target, async (send) => {
    const pages = readEvents(send, time)
    try {
      const { value: first } = await pages.next()
      if (first?.first && !readsWhole(first.first)) say(terminal, NOT_WHOLE)
      const count = await writeWhole(file, (write) => writeEvents(terminal, write, first, pages))
      terminal.stdout.write(`${count} events were written to ${file}.\n`)
      return EXIT.done
    } catch (error) {
      if (!(error instanceof ExportRefusedError)) throw error
      sayErrors(terminal, error.result)
      return exitCodeOf(error.field, { ...error.result, data: null })
    }
  })
}

/** Writes the first page and those after it. Returns the number of events. */
async function writeEvents(
  terminal: Terminal,
  write: Write,
  first: Events | undefined,
  others: AsyncIterable<Events>,
): Promise<number> {
  let count = 0
  const writePage = async ({ rows, total }: Events) => {
    await write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    count += rows.length
    if (count % PROGRESS_EVERY === 0 && count > 0 && count < total)
      say(terminal, `${count} of ${total} events are written.`)
  }
  if (first) await writePage(first)
  for await (const page of others) await writePage(page)
  return count
}

const NOT_WHOLE = 'This key may read the audit of some organizations only: the file does not hold the other events.'

/** Whether the caller may read every event. The operator is no viewer, and may. */
function readsWhole({ data }: Result): boolean {
  const viewer = data?.viewer as { permissions: { name: string; scope: string }[] } | null | undefined
  if (!viewer) return true
  return viewer.permissions.some(({ name, scope }) => name === 'audit.read' && scope === 'EVERYWHERE')
}
