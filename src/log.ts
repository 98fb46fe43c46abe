import pino from 'pino'
import { databaseError, isCommitUnknown, isOutage } from './db/errors.ts'
import type { LogLevel } from './operation-settings.ts'

/** Lines that were not written yet: a line for each request, written by itself, would cost more than the request. */
let lines = ''
let timer: NodeJS.Timeout | undefined

const WRITTEN_AFTER_MS = 50
const MOST_CHARACTERS = 16_384

function writeLines() {
  clearTimeout(timer)
  timer = undefined
  if (lines !== '') process.stderr.write(lines)
  lines = ''
}

function addLine(line: string) {
  lines += line
  if (lines.length > MOST_CHARACTERS || log.level === 'error') return writeLines()
  timer ??= setTimeout(writeLines, WRITTEN_AFTER_MS).unref()
}

process.on('exit', writeLines)

/** Writes lines of JSON to standard error. */
export const log = pino(
  {
    level: 'error',
    base: null,
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ level }) },
  },
  { write: addLine },
)

/** Sets the level; before, only errors are written. */
export function setLogLevel(level: LogLevel) {
  log.level = level
}

/**
 * Logs an error. The values in a database error are left out: they may be secrets. An outage of the database fails every
 * request, so it is written once a second for each cause, with the number of errors left out since.
 */
export function logError(thrown: unknown, requestId: string | null) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (isOutage(error)) return logOutage(error, requestId)
  if (isCommitUnknown(error)) return log.error({ requestId, name: error.name, cause: causeOf(error) })
  const database = databaseError(error)
  const what = database ? { name: error.name, ...database } : { name: error.name, message: error.message }
  const stack = error.stack
    ?.split('\n')
    .slice(1)
    .map((line) => line.trim())
  log.error({ requestId, ...what, stack })
}

const OUTAGE_EVERY_MS = 1000
/** The causes that were written, when, and how many times they were left out since. */
const outages = new Map<string, { at: number; leftOut: number }>()

function logOutage(error: Error, requestId: string | null) {
  const cause = causeOf(error)
  const last = outages.get(cause)
  if (last && Date.now() - last.at < OUTAGE_EVERY_MS) {
    last.leftOut += 1
    return
  }
  outages.set(cause, { at: Date.now(), leftOut: 0 })
  log.error({ requestId, name: 'DatabaseUnavailable', cause, leftOut: last?.leftOut ?? 0 })
}

/** The code of the first error, which is the database's or the network's; its message where it has none. */
function causeOf(error: Error): string {
  let first = error
  while (first.cause instanceof Error) first = first.cause
  return (first as { code?: string }).code ?? first.message
}
