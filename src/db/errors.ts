/** The parts of a database error that are safe to use; its message and detail contain values. */
export interface DatabaseError {
  code: string
  constraint: string | null
  table: string | null
}

/** Finds the database error in the causes of a thrown error; null where there is none. */
export function databaseError(thrown: unknown): DatabaseError | null {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code, constraint_name, table_name } = error as {
      code?: unknown
      constraint_name?: string
      table_name?: string
    }
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
      return { code, constraint: constraint_name ?? null, table: table_name ?? null }
    }
  }
  return null
}

/** Whether the transaction may be retried: two transactions waited for each other or could not be serialized, and this one was canceled. */
export function isRetryable(thrown: unknown): boolean {
  const code = databaseError(thrown)?.code
  return code === '40P01' || code === '40001'
}

/** Whether the connection ended before the database answered: the current statement may or may not have been executed. */
export function isConnectionLost(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code } = error as { code?: unknown }
    if (typeof code === 'string' && /^(CONNECTION_|ECONN|EPIPE|57P0)/.test(code)) return true
  }
  return false
}
