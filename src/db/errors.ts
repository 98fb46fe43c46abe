/** The parts of a database error that are safe to look at; its message and detail hold values. */
export interface DatabaseError {
  code: string
  constraint: string | null
  table: string | null
}

/** Finds the database's error behind a thrown one; null where it is none. */
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

/** Two transactions waited for each other, or could not be put in an order: the loser may try again. */
export function isRetryable(thrown: unknown): boolean {
  const code = databaseError(thrown)?.code
  return code === '40P01' || code === '40001'
}

/** The connection ended before the database answered: what was under way may have happened or not. */
export function isConnectionLost(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code } = error as { code?: unknown }
    if (typeof code === 'string' && /^(CONNECTION_|ECONN|EPIPE|57P0)/.test(code)) return true
  }
  return false
}
