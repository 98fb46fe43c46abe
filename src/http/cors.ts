import type { IncomingMessage } from 'node:http'

/** What lets the scripts of listed origins read an answer; others get nothing. Never with credentials: keys are headers. */
export function corsHeaders(request: IncomingMessage, origins: readonly string[]): Record<string, string> {
  if (origins.length === 0) return {}
  const { origin } = request.headers
  // Caches must not hand one origin's answer to another.
  if (origin === undefined || !origins.includes(origin)) return { vary: 'origin' }
  return { vary: 'origin', 'access-control-allow-origin': origin }
}

/** Does a browser ask, for a listed origin, whether it may send a request? */
export function isPreflight(request: IncomingMessage, headers: Record<string, string>): boolean {
  return request.method === 'OPTIONS' && 'access-control-allow-origin' in headers
}

export const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'content-type, authorization, api-key',
  // Two hours are the most that browsers keep.
  'access-control-max-age': '7200',
}
