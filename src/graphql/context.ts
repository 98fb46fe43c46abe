import type { GraphQLError } from 'graphql'
import type { Proof } from '../authentication/kept.ts'
import { type Caller, NOBODY } from '../authority/caller.ts'
import { runStatement } from '../db/database.ts'
import type { Refusal } from '../entities/audit/refusals.ts'
import type { Issue } from '../errors.ts'
import type { Reading } from '../read/run.ts'
import type { Services } from '../services.ts'

/** The context that every resolver gets; there is one per request. */
export interface Context {
  services: Services
  caller: Caller | null
  /** The proof of a caller who is kept from an earlier request; null where they were read by this one. */
  proof: Proof | null
  reading: Reading
  requestId: string
  /** The client's network address; null for the operator. */
  address: string | null
  /** True where the request is a GET, whose document is in the address. */
  isGet: boolean
  /** The number of lookups made so far to answer questions about mutations. */
  lookups: number
  /** How the request waits where it finds nothing yet; null where it does not. */
  longPoll: LongPoll | null
  /** The values of a mutation's variables that do not fit their types. */
  inputIssues: Issue[]
  /** The refusals in this request, for the audit. */
  refusals: Refusal[]
  /** Errors of mutations that the document did not select; they are added to the answer's `errors`. */
  loudErrors: GraphQLError[]
}

/** A request that waits for a change, where its page is empty. */
export interface LongPoll {
  seconds: number
  /** The caller, of whose requests only some may wait at the same time. */
  holder: string
  /** The last position that was seen before the request was answered. */
  seen: string
}

/** Creates the context of a request by this caller; null is a caller without a credential. */
export function createContext(
  services: Services,
  caller: Caller | null,
  { requestId, address, isGet, proof }: Pick<Context, 'requestId' | 'address' | 'isGet' | 'proof'>,
): Context {
  return {
    services,
    caller,
    proof,
    reading: {
      caller: caller ?? NOBODY,
      proof,
      budget: { rows: MAX_ROWS },
      run: (text, values, prepare) => runStatement(services.database.db, text, values, prepare),
    },
    requestId,
    address,
    isGet,
    lookups: 0,
    longPoll: null,
    inputIssues: [],
    refusals: [],
    loudErrors: [],
  }
}

/** The limit allows 100 users with 100 roles each, twice: nested pages multiply and soon exceed it. */
const MAX_ROWS = 25_000
