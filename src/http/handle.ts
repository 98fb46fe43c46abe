/** Answers the requests of one listener: pages, keys and health openly, the API to a caller. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BadCredentialError } from '../authentication/bad-credential.ts'
import { identify } from '../authentication/identify.ts'
import { AuthorityChangedError, createProof } from '../authentication/kept.ts'
import type { Database } from '../db/database.ts'
import { createDeadline } from '../db/deadline.ts'
import { createId } from '../db/id.ts'
import { recordRefusal } from '../entities/audit/refusals.ts'
import { readKeySet } from '../entities/session/signing-keys.ts'
import type { Target } from '../errors.ts'
import { log, logError } from '../log.ts'
import { badUserInput } from '../read/errors.ts'
import type { Services } from '../services.ts'
import { inSpan } from '../tracing.ts'
import type { clientAddress } from './address.ts'
import { answerRequest } from './answers.ts'
import { compress } from './compression.ts'
import { corsHeaders, isPreflight, PREFLIGHT_HEADERS, PUBLIC_HEADERS } from './cors.ts'
import { errorAnswer, JSON_TYPE } from './error-answer.ts'
import {
  GRAPHQL_PATH,
  MAX_BODY_BYTES,
  type Refusal,
  readTarget,
  refuseRequest,
  TOO_LARGE,
  wantsPage,
  withoutBase,
} from './gate.ts'
import { answerGraphiql, isForGraphiql } from './graphiql/graphiql.ts'
import type { Health } from './health.ts'
import { type Holders, ofAddress } from './holders.ts'
import type { Metrics } from './metrics.ts'
import { type Params, paramsOfBody, paramsOfUrl } from './params.ts'
import { refuseCaller } from './refuse-caller.ts'
import type { Answer } from './request.ts'
import type { readRequestIds } from './request-id.ts'
import { createRecord, type RequestRecord, recordCaller } from './request-record.ts'
import { send } from './send.ts'
import { isSignInAlone } from './sign-in.ts'
import { answerWhenThere } from './waiting.ts'
import { REQUEST_DEADLINE_MS, withinDeadline } from './within-deadline.ts'
import type { App } from './yoga.ts'

/** The well-known path (RFC 8615) of the keys with which tokens are verified. */
const JWKS_PATH = '/.well-known/jwks.json'

/** The parts of the server that answering needs. */
export interface Served {
  app: App
  services: Services
  addressOfClient: ReturnType<typeof clientAddress>
  requestIdOf: ReturnType<typeof readRequestIds>
  health: Health
  metrics: Metrics
  holders: Holders
}

/** Answers one request. */
export async function handle(served: Served, request: IncomingMessage, response: ServerResponse) {
  const { services, addressOfClient } = served
  const { basePath, corsOrigins } = services.config
  const target = readTarget(request)
  if (!(target instanceof URL)) return refuse(request, response, target)
  const url = withoutBase(target, basePath)
  if (!url) return refuse(request, response, { status: 404, message: `There is only ${basePath}${GRAPHQL_PATH}.` })
  const open = await answerOpenly(served, request, url)
  if (open) return send(response, open)
  if (url.pathname === GRAPHQL_PATH) {
    const cors = corsHeaders(request, corsOrigins)
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value)
    if (isPreflight(request, cors)) return send(response, { status: 204, headers: PREFLIGHT_HEADERS, body: '' })
  }
  const refusal = refuseRequest(request, url, basePath)
  if (refusal) return refuse(request, response, refusal)
  const requestId = served.requestIdOf(request)
  response.setHeader('x-request-id', requestId)
  const isGet = request.method === 'GET'
  const body = isGet ? '' : await readBody(request)
  if (body === null) return refuse(request, response, TOO_LARGE)
  const params = isGet ? paramsOfUrl(url) : paramsOfBody(body)
  const record = createRecord(requestId, addressOfClient(request))
  const answerOnce = () => answerParams(served, request, params, { isGet, record })
  const answer = await answerAndNote(served, record, (within) =>
    answerWhenThere(services.changeWaits, request, response, () => within(answerOnce)),
  )
  send(response, await compress(request, answer))
}

type Within = (answering: () => Promise<Answer>) => Promise<Answer>

/** Answers, each time within a deadline, and notes the request in the log and the metrics, without the time that it waited. */
async function answerAndNote(
  { metrics }: Served,
  record: RequestRecord,
  answering: (within: Within) => Promise<{ answer: Answer; waitedMs: number }>,
): Promise<Answer> {
  const started = performance.now()
  let statements = 0
  const { answer, waitedMs } = await answering(async (answerOnce) => {
    const deadline = createDeadline(REQUEST_DEADLINE_MS)
    const once = await withinDeadline(record.requestId, answerOnce, deadline)
    statements += deadline.statements
    return once
  })
  const milliseconds = performance.now() - started - waitedMs
  const { status, codes = [], isFinal = false } = answer
  metrics.note(record, { status, codes, seconds: milliseconds / 1000, isFinal })
  log.info({ ...record, status, codes, ms: Math.round(milliseconds), statements }, 'request')
  return answer
}

/** Answers what is the same for every caller; null where the request is for the API, or for nothing that there is. */
async function answerOpenly({ services, health, addressOfClient }: Served, request: IncomingMessage, url: URL) {
  const { basePath } = services.config
  if (url.pathname === JWKS_PATH) return answerKeySet(services.database, addressOfClient(request))
  if (url.pathname === '/' && wantsPage(request)) return toPage(basePath)
  return isForGraphiql(request, url) ? answerGraphiql(request, url, basePath) : health.answer(url)
}

/** Leads a browser from the address of the server to the page. It is not permanent, so that browsers do not keep it. */
function toPage(basePath: string): Answer {
  return { status: 303, headers: { location: `${basePath}${GRAPHQL_PATH}`, vary: 'accept' }, body: '' }
}

/**
 * Finds the caller, and then answers. A request whose credential is not valid is refused whatever it asks, except where it
 * does nothing but sign in: it is then answered as if it had no credential.
 */
async function answerParams(
  served: Served,
  request: IncomingMessage,
  params: Params | string,
  context: { isGet: boolean; record: RequestRecord },
): Promise<Answer> {
  try {
    return await answerAs(served, request, params, context)
  } catch (error) {
    if (!(error instanceof AuthorityChangedError)) throw error
    return answerAs(served, request, params, context, true)
  }
}

/** @param isFresh true where the authority of a kept caller has changed @throws AuthorityChangedError where it is false */
async function answerAs(
  { app, services, holders }: Served,
  request: IncomingMessage,
  params: Params | string,
  { isGet, record }: { isGet: boolean; record: RequestRecord },
  isFresh = false,
): Promise<Answer> {
  const { requestId, address } = record
  const context = { requestId, address, isGet, record }
  try {
    holders.assume(request, address)
    const find = () => identify(services, (name) => headerOf(request, name), { address, requestId }, isFresh)
    const identified = inSpan('identify', {}, find)
    const caller = await identified.catch((error: unknown) => {
      // A password in the header was counted as a guess, and a guess too many is another error.
      if (error instanceof BadCredentialError && isSignInAlone(app, params, { ...context, proof: null })) return null
      throw error
    })
    recordCaller(record, caller)
    holders.know(request, caller, address)
    const proof = createProof(services.database, caller)
    return await answerRequest(app, params, request.headers.accept, { caller, proof, ...context })
  } catch (error) {
    if (error instanceof AuthorityChangedError) throw error
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

/** Reads the whole body as text; returns null where it is larger than allowed. @throws Error where the client breaks off */
function readBody(request: IncomingMessage): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>()
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_BODY_BYTES) resolve(null)
    else chunks.push(chunk)
  })
  request.once('end', () => resolve(Buffer.concat(chunks).toString()))
  request.once('error', reject)
  request.once('close', () => {
    if (!request.complete) reject(new Error('The client broke off.'))
  })
  return promise
}

/** Answers with the public JWK Set, with which services verify tokens by themselves. */
async function keySet(database: Database): Promise<Answer> {
  const answer = json(200, await readKeySet(database.db))
  return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, max-age=300' } }
}

async function answerKeySet(database: Database, address: string | null): Promise<Answer> {
  const deadline = { ...createDeadline(REQUEST_DEADLINE_MS), holder: ofAddress(address) }
  const answer = await withinDeadline(createId(), () => keySet(database), deadline)
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
