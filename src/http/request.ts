import type { Caller } from '../authority/caller.ts'

/** The values that a request passes to the context. */
export interface RequestContext {
  caller: Caller | null
  requestId: string
  address: string | null
  /** True where the request is a GET, whose document is in the address. */
  isGet: boolean
}

export interface Answer<Body = string> {
  status: number
  headers: Record<string, string>
  body: Body
  /** True where nothing in the body is a secret, so that it can be compressed. */
  holdsNoSecret?: boolean
}
