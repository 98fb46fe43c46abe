import type { Caller } from '../authority/caller.ts'

/** What a request carries into the context. */
export interface RequestContext {
  caller: Caller | null
  requestId: string
  address: string | null
  /** The document stands in the address: it was sent by GET. */
  isGet?: boolean
}

export interface Answer<Body = string> {
  status: number
  headers: Record<string, string>
  body: Body
}
