import type { GraphQLError } from 'graphql'
import { type Caller, NOBODY } from '../authority/caller.ts'
import { runStatement } from '../db/database.ts'
import type { Refusal } from '../entities/audit/operations.ts'
import type { Reading } from '../read/run.ts'
import type { Services } from '../services.ts'

/** What every resolver gets: one per request. */
export interface Context {
  services: Services
  caller: Caller | null
  reading: Reading
  requestId: string
  /** The client's network address; null for the operator. */
  address: string | null
  /** The document stands in the address: it was sent by GET. */
  isGet: boolean
  /** When the request came, in milliseconds: what has waited too long is not begun. */
  startedAt: number
  /** What was looked up so far to answer questions about mutations. */
  lookups: number
  /** What was refused in it, for the audit. */
  refusals: Refusal[]
  /** Errors of mutations that the document did not ask for; they join the answer's `errors`. */
  loudErrors: GraphQLError[]
}

/** The context of a request by this caller; null is nobody. */
export function createContext(
  services: Services,
  caller: Caller | null,
  request: { requestId: string; address: string | null; isGet: boolean },
): Context {
  return {
    services,
    caller,
    reading: {
      caller: caller ?? NOBODY,
      budget: { rows: MAX_ROWS },
      run: (text, values, prepare) => runStatement(services.database.db, text, values, prepare),
    },
    ...request,
    startedAt: Date.now(),
    lookups: 0,
    refusals: [],
    loudErrors: [],
  }
}

/** 100 users with 100 roles each, twice: pages multiplied down a document come to more very soon. */
const MAX_ROWS = 25_000

/** Nobody waits longer for an answer, whatever the database does. */
export const REQUEST_DEADLINE_MS = 5000
