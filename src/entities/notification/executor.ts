/** Runs the SQL of pg-boss, and finds the error behind what pg-boss reports. */
import { type Database, runStatement } from '../../db/database.ts'

/**
 * Creates the executor for the SQL of pg-boss. SQL that contains BEGIN and COMMIT runs in a transaction that always
 * ends, even after an error.
 */
export function createExecutor(database: Database) {
  return {
    async executeSql(text: string, values: unknown[] = []) {
      const [, statements] = /^\s*BEGIN;([\s\S]*)COMMIT;\s*$/.exec(text) ?? []
      const running = statements
        ? database.transaction((tx) => runStatement(tx, statements, values, false))
        : runStatement(database.db, text, values, false)
      return { rows: await running.catch(keepOrigin) }
    },
  }
}

/** pg-boss reports some errors as a copy of what can be enumerated of them, which is this. */
const ORIGIN = Symbol('origin')

function keepOrigin(error: unknown): never {
  throw error instanceof Error ? Object.assign(error, { [ORIGIN]: error }) : error
}

/** Returns the error itself, of which pg-boss may report a copy: what kind it is decides how it is logged. */
export function originOf(reported: object): Error {
  if (reported instanceof Error) return reported
  const { [ORIGIN]: origin, message, stack } = reported as { [ORIGIN]?: Error; message?: string; stack?: string }
  return origin ?? Object.assign(new Error(message), { stack })
}
