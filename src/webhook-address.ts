/** Which addresses a webhook may have. A server that sends to any address would lend its place in the network to its users. */
import ipaddr from 'ipaddr.js'

/** The networks of WEBHOOK_ALLOWED_NETWORKS, like `10.0.0.0/8`. */
export type AllowedNetworks = readonly string[]

/** Azure answers its machines at this public address, as others do at addresses that are not public. */
const METADATA = ['168.63.129.16']

/** The only addresses of IPv6 that are given to networks of the internet. */
const GLOBAL_IPV6 = '2000::/3'

const HOW_TO_ALLOW = 'an operator can allow it by WEBHOOK_ALLOWED_NETWORKS'

/** Returns why nothing is sent to this address of the network; null where it may be. @param isEncrypted false for http */
export function addressProblem(text: string, isEncrypted: boolean, allowed: AllowedNetworks): string | null {
  const address = ipaddr.process(text)
  if (allowed.some((network) => isWithin(address, network))) return null
  if (!isEncrypted) return `http:// is not encrypted: use https://, or ${HOW_TO_ALLOW}.`
  // Whatever is not for everyone has another range: loopback, private, of one link, of a translation from IPv4.
  const isGlobal = address.kind() === 'ipv4' || isWithin(address, GLOBAL_IPV6)
  if (address.range() === 'unicast' && isGlobal && !METADATA.includes(address.toString())) return null
  return `The address ${address} is not public: ${HOW_TO_ALLOW}.`
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, network: string): boolean {
  const [base, bits] = ipaddr.parseCIDR(network)
  return base.kind() === address.kind() && address.match(base, bits)
}

/** Returns the address where the host of a URL is one; null where it is a name. */
export function addressOfHost(hostname: string): string | null {
  const text = hostname.replace(/^\[|\]$/g, '')
  return ipaddr.isValid(text) ? text : null
}

/** Returns why a webhook can't have this URL; null where it can. What its name stands for is known when something is sent. */
export function urlProblem(text: string, allowed: AllowedNetworks): string | null {
  const url = /[\s\p{Cc}]/u.test(text) ? null : URL.parse(text)
  if (!url?.hostname || !/^https?:$/.test(url.protocol)) return 'A URL is like https://example.com/hook.'
  if (url.username || url.password) return 'A URL has no user and no password: what is sent is signed.'
  if (url.hash) return 'A URL of a webhook has no "#".'
  const isEncrypted = url.protocol === 'https:'
  const address = isLocal(url.hostname) ? '127.0.0.1' : addressOfHost(url.hostname)
  if (address !== null) return addressProblem(address, isEncrypted, allowed)
  return isEncrypted || allowed.length > 0 ? null : `http:// is not encrypted: use https://, or ${HOW_TO_ALLOW}.`
}

function isLocal(hostname: string): boolean {
  return /(^|\.)localhost\.?$/.test(hostname)
}

/** Returns the network that an entry of the setting names, with its length; null where it names none. */
export function networkOfEntry(entry: string): string | null {
  if (ipaddr.isValidCIDR(entry)) return entry
  if (!/[.:]/.test(entry) || !ipaddr.isValid(entry)) return null
  return `${entry}/${ipaddr.parse(entry).kind() === 'ipv4' ? 32 : 128}`
}
