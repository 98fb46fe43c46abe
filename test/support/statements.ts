/** Counts what is sent to the database. */
import type postgres from 'postgres'
import type { Database } from '../../src/db/database.ts'

/** The texts sent since the last `clear`; the end of a transaction stands as `commit` or `rollback`. */
export interface Statements {
  texts: string[]
  clear(): void
}

type Unsafe = (text: string, ...rest: unknown[]) => unknown
type Begin = (run: (tx: postgres.TransactionSql) => unknown) => Promise<unknown>

/** From now on notes every statement of the database, inside transactions and outside. */
export function recordStatements(database: Database): Statements {
  const { client } = (database.db as unknown as { session: { client: postgres.Sql } }).session
  const texts: string[] = []
  const noting =
    (unsafe: Unsafe): Unsafe =>
    (text, ...rest) => {
      // Written once a minute, and nobody waits for it.
      if (!text.includes('"last_used_at" = statement_timestamp()')) texts.push(text.trim())
      return unsafe(text, ...rest)
    }
  const begin = client.begin.bind(client) as Begin
  const recordingBegin: Begin = async (run) => {
    try {
      const result = await begin((tx) => run(Object.assign(tx, { unsafe: noting(tx.unsafe.bind(tx) as Unsafe) })))
      texts.push('commit')
      return result
    } catch (error) {
      texts.push('rollback')
      throw error
    }
  }
  Object.assign(client, { unsafe: noting(client.unsafe.bind(client) as Unsafe), begin: recordingBegin })
  return {
    texts,
    clear() {
      texts.length = 0
    },
  }
}
