/** Refuses, before anything is read, the kinds of requests that the libraries below do not answer correctly. */
import type { IncomingMessage } from 'node:http'

export const GRAPHQL_PATH = '/graphql'

export const MAX_BODY_BYTES = 256 * 1024

/** A refusal that is answered without GraphQL. */
export interface Refusal {
  status: number
  message: string
  headers?: Record<string, string>
}

/** Headers with one value, on which the answer depends. Node keeps the first one and drops others, or joins them. */
const SINGLE_HEADERS = new Set(['host', 'origin', 'authorization', 'api-key', 'content-type', 'content-encoding'])

/** Returns the URL that a request asks for, or a refusal where the request is not valid. */
export function readTarget(request: IncomingMessage): URL | Refusal {
  // A proxy in front may have decided by the other one.
  const repeated = findRepeated(request.rawHeaders)
  if (repeated !== undefined) return { status: 400, message: `Send the header "${repeated}" only once.` }
  const { host } = request.headers
  if (host !== undefined && !isHost(host)) return { status: 400, message: 'The Host header is malformed.' }
  const target = request.url ?? ''
  if (!target.startsWith('/') || target.startsWith('//'))
    return { status: 400, message: 'The request target must be a path.' }
  return URL.parse(target, 'http://localhost') ?? { status: 400, message: 'The request target is malformed.' }
}

/** Returns the first header of a single value that is there twice. @param headers names and values by turns */
function findRepeated(headers: string[]): string | undefined {
  const met = new Set<string>()
  for (let place = 0; place < headers.length; place += 2) {
    const name = headers[place]?.toLowerCase() ?? ''
    if (!SINGLE_HEADERS.has(name)) continue
    if (met.has(name)) return name
    met.add(name)
  }
  return undefined
}

/** Returns the URL without the path that the server is behind; null where it is not below that path. */
export function withoutBase(url: URL, basePath: string): URL | null {
  if (basePath === '') return url
  if (url.pathname !== basePath && !url.pathname.startsWith(`${basePath}/`)) return null
  const inner = new URL(url)
  inner.pathname = url.pathname.slice(basePath.length) || '/'
  return inner
}

/** Whether the text is a host and a port, without any character that would start another part of a URL. */
function isHost(host: string): boolean {
  return !/[@/?#\\\s]/.test(host) && URL.canParse(`http://${host}/`)
}

/** Whether a browser asks for a page. */
export function wantsPage(request: IncomingMessage): boolean {
  return request.method === 'GET' && /\btext\/html\b/i.test(request.headers.accept ?? '')
}

/** Returns why a request to the API is refused; null where it is accepted. */
export function refuseRequest(request: IncomingMessage, url: URL, basePath: string): Refusal | null {
  if (url.pathname !== GRAPHQL_PATH) return { status: 404, message: `There is only ${basePath}${GRAPHQL_PATH}.` }
  if (request.method === 'GET') return null
  if (request.method !== 'POST') return { status: 405, message: 'Use POST.', headers: { allow: 'GET, POST' } }
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return { status: 415, message: 'The Content-Type must be application/json.' }
  }
  if (request.headers['content-encoding']) return { status: 415, message: 'Send the body without a Content-Encoding.' }
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return TOO_LARGE
  return null
}

export const TOO_LARGE: Refusal = { status: 413, message: `The body may have ${MAX_BODY_BYTES} bytes.` }
