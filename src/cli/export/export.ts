/** Writes everything of a kind that the caller may see, page by page. */
import { stringify } from 'csv-stringify/sync'
import { EXIT, exitCodeOf } from '../exit.ts'
import type { RoleItem } from '../import/plan.ts'
import { roleText } from '../import/table.ts'
import { say, sayErrors, sendBy } from '../run-command.ts'
import type { Send } from '../send.ts'
import type { TargetOptions } from '../target.ts'
import type { Terminal } from '../terminal.ts'
import { readTime, UsageError } from '../values.ts'
import { readEvents } from './audit.ts'
import { readGrants } from './grants.ts'
import { toStream, type Write, writeWhole } from './output.ts'
import { ExportRefusedError, type Json } from './rows.ts'
import { readUsers } from './users.ts'

/** The options of the command line. */
interface Export {
  what: string
  format: string
  at?: string
  before?: string
  file?: string
  target: TargetOptions
}

interface Source {
  read(send: Send, options: Export): AsyncIterable<Json[]>
  /** The columns of a table. */
  columns: string[]
}

const SOURCES: Record<string, Source> = {
  users: {
    read: (send) => readUsers(send),
    columns: ['username', 'displayName', 'email', 'kind', 'organization', 'isActive', 'roles', 'sshKeys'],
  },
  grants: {
    read: (send, { at }) => readGrants(send, at),
    columns: ['username', 'role', 'scope', 'organization', 'project', 'level', 'controller', 'model'].concat([
      'since',
      'expiresAt',
      'grantedByName',
    ]),
  },
  audit: {
    async *read(send, { before }) {
      for await (const { rows } of readEvents(send, before)) yield rows
    },
    columns: ['id', 'at', 'action', 'outcome', 'count', 'code', 'actorKind', 'actorId', 'actorName', 'apiKeyId'].concat(
      ['sessionId', 'address', 'requestId', 'targetType', 'targetId', 'targetName', 'organization', 'changes'],
    ),
  },
}

/** Returns the exit code. @throws UsageError */
export async function exportAll(terminal: Terminal, options: Export): Promise<number> {
  const { what, file, target } = options
  const source = Object.hasOwn(SOURCES, what) ? SOURCES[what] : undefined
  if (!source) throw new UsageError(`"${what}" can’t be exported, but ${Object.keys(SOURCES).join(', ')} can.`)
  const asked = { ...options, ...readTimes(options) }
  const format = formatOf(options.format, source.columns)
  return sendBy(terminal, target, async (send) => {
    const writeAll = (write: Write) => writeRows(write, source.read(send, asked), format)
    try {
      const count = await (file ? writeWhole(file, writeAll) : writeAll(toStream(terminal.stdout)))
      if (file) say(terminal, `${count} ${what === 'audit' ? 'events' : what} were written to ${file}.`)
      return EXIT.done
    } catch (error) {
      if (!(error instanceof ExportRefusedError)) throw error
      sayErrors(terminal, error.result)
      if (!file) say(terminal, 'What was written is not complete.')
      return exitCodeOf(error.field, { ...error.result, data: null })
    }
  })
}

/** @throws UsageError where a time is not one, or the list has none */
function readTimes({ what, at, before }: Export): { at?: string; before?: string } {
  if (at !== undefined && what !== 'grants')
    throw new UsageError('--at is for grants: other lists are as they are now.')
  if (before !== undefined && what !== 'audit') throw new UsageError('--before is for the audit.')
  return {
    ...(at !== undefined && { at: readTime('at', at) }),
    ...(before !== undefined && { before: readTime('before', before) }),
  }
}

/** Makes the text of a page; the first one of a table has its header before it. */
type Format = (rows: Json[], isFirst: boolean) => string

function formatOf(format: string, columns: string[]): Format {
  if (format === 'jsonl') return (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  if (format !== 'csv') throw new UsageError(`--format takes jsonl or csv, not "${format}".`)
  // A cell that a spreadsheet would take for a formula gets an apostrophe before it.
  return (rows, header) => stringify(rows.map(cellsOf), { columns, header, escape_formulas: true })
}

function cellsOf(row: Json): Json {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellOf(name, value)]))
}

function cellOf(name: string, value: unknown): unknown {
  if (name === 'roles') return (value as RoleItem[]).map(roleText).join('; ')
  if (name === 'sshKeys') return (value as string[]).join('\n')
  if (name === 'organization' && typeof value === 'object') return (value as Json | null)?.name
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

/** Returns the number of rows. */
async function writeRows(write: Write, pages: AsyncIterable<Json[]>, format: Format): Promise<number> {
  let count = 0
  let isFirst = true
  for await (const rows of pages) {
    await write(format(rows, isFirst))
    isFirst = false
    count += rows.length
  }
  if (isFirst) await write(format([], true))
  return count
}
