import { databaseError, isCommitUnknown, isOutage } from './db/errors.ts'

/**
 * Writes one line of JSON to standard error. The values in a database error are left out: they may be secrets. An outage of the
 * database fails every request, so it is written once a second for each cause, with the number of errors left out since.
 */
export function logError(thrown: unknown, requestId: string | null) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (isOutage(error)) return logOutage(error, requestId)
  if (isCommitUnknown(error)) return write({ requestId, name: error.name, cause: causeOf(error) })
  const database = databaseError(error)
  const what = database ? { name: error.name, ...database } : { name: error.name, message: error.message }
  const stack = error.stack
    ?.split('\n')
    .slice(1)
    .map((line) => line.trim())
  write({ requestId, ...what, stack })
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
  write({ requestId, name: 'DatabaseUnavailable', cause, leftOut: last?.leftOut ?? 0 })
}

/** The code of the first error, which is the database's or the network's; its message where it has none. */
function causeOf(error: Error): string {
  let first = error
  while (first.cause instanceof Error) first = first.cause
  return (first as { code?: string }).code ?? first.message
}

function write(line: object) {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level: 'error', ...line })}\n`)
}
