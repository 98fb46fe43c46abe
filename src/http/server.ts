/** The listeners: one for clients, and one for operators where METRICS_PORT is set. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '../config.ts'
import { createId } from '../db/id.ts'
import { internalError } from '../graphql/refusals.ts'
import { logError } from '../log.ts'
import type { Services } from '../services.ts'
import { ConfigError } from '../variables.ts'
import { clientAddress } from './address.ts'
import { limitConnections } from './connections.ts'
import { errorAnswer } from './error-answer.ts'
import { GRAPHQL_PATH } from './gate.ts'
import { handle } from './handle.ts'
import { createHealth, type Health } from './health.ts'
import { createHolders } from './holders.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { readRequestIds } from './request-id.ts'
import { send } from './send.ts'
import { REQUEST_DEADLINE_MS } from './within-deadline.ts'
import { createApp } from './yoga.ts'

/** A server that listens. */
export interface Listening {
  url: string
  /** From now on it is not ready, and each answer closes its connection, so that clients go elsewhere. */
  drain(): void
  /** Accepts no new requests, waits for the current ones to finish, then closes. */
  close(): Promise<void>
}

/** Slow and silent clients are disconnected, so that idle connections cannot block the server. */
const SERVER_LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16_384,
}

/** Serves the API and GraphiQL at `http://host:port/graphql`, the keys of tokens, and the checks of health. Port 0 selects any free port. */
export async function listen(services: Services): Promise<Listening> {
  const { config, database } = services
  const health = createHealth(database)
  const metrics = createMetrics(database)
  const served = {
    app: createApp(services),
    services,
    addressOfClient: clientAddress(config.trustedProxies),
    requestIdOf: readRequestIds(config.trustedProxies),
    health,
    metrics,
    holders: createHolders(),
  }
  let isDraining = false
  const options = { ...SERVER_LIMITS, keepAliveTimeout: config.keepAliveSeconds * 1000 }
  const server = createServer(options, (request, response) => {
    if (isDraining) response.setHeader('connection', 'close')
    // While the server stops, a connection that was busy is closed after its answer.
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections()
    })
    handle(served, request, response).catch((error: unknown) => {
      // The client disconnected: there is nothing to answer and nothing to log.
      if (request.destroyed && !request.complete) return
      logError(error, null)
      if (!response.headersSent) send(response, errorAnswer(500, internalError(createId())))
    })
  })
  server.timeout = Math.max(15, config.keepAliveSeconds + 5) * 1000
  server.maxHeadersCount = 100
  server.maxConnections = 2000
  limitConnections(server, config.trustedProxies)
  await listenOn(server, { name: 'PORT', host: config.host, port: config.port })
  const operators = await listenForOperators(config, { health, metrics })
  return {
    url: addressOf(server, config),
    drain() {
      isDraining = true
      health.drain()
    },
    async close() {
      await Promise.all([closeServer(server), operators && closeServer(operators)])
    },
  }
}

/** Serves figures and checks of health on a port of their own, so that a flood of requests does not shut them out. */
async function listenForOperators(
  { host, metricsPort }: Config,
  { health, metrics }: { health: Health; metrics: Metrics },
): Promise<Server | null> {
  if (metricsPort === null) return null
  const answer: RequestListener = async (request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://localhost')
    const answering = url?.pathname === '/metrics' ? metrics.answer() : url && health.answer(url)
    send(response, (await answering) ?? { status: 404, headers: {}, body: 'There are only /metrics and /health.' })
  }
  const server = createServer(SERVER_LIMITS, answer)
  await listenOn(server, { name: 'METRICS_PORT', host, port: metricsPort })
  return server
}

interface Where {
  /** The variable that sets the port. */
  name: string
  host: string
  port: number
}

function listenOn(server: Server, where: Where): Promise<void> {
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

function addressOf(server: Server, { host, basePath }: Config) {
  const { port } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${basePath}${GRAPHQL_PATH}`
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    // A client that sends its request slowly has then had as much time as any request gets.
    setTimeout(() => server.closeAllConnections(), REQUEST_DEADLINE_MS + 1000).unref()
  })
}
