import type { IncomingMessage } from 'node:http'
import { createId } from '../db/id.ts'
import { isTrusted } from './address.ts'

/** Printable ASCII without spaces. Two headers arrive as one with a comma and a space, so neither is taken. */
const SANE = /^[\x21-\x7e]{1,128}$/

/**
 * Returns the id of a request: that of the trusted proxy that sent it, so that its log and ours can be joined, or else a
 * fresh one. From others it is not taken: a client could give its requests the ids of other requests.
 */
export function readRequestIds(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  const isProxy = isTrusted(trustedProxies)
  return ({ headers, socket: { remoteAddress } }) => {
    const given = headers['x-request-id']
    const isTaken =
      typeof given === 'string' && SANE.test(given) && remoteAddress !== undefined && isProxy(remoteAddress)
    return isTaken ? given : createId()
  }
}
