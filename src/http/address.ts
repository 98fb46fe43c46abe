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
  const isTrusted = proxyAddr.compile([...trustedProxies])
  const trust = (address: string, hop: number) => isTrusted(withoutPort(address) ?? address, hop)
  return (request) => withoutPort(proxyAddr(request, trust)) ?? own(request)
}

/** Removes the port: some proxies add the client's port, which would make every connection a different address. */
function withoutPort(text: string): string | null {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+)(?::\d+)?)$/.exec(text) ?? []
  const address = bracketed ?? plain ?? text
  return ipaddr.isValid(address) ? address : null
}
