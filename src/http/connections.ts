/** Limits how many connections one address has open, and how many requests a connection has under way, so that a single client cannot take those of all others. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { networkOf } from '../network.ts'
import { isTrusted } from './address.ts'

/** Every client behind a trusted proxy has its address, so proxies are not limited. */
export const MOST_PER_ADDRESS = 200

const BODY = `Too many connections: one address may have ${MOST_PER_ADDRESS}.\n`

const REFUSAL = [
  'HTTP/1.1 503 Service Unavailable',
  'Connection: close',
  'Retry-After: 1',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${BODY.length}`,
  '',
  BODY,
].join('\r\n')

/** Refuses connections beyond the limit: nothing of them is read, and nothing is kept of them. */
export function limitConnections(server: Server, trustedProxies: readonly string[]) {
  const isProxy = isTrusted(trustedProxies)
  const open = new Map<string, number>()
  const accept = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    if (remoteAddress !== undefined && !isProxy(remoteAddress)) {
      const network = networkOf(remoteAddress)
      const count = (open.get(network) ?? 0) + 1
      if (count > MOST_PER_ADDRESS) return refuse(socket)
      open.set(network, count)
      socket.once('close', () => {
        const left = (open.get(network) ?? 1) - 1
        if (left > 0) open.set(network, left)
        else open.delete(network)
      })
    }
    for (const listener of accept) listener.call(server, socket)
  })
}

/** Requests on one connection that the client sends without waiting for the answers before. Browsers and proxies send none. */
const MOST_UNDER_WAY = 32

const underWay = new WeakMap<Socket, number>()

/**
 * Counts a request of a connection until it is answered. It returns false, and closes the connection, where too many are
 * under way: Node reads on without a limit, and each of them takes memory.
 */
export function admitRequest({ socket }: IncomingMessage, response: ServerResponse): boolean {
  const count = (underWay.get(socket) ?? 0) + 1
  if (count > MOST_UNDER_WAY) {
    socket.destroy()
    return false
  }
  underWay.set(socket, count)
  response.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1))
  return true
}

/** Answers and closes at once: a connection that waited for its client would still take a place. */
function refuse(socket: Socket) {
  socket.on('error', () => {})
  socket.end(REFUSAL, () => socket.destroy())
}
