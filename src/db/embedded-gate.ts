import type { Server, Socket } from 'node:net'
import type { PGLiteSocketServer } from '@electric-sql/pglite-socket'

/**
 * Lets only connections of this user in, whose name is a secret of the process. The embedded database has one session, so
 * what another client sets, prepares or leaves open would count for every request.
 */
export function admitOnly(server: PGLiteSocketServer, user: string) {
  const inner = Reflect.get(server, 'server') as Server
  const accept = inner.listeners('connection') as ((socket: Socket) => void)[]
  inner.removeAllListeners('connection')
  // Clients that say nothing take the place of none that is let in.
  inner.maxConnections = Number.POSITIVE_INFINITY
  inner.on('connection', (socket: Socket) => {
    socket.on('error', () => {})
    socket.setTimeout(LONGEST_SILENCE_MS, () => socket.destroy())
    socket.once('readable', () => {
      const first: Buffer | null = socket.read()
      if (!first?.includes(`\0user\0${user}\0`, FIRST_PARAMETER)) return socket.end(REFUSAL)
      socket.setTimeout(0)
      socket.unshift(first)
      for (const listener of accept) listener(socket)
    })
  })
}

const LONGEST_SILENCE_MS = 5000

/** The first message of a client is its length, the version of the protocol, and its parameters, each ended by a zero. */
const FIRST_PARAMETER = 7

const REFUSAL = errorResponse(
  '28000',
  'The embedded database is for its server alone. Use "chatelaine backup" to copy it.',
)

function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5, 'E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
