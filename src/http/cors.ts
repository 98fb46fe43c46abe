import type { IncomingMessage } from 'node:http'

/** What a script shows to a user or waits for; without this only a few headers of an answer can be read. */
const EXPOSED_HEADERS = 'x-request-id, retry-after'

/** The headers that let the scripts of listed origins read an answer; other origins get none. They never allow credentials: keys are sent as headers. */
export function corsHeaders(request: IncomingMessage, origins: readonly string[]): Record<string, string> {
  if (origins.length === 0) return {}
  const { origin } = request.headers
  // A cache must not return the answer for one origin to another origin.
  if (origin === undefined || !origins.includes(origin)) return { vary: 'origin' }
  return { vary: 'origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS }
}

/** Whether the request is a preflight: a browser asks, for a listed origin, whether it may send a request. */
export function isPreflight(request: IncomingMessage, headers: Record<string, string>): boolean {
  return request.method === 'OPTIONS' && 'access-control-allow-origin' in headers
}

/** The last two lines are what clients add by themselves: tracing (W3C Trace Context and Baggage) and Apollo Client. */
const ALLOWED_HEADERS = [
  ...['content-type', 'authorization', 'api-key'],
  ...['traceparent', 'tracestate', 'baggage', 'x-request-id'],
  ...['apollographql-client-name', 'apollographql-client-version'],
]

/** The headers of public answers, which are the same for every caller: the scripts of every origin may read them. */
export const PUBLIC_HEADERS = { 'access-control-allow-origin': '*' }

export const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': ALLOWED_HEADERS.join(', '),
  // Browsers keep it for at most two hours.
  'access-control-max-age': '7200',
}
