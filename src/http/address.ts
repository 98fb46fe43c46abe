import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import proxyAddr from 'proxy-addr'

/**
 * Finds a client's network address. Behind a proxy it is what the proxy writes into X-Forwarded-For. Any client could
 * write anything there, so only the configured proxies are trusted.
 */
export function clientAddress(trustedProxies: readonly string[]): (request: IncomingMessage) => string | null {
  const own = (request: IncomingMessage) => request.socket.remoteAddress ?? null
  if (trustedProxies.length === 0) return own
  const trust = isTrusted(trustedProxies)
  return (request) => withoutPort(proxyAddr(request, trust)) ?? own(request)
}

/** Whether an address is that of a trusted proxy. */
export function isTrusted(trustedProxies: readonly string[]): (address: string) => boolean {
  if (trustedProxies.length === 0) return () => false
  const isIn = proxyAddr.compile([...trustedProxies])
  return (address) => isIn(withoutPort(address) ?? address, 0)
}

/** Removes the port: some proxies add the client's port, which would make every connection a different address. */
function withoutPort(text: string): string | null {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+)(?::\d+)?)$/.exec(text) ?? []
  const address = bracketed ?? plain ?? text
  return ipaddr.isValid(address) ? address : null
}
