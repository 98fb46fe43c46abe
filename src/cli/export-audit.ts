/** Writes the audit to a file, through the API like any other command. */
import { existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { EXIT, exitCodeOf } from './exit.ts'
import { say, sayErrors, sendBy } from './run-command.ts'
import type { Result, Send } from './send.ts'
import type { TargetOptions } from './target.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './values.ts'

/** What is exported, and where it comes from. */
interface Export {
  file: string
  /** Only events before this time; where it is omitted, all. */
  before?: string
  target: TargetOptions
}

interface Page {
  totalCount?: number
  nodes: unknown[]
  pageInfo: { hasPreviousPage: boolean; startCursor: string | null }
}

const FIELD = 'auditEvents'
const PAGE = 100
const PROGRESS_EVERY = 10_000

/** The list has the newest event first, so its last page is where the oldest ones are. */
const documentOf = (isFirst: boolean) => `query ($before: String, $filter: AuditEventFilter) {
  ${FIELD}(last: ${PAGE}, before: $before, filter: $filter) { ${isFirst ? 'totalCount ' : ''}
    nodes { id at action outcome count code actorKind actorId actorName apiKeyId sessionId address requestId
      targetType targetId targetName organization { id name } changes { field before after } }
    pageInfo { hasPreviousPage startCursor } }
  ${isFirst ? 'viewer { permissions { name scope } }' : ''} }`

/**
 * Writes all events as lines of JSON, the oldest first. The file is there only when it is complete, and only the user of this
 * process can read it. Returns the exit code. @throws UsageError
 */
export async function exportAudit(terminal: Terminal, { file, before, target }: Export): Promise<number> {
  const filter = before === undefined ? {} : { at: { to: readTime(before) } }
  if (existsSync(file)) throw existing(file)
  return sendBy(terminal, target, (send) => writeAll(terminal, send, file, filter))
}

function existing(file: string): UsageError {
  return new UsageError(
    `The file "${file}" exists: choose another name, because its events may not be in the audit any more.`,
  )
}

function readTime(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(time)
  if (isTime && !Number.isNaN(Date.parse(time))) return time
  throw new UsageError(`--before takes a time like 2026-01-31 or 2026-01-31T12:00:00Z, not "${text}".`)
}

async function writeAll(terminal: Terminal, send: Send, file: string, filter: object): Promise<number> {
  const first = await readPage(send, filter, null)
  if (!first.page) return fail(terminal, first.result)
  if (!readsWhole(first.result)) say(terminal, NOT_WHOLE)
  const part = `${file}.${process.pid}.part`
  const handle = await open(part, 'wx', 0o600).catch((error) => refuseFile(file, error))
  let isDone = false
  try {
    const { count, failed } = await writePages(terminal, send, handle, { page: first.page, filter, file })
    if (failed) return fail(terminal, failed)
    await handle.sync()
    if (existsSync(file)) throw existing(file)
    await rename(part, file)
    isDone = true
    terminal.stdout.write(`${count} events were written to ${file}.\n`)
    return EXIT.done
  } finally {
    await handle.close()
    if (!isDone) await rm(part, { force: true })
  }
}

interface Begun {
  page: Page
  filter: object
  file: string
}

/** Writes the first page and those after it. Where a page is refused, `failed` is its answer. */
async function writePages(terminal: Terminal, send: Send, handle: FileHandle, { page, filter, file }: Begun) {
  const total = page.totalCount ?? 0
  let current = page
  let count = 0
  while (true) {
    const lines = current.nodes.toReversed().map((node) => `${JSON.stringify(node)}\n`)
    await handle.writeFile(lines.join('')).catch((error) => refuseFile(file, error))
    count += lines.length
    if (count % PROGRESS_EVERY === 0 && count > 0 && count < total)
      say(terminal, `${count} of ${total} events are written.`)
    const { hasPreviousPage, startCursor } = current.pageInfo
    if (!hasPreviousPage || startCursor === null) return { count, failed: null }
    const next = await readPage(send, filter, startCursor)
    if (!next.page) return { count, failed: next.result }
    current = next.page
  }
}

async function readPage(send: Send, filter: object, before: string | null) {
  const result = await send(documentOf(before === null), { filter, before })
  // A page with an error would be a file with holes.
  const page = result.errors ? null : ((result.data?.[FIELD] ?? null) as Page | null)
  return { result, page }
}

function fail(terminal: Terminal, result: Result): number {
  sayErrors(terminal, result)
  return exitCodeOf(FIELD, { ...result, data: null })
}

const NOT_WHOLE = 'This key may read the audit of some organizations only: the file does not hold the other events.'

/** Whether the caller may read every event. The operator is no viewer, and may. */
function readsWhole({ data }: Result): boolean {
  const viewer = data?.viewer as { permissions: { name: string; scope: string }[] } | null | undefined
  if (!viewer) return true
  return viewer.permissions.some(({ name, scope }) => name === 'audit.read' && scope === 'EVERYWHERE')
}

function refuseFile(file: string, error: unknown): never {
  throw new UsageError(`The file "${file}" can’t be written (${(error as NodeJS.ErrnoException).code}).`)
}
