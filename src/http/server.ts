/** The listener for clients, with the one for operators where METRICS_PORT is set. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '../config.ts'
import { createId } from '../db/id.ts'
import { internalError } from '../graphql/refusals.ts'
import { logError } from '../log.ts'
import type { Services } from '../services.ts'
import { inRequestSpan } from '../tracing.ts'
import { clientAddress } from './address.ts'
import { admitRequest, limitConnections } from './connections.ts'
import { errorAnswer } from './error-answer.ts'
import { GRAPHQL_PATH } from './gate.ts'
import { handle, type Served } from './handle.ts'
import { createHealth } from './health.ts'
import { createHolders } from './holders.ts'
import { closeServer, listenOn, SERVER_LIMITS } from './listener.ts'
import { createMetrics } from './metrics.ts'
import { listenForOperators } from './operators.ts'
import { readRequestIds } from './request-id.ts'
import { send } from './send.ts'
import { createApp } from './yoga.ts'

/** A server that listens. */
export interface Listening {
  url: string
  /** From now on it is not ready, and each answer closes its connection, so that clients go elsewhere. */
  drain(): void
  /** Accepts no new requests, waits for the current ones to finish, then closes. */
  close(): Promise<void>
  /** The figures of this process, to be added to those of others. */
  figures(): Promise<object[]>
}

/** Serves the API and GraphiQL at `http://host:port/graphql`, the keys of tokens, and the checks of health. Port 0 selects any free port. */
export async function listen(services: Services): Promise<Listening> {
  const { config, database } = services
  const health = createHealth(database)
  const metrics = createMetrics(services)
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
    if (!admitRequest(request, response)) return
    if (isDraining) response.setHeader('connection', 'close')
    // While the server stops, a connection that was busy is closed after its answer.
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections()
    })
    const answer = () => answerOrLog(served, request, response)
    // What is asked often and does little, like the checks of health, is not traced.
    if (isForApi(request, config)) inRequestSpan(request, response, GRAPHQL_PATH, answer)
    else answer()
  })
  server.timeout = Math.max(15, config.keepAliveSeconds + 5) * 1000
  server.maxHeadersCount = 100
  server.maxConnections = 2000
  limitConnections(server, config.trustedProxies)
  await listenOn(server, { name: 'PORT', host: config.host, port: config.port })
  const operators = await listenForOperators(config, { health, figures: metrics.answer }).catch((error: unknown) => {
    // A server that listens would keep the process from ending with this error.
    server.close()
    throw error
  })
  return {
    url: addressOf(server, config),
    drain() {
      isDraining = true
      health.drain()
      services.changeWaits.end()
    },
    async close() {
      services.changeWaits.end()
      await Promise.all([closeServer(server), operators?.close()])
    },
    figures: metrics.read,
  }
}

function isForApi({ url = '' }: IncomingMessage, { basePath }: Config): boolean {
  const path = `${basePath}${GRAPHQL_PATH}`
  return url.startsWith(path) && (url.length === path.length || url[path.length] === '?')
}

async function answerOrLog(served: Served, request: IncomingMessage, response: ServerResponse) {
  try {
    await handle(served, request, response)
  } catch (error) {
    // The client disconnected: there is nothing to answer and nothing to log.
    if (request.destroyed && !request.complete) return
    logError(error, null)
    if (!response.headersSent) send(response, errorAnswer(500, internalError(createId())))
  }
}

function addressOf(server: Server, { host, basePath }: Config) {
  const { port } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${basePath}${GRAPHQL_PATH}`
}
