import type { Proof } from '../authentication/kept.ts'
import type { Caller } from '../authority/caller.ts'
import type { LongPoll } from '../graphql/context.ts'
import type { RequestRecord } from './request-record.ts'

/** The values that a request passes to the context. */
export interface RequestContext {
  caller: Caller | null
  /** The proof of a caller who is kept from an earlier request; null where they were read by this one. */
  proof: Proof | null
  requestId: string
  address: string | null
  /** True where the request is a GET, whose document is in the address. */
  isGet: boolean
  /** What the log and the metrics say of the request; the operator's commands have none. */
  record?: RequestRecord
}

export interface Answer<Body = string> {
  status: number
  headers: Record<string, string>
  body: Body
  /** True where the executor had nothing to do. */
  isFinal?: boolean
  /** How the request waits for another answer: this one has nothing that it asks for. */
  longPoll?: LongPoll | null
  /** The codes of its errors. */
  codes?: string[]
  /** True where nothing in the body is a secret, so that it can be compressed. */
  holdsNoSecret?: boolean
}
