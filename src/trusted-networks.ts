/** Which networks can be trusted to report the addresses of clients. */
import ipaddr from 'ipaddr.js'
import proxyAddr from 'proxy-addr'
import { quote } from './quote.ts'

/** The largest networks that one operator can have: 10.0.0.0/8, and an IPv6 allocation of a /24. */
const SHORTEST_PREFIX = { ipv4: 8, ipv6: 24 }

/** IPv6 networks of private addresses; they can be trusted whole. */
const PRIVATE = [ipaddr.IPv6.parseCIDR('fc00::/7'), ipaddr.IPv6.parseCIDR('fe80::/10')]

/** Addresses of IPv4 that are written as IPv6: the last 32 bits are the address. */
const WITH_IPV4 = [ipaddr.IPv6.parseCIDR('::ffff:0:0/96'), ipaddr.IPv6.parseCIDR('64:ff9b::/96')]

/** Returns what is wrong with an entry of TRUSTED_PROXIES, without the name of the variable; null where it can be trusted. */
export function trustProblem(entry: string): string | null {
  if (/^(loopback|linklocal|uniquelocal)$/.test(entry)) return null
  const network = readNetwork(entry)
  if (network === null) {
    return `must be addresses or networks like 10.0.0.0/8, or loopback, separated by commas; ${quote(entry)} is none.`
  }
  // A client in a trusted network can claim any address, and so escapes the limits on guesses.
  if (isTooWide(...network)) {
    return `trusts too many addresses: ${quote(entry)} is larger than a /8 (IPv4) or a /24 (IPv6); name the addresses of your proxies, or a network like 10.0.0.0/8.`
  }
  return isUnderstood(entry)
    ? null
    : `has ${quote(entry)}, which is not understood: write the address in full, like 10.0.0.1 or 10.0.0.0/8.`
}

type Network = [address: ipaddr.IPv4 | ipaddr.IPv6, prefix: number]

function readNetwork(text: string): Network | null {
  if (!/[.:]/.test(text)) return null
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  if (!ipaddr.isValid(text)) return null
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function isTooWide(address: ipaddr.IPv4 | ipaddr.IPv6, prefix: number): boolean {
  if (address.kind() === 'ipv4') return prefix < SHORTEST_PREFIX.ipv4
  const isIn = ([network, bits]: [ipaddr.IPv6, number]) => prefix >= bits && address.match(network, bits)
  if (PRIVATE.some(isIn)) return false
  // A network around the mapped addresses contains all of IPv4, however long its prefix.
  const shortest = WITH_IPV4.some(([network]) => network.match(address, Math.min(prefix, 96)))
    ? 96 + SHORTEST_PREFIX.ipv4
    : SHORTEST_PREFIX.ipv6
  return prefix < shortest
}

/** Whether the library that reads X-Forwarded-For takes the entry: it knows fewer ways to write one. */
function isUnderstood(entry: string): boolean {
  try {
    proxyAddr.compile(entry)
    return true
  } catch {
    return false
  }
}
