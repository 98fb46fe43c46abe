/** Counts what is sent to the database. */
import type { Database } from '../../src/db/database.ts'

/** The texts sent since the last `clear`; the end of a transaction stands as `commit` or `rollback`. */
export interface Statements {
  texts: string[]
  clear(): void
}

/** From now on notes every statement of the database, inside transactions and outside. */
export function recordStatements(database: Database): Statements {
  const texts: string[] = []
  database.observe(({ text }) => {
    // Uses and visits are written once in a while, and nobody waits for it.
    if (/last_(used|seen)_at = statement_timestamp\(\)/.test(text)) return
    texts.push(text.endsWith('; commit') ? 'commit' : text.trim())
  })
  return {
    texts,
    clear() {
      texts.length = 0
    },
  }
}
