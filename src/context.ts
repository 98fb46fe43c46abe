import type { GraphQLError } from 'graphql'
import { type Caller, readCallerOf } from './auth/caller.ts'
import { type Database, runStatement } from './db/database.ts'
import type { Reading } from './read/run.ts'

/** What every resolver gets: one per request. */
export interface Context {
  database: Database
  caller: Caller | null
  reading: Reading
  requestId: string
  /** The client's network address; null for the operator. */
  address: string | null
  /** When the request came, in milliseconds: what has waited too long is not begun. */
  startedAt: number
  /** Errors of mutations that the document did not ask for; they join the answer's `errors`. */
  loudErrors: GraphQLError[]
}

/** The context of a request by this caller; null is nobody. */
export function createContext(
  database: Database,
  caller: Caller | null,
  request: { requestId: string; address: string | null },
): Context {
  return {
    database,
    caller,
    reading: {
      caller: caller ? readCallerOf(caller) : NOBODY,
      budget: { rows: MAX_ROWS },
      run: (text, values, prepare) => runStatement(database.db, text, values, prepare),
    },
    ...request,
    startedAt: Date.now(),
    loudErrors: [],
  }
}

/** 100 users with 100 roles each, twice: pages multiplied down a document come to more very soon. */
const MAX_ROWS = 25_000

/** Every root field refuses nobody before it reads; were one to forget, it would find nothing. */
const NOBODY: Reading['caller'] = { flag: () => false, param: () => null }
