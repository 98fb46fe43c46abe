/** Says which caller a request belongs to, so that each caller has a share of the connections to the database. */
import { hash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../authority/caller.ts'
import { currentDeadline } from '../db/deadline.ts'
import { networkOf } from '../network.ts'

export interface Holders {
  /** Before the caller is known: the request belongs to the user who used its credential last, or else to its address. */
  assume(request: IncomingMessage, address: string | null): void
  /** The caller is known; null is a caller without a credential, who is known by the address. */
  know(request: IncomingMessage, caller: Caller | null, address: string | null): void
}

const MOST_KNOWN = 10_000

/**
 * Remembers which user a credential belonged to. That decides about nothing but the queue in which a request waits: a wrong
 * credential was never a user's, so a client that tries many of them uses only the share of its address.
 */
export function createHolders(): Holders {
  const users = new LRUCache<string, string>({ max: MOST_KNOWN })
  // A digest with a secret that is nowhere else: credentials are not kept, and passwords cannot be guessed from it.
  const secret = randomBytes(32).toString('base64')

  const digests = new WeakMap<IncomingMessage, string | null>()

  function digestOf(request: IncomingMessage): string | null {
    const known = digests.get(request)
    if (known !== undefined) return known
    const { authorization, 'api-key': apiKey } = request.headers
    const isNone = authorization === undefined && apiKey === undefined
    const presented = JSON.stringify([authorization, apiKey])
    const digest = isNone ? null : hash('sha256', secret + presented, 'base64')
    digests.set(request, digest)
    return digest
  }
  return {
    assume(request, address) {
      const digest = digestOf(request)
      hold((digest && users.get(digest)) ?? ofAddress(address))
    },
    know(request, caller, address) {
      const userId = caller?.userId ?? null
      const digest = userId && digestOf(request)
      if (userId && digest && users.peek(digest) !== userId) users.set(digest, userId)
      hold(userId ?? ofAddress(address))
    },
  }
}

/** The holder of the share that requests without a caller use. */
export function ofAddress(address: string | null): string {
  return `address ${networkOf(address ?? '')}`
}

function hold(holder: string) {
  const deadline = currentDeadline()
  if (deadline) deadline.holder = holder
}
