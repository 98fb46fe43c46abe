import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import { BadCredentialError } from '../authentication/bad-credential.ts'
import { identify } from '../authentication/identify.ts'
import { ConfigError } from '../config.ts'
import type { Database } from '../db/database.ts'
import { createId } from '../db/id.ts'
import { recordRefusal } from '../entities/audit/refusals.ts'
import { readKeySet } from '../entities/session/signing-keys.ts'
import type { Target } from '../errors.ts'
import { internalError } from '../graphql/refusals.ts'
import { logError } from '../log.ts'
import { badUserInput } from '../read/errors.ts'
import type { Services } from '../services.ts'
import { clientAddress } from './address.ts'
import { answerRequest } from './answers.ts'
import { compress } from './compression.ts'
import { corsHeaders, isPreflight, PREFLIGHT_HEADERS, PUBLIC_HEADERS } from './cors.ts'
import { errorAnswer, JSON_TYPE } from './error-answer.ts'
import { GRAPHQL_PATH, MAX_BODY_BYTES, type Refusal, readTarget, refuseRequest, TOO_LARGE, wantsPage } from './gate.ts'
import { answerGraphiql, isForGraphiql } from './graphiql/graphiql.ts'
import { type Params, paramsOfBody, paramsOfUrl } from './params.ts'
import { refuseCaller } from './refuse-caller.ts'
import type { Answer, RequestContext } from './request.ts'
import { isSignInAlone } from './sign-in.ts'
import { REQUEST_DEADLINE_MS, withinDeadline } from './within-deadline.ts'
import { type App, createApp } from './yoga.ts'

/** A server that listens. */
export interface Listening {
  url: string
  /** Accepts no new requests, waits for the current ones to finish, then closes. */
  close(): Promise<void>
}

/** The well-known path (RFC 8615) of the keys with which tokens are verified. */
const JWKS_PATH = '/.well-known/jwks.json'

/** Leads a browser from the address of the server to the page. It is not permanent, so that browsers do not keep it. */
const TO_PAGE: Answer = { status: 303, headers: { location: GRAPHQL_PATH, vary: 'accept' }, body: '' }

/** The headers of every answer: an answer is meant only for the caller, unless it overrides them. */
const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Slow and silent clients are disconnected, so that idle connections cannot block the server. */
const SERVER_LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5000,
  maxHeaderSize: 16_384,
}

/** Serves the API and GraphiQL at `http://host:port/graphql`, the keys of tokens, and `/health`. Port 0 selects any free port. */
export async function listen(services: Services): Promise<Listening> {
  const { host, port, trustedProxies } = services.config
  const app = createApp(services)
  const addressOfClient = clientAddress(trustedProxies)
  const server = createServer(SERVER_LIMITS, (request, response) => {
    // While the server stops, a connection that was busy is closed after its answer.
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections()
    })
    answer({ app, services, addressOfClient }, request, response).catch((error: unknown) => {
      // The client disconnected: there is nothing to answer and nothing to log.
      if (request.destroyed && !request.complete) return
      logError(error, null)
      if (!response.headersSent) send(response, errorAnswer(500, internalError(createId())))
    })
  })
  server.timeout = 15_000
  server.maxHeadersCount = 100
  server.maxConnections = 2000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)))
    server.listen(port, host, resolve)
  })
  return { url: addressOf(server, host), close: () => closeServer(server) }
}

function cannotListen({ code }: NodeJS.ErrnoException, host: string, port: number): ConfigError {
  if (code === 'EADDRINUSE') return new ConfigError(`PORT ${port} is in use on ${host}: choose another one.`)
  if (code === 'EACCES') return new ConfigError(`PORT ${port} is not open to this user: choose one above 1023.`)
  return new ConfigError(`HOST "${host}" is no address of this machine (${code}).`)
}

function addressOf(server: Server, host: string) {
  const { port } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${GRAPHQL_PATH}`
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    // A client that sends its request slowly has then had as much time as any request gets.
    setTimeout(() => server.closeAllConnections(), REQUEST_DEADLINE_MS + 1000).unref()
  })
}

interface Served {
  app: App
  services: Services
  addressOfClient: ReturnType<typeof clientAddress>
}

async function answer(served: Served, request: IncomingMessage, response: ServerResponse) {
  const { services, addressOfClient } = served
  const url = readTarget(request)
  if (!(url instanceof URL)) return refuse(request, response, url)
  const open = await answerOpenly(services.database, request, url)
  if (open) return send(response, open)
  if (url.pathname === GRAPHQL_PATH) {
    const cors = corsHeaders(request, services.config.corsOrigins)
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value)
    if (isPreflight(request, cors)) return send(response, { status: 204, headers: PREFLIGHT_HEADERS, body: '' })
  }
  const refusal = refuseRequest(request, url)
  if (refusal) return refuse(request, response, refusal)
  const requestId = createId()
  const address = addressOfClient(request)
  response.setHeader('x-request-id', requestId)
  for (const [name, value] of Object.entries(ALWAYS)) response.setHeader(name, value)
  const isGet = request.method === 'GET'
  const body = isGet ? '' : await readBody(request)
  if (body === null) return refuse(request, response, TOO_LARGE)
  const params = isGet ? paramsOfUrl(url) : paramsOfBody(body)
  const answering = () => answerParams(served, request, params, { requestId, address, isGet })
  send(response, await compress(request, await withinDeadline(requestId, answering)))
}

/** Answers what is the same for every caller; null where the request is for the API, or for nothing that there is. */
async function answerOpenly(database: Database, request: IncomingMessage, url: URL) {
  if (url.pathname === '/health') return withinDeadline(createId(), () => health(database))
  if (url.pathname === JWKS_PATH) return answerKeySet(database)
  if (url.pathname === '/' && wantsPage(request)) return TO_PAGE
  return isForGraphiql(request, url) ? answerGraphiql(request, url) : null
}

/**
 * Finds the caller, and then answers. A request whose credential is not valid is refused whatever it asks, except where it
 * does nothing but sign in: it is then answered as if it had no credential.
 */
async function answerParams(
  { app, services }: Served,
  request: IncomingMessage,
  params: Params | string,
  context: Omit<RequestContext, 'caller'>,
): Promise<Answer> {
  const { requestId, address } = context
  try {
    const identified = identify(services, (name) => headerOf(request, name), { address, requestId })
    const caller = await identified.catch((error: unknown) => {
      // A password in the header was counted as a guess, and a guess too many is another error.
      if (error instanceof BadCredentialError && isSignInAlone(app, params, context)) return null
      throw error
    })
    return await answerRequest(app, params, request.headers.accept, { caller, ...context })
  } catch (error) {
    if (error instanceof BadCredentialError && error.ended) await recordEnded(services, error.ended, context)
    return refuseCaller(error, requestId)
  }
}

/** Records that a credential was presented that has ended: it may have been stolen. */
async function recordEnded(
  { database }: Services,
  target: Target,
  origin: { requestId: string; address: string | null },
) {
  const refusal = { action: 'authenticate', code: 'UNAUTHENTICATED', target }
  await recordRefusal(database.db, { caller: null, ...origin }, refusal).catch((error: unknown) =>
    logError(error, origin.requestId),
  )
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** Reads the whole body as text; returns null where it is larger than allowed. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  // The end of the loop must not end the connection: the client still has to read the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

async function health(database: Database): Promise<Answer> {
  try {
    await database.db.execute(sql`select 1`)
    return json(200, { status: 'ok' })
  } catch {
    return json(503, { status: 'the database does not answer' })
  }
}

/** Answers with the public JWK Set, with which services verify tokens by themselves. */
async function keySet(database: Database): Promise<Answer> {
  const answer = json(200, await readKeySet(database.db))
  return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, max-age=300' } }
}

async function answerKeySet(database: Database): Promise<Answer> {
  const answer = await withinDeadline(createId(), () => keySet(database))
  return { ...answer, headers: { ...PUBLIC_HEADERS, ...answer.headers } }
}

function json(status: number, value: object): Answer {
  return { status, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(value) }
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, message, headers = {} }: Refusal) {
  // The rest of the body is read and discarded: closing the connection now could lose the answer.
  request.resume()
  send(response, errorAnswer(status, badUserInput(message), headers))
}

function send(response: ServerResponse, { status, headers, body }: Answer<string | Buffer>) {
  const { vary, ...others } = headers
  // A page of another origin may be a second thing by which the answer varies.
  if (vary !== undefined) response.appendHeader('vary', vary)
  response.writeHead(status, {
    ...ALWAYS,
    ...others,
    // An answer with status 204 has no content and no length.
    ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }),
  })
  response.end(body)
}
