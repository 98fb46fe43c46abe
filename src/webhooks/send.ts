/** Sends one signed request to a webhook. The address is checked where the connection is made to it: a name can change. */
import type { LookupAddress, LookupAllOptions } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { VERSION } from '../version.ts'
import { type AllowedNetworks, addressProblem, urlProblem } from '../webhook-address.ts'

const DEADLINE_MS = 10_000
const MOST_BYTES = 65_536
const EXCERPT_LENGTH = 200

/** What became of a request. `status` is null where there was no answer; `error` is null where it was accepted. */
export interface Outcome {
  status: number | null
  excerpt: string | null
  error: string | null
}

/** What is sent: a body, under an id that stays the same where it is sent again. */
export interface Message {
  id: string
  body: string
}

/** What may be connected to, and what names stand for. */
export interface Network {
  allowed: AllowedNetworks
  /** Ends what is under way, because the server stops. */
  signal?: AbortSignal
  resolve?: (hostname: string, options: LookupAllOptions) => Promise<LookupAddress[]>
}

/** Sends a message, within 10 s, to the address that its name has now. Redirects are not followed. */
export async function sendMessage(
  url: string,
  message: Message,
  secrets: readonly string[],
  network: Network,
): Promise<Outcome> {
  const problem = urlProblem(url, network.allowed)
  if (problem) return failed(problem)
  try {
    const response = await post(new URL(url), message, secrets, network)
    // The status says whether it was accepted, also where the rest does not come.
    const excerpt = toExcerpt(await readStart(response).catch(() => ''))
    const status = response.statusCode ?? 0
    const isAccepted = status >= 200 && status < 300
    return { status, excerpt, error: isAccepted ? null : refusalOf(status) }
  } catch (error) {
    return failed(describe(error))
  }
}

function refusalOf(status: number): string {
  const isRedirect = status >= 300 && status < 400
  return isRedirect ? `The receiver redirects (${status}), which is not followed.` : `The receiver answered ${status}.`
}

function post(url: URL, message: Message, secrets: readonly string[], network: Network) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const isEncrypted = url.protocol === 'https:'
  const send = isEncrypted ? requestHttps : requestHttp
  const request = send(url, {
    method: 'POST',
    headers: headersOf(message, secrets),
    // A connection that is kept would be to an address that was checked earlier.
    agent: false,
    lookup: checkedLookup(isEncrypted, network),
    signal: AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), ...(network.signal ? [network.signal] : [])]),
  })
  request.once('response', resolve)
  request.on('error', reject)
  // An answer in another protocol (101) is neither a response nor an error.
  request.once('close', () => reject(new Error('The connection was closed.')))
  request.end(message.body)
  return promise
}

/** The headers of Standard Webhooks: one signature for each secret that signs now. */
function headersOf({ id, body }: Message, secrets: readonly string[]): Record<string, string> {
  const now = new Date()
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': `chatelaine/${VERSION}`,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
  }
}

class RefusedAddressError extends Error {}

/** Resolves a name once, for the connection that is then made: what was checked is what is connected to. */
function checkedLookup(isEncrypted: boolean, { allowed, resolve = lookup }: Network): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }).then(
      (addresses) => {
        const problems = addresses.map(({ address }) => addressProblem(address, isEncrypted, allowed))
        const problem = problems.find((one) => one !== null)
        const [first] = addresses
        if (problem || !first) return callback(new RefusedAddressError(problem ?? 'The name has no address.'), '')
        return options.all ? callback(null, [first]) : callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}

/** Reads the beginning of an answer, and no more than 64 kB of it. */
async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= MOST_BYTES) break
  }
  response.destroy()
  return Buffer.concat(chunks).toString()
}

/** One line of an answer, without what would control a terminal. */
function toExcerpt(text: string): string | null {
  const line = text
    .toWellFormed()
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
  return line === '' ? null : line.slice(0, EXCERPT_LENGTH).toWellFormed()
}

function failed(error: string): Outcome {
  return { status: null, excerpt: null, error }
}

/** The text of an error for the people who manage the webhook. */
function describe(error: unknown): string {
  if (error instanceof RefusedAddressError) return error.message
  const { name, code, cause } = error as NodeJS.ErrnoException
  if (name === 'AbortError' || name === 'TimeoutError') return `There was no answer within ${DEADLINE_MS / 1000} s.`
  if (cause instanceof RefusedAddressError) return cause.message
  return code ? `The connection failed: ${code}.` : 'The connection failed.'
}
