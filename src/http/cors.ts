import type { IncomingMessage } from 'node:http'

/** The headers that let the scripts of listed origins read an answer; other origins get none. They never allow credentials: keys are sent as headers. */
export function corsHeaders(request: IncomingMessage, origins: readonly string[]): Record<string, string> {
  if (origins.length === 0) return {}
  const { origin } = request.headers
  // A cache must not return the answer for one origin to another origin.
  if (origin === undefined || !origins.includes(origin)) return { vary: 'origin' }
  return { vary: 'origin', 'access-control-allow-origin': origin }
}

/** Whether the request is a preflight: a browser asks, for a listed origin, whether it may send a request. */
export function isPreflight(request: IncomingMessage, headers: Record<string, string>): boolean {
  return request.method === 'OPTIONS' && 'access-control-allow-origin' in headers
}

export const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'content-type, authorization, api-key',
  // Browsers keep it for at most two hours.
  'access-control-max-age': '7200',
}
