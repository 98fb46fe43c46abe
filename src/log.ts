import { databaseError } from './db/errors.ts'

/** Writes one line of JSON to standard error. The values in a database error are left out: they may be secrets. */
export function logError(thrown: unknown, requestId: string | null) {
  const database = databaseError(thrown)
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const what = database ? { name: error.name, ...database } : { name: error.name, message: error.message }
  const stack = error.stack
    ?.split('\n')
    .slice(1)
    .map((line) => line.trim())
  process.stderr.write(
    `${JSON.stringify({ at: new Date().toISOString(), level: 'error', requestId, ...what, stack })}\n`,
  )
}
