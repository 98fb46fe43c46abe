/** How a port is listened on, and how that ends. */
import type { Server } from 'node:http'
import { ConfigError } from '../variables.ts'
import { REQUEST_DEADLINE_MS } from './within-deadline.ts'

/** Slow and silent clients are disconnected, so that idle connections cannot block the server. */
export const SERVER_LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16_384,
}

interface Where {
  /** The variable that sets the port. */
  name: string
  host: string
  port: number
}

/** @throws ConfigError naming the variable of the port or of the address */
export function listenOn(server: Server, where: Where): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, where)))
    server.listen(where.port, where.host, resolve)
  })
}

function cannotListen({ code }: NodeJS.ErrnoException, { name, host, port }: Where): ConfigError {
  if (code === 'EADDRINUSE') return new ConfigError(`${name} ${port} is in use on ${host}: choose another one.`)
  if (code === 'EACCES') return new ConfigError(`${name} ${port} is not open to this user: choose one above 1023.`)
  return new ConfigError(`HOST "${host}" is no address of this machine (${code}).`)
}

/** Accepts nothing more, and waits until what is under way is answered. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    // A client that sends its request slowly has then had as much time as any request gets.
    setTimeout(() => server.closeAllConnections(), REQUEST_DEADLINE_MS + 1000).unref()
  })
}
