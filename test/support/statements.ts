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
    // Written once a minute, and nobody waits for it.
    if (text.includes('"last_used_at" = statement_timestamp()')) return
    texts.push(text.endsWith('; commit') ? 'commit' : text.trim())
  })
  return {
    texts,
    clear() {
      texts.length = 0
    },
  }
}
