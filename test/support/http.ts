/** Requests as no well-behaved client sends them. */
import { connect } from 'node:net'
import type { TestApp } from './app.ts'
import { ROOT_KEY } from './root-key.ts'

export const JSON_AS_ROOT = { 'content-type': 'application/json', 'api-key': ROOT_KEY }

/** What root may do, and what every refused request here tries. */
export const CREATE = {
  query: 'mutation { createProject(input: { code: "project1" }) { __typename ... on MutationError { message } } }',
}

/** What would give away the inside of the server. */
export const INSIDES = /node_modules|\.ts\b|\bat .*:\d+:\d+|node:|select |relation |drizzle|postgres|pglite/i

/** A POST of these bytes by root. */
export function post(app: TestApp, body: BodyInit | null, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(app.url, { method: 'POST', body, headers: { ...JSON_AS_ROOT, ...headers } })
}

/** A GET with these parameters, by root unless the headers are given. */
export function get(
  app: TestApp,
  params: Record<string, string>,
  headers: Record<string, string> = { 'api-key': ROOT_KEY },
): Promise<Response> {
  return fetch(`${app.url}?${new URLSearchParams(params)}`, { headers })
}

/** What a client of plain bytes got back, and when the connection ended. */
export interface RawAnswer {
  status: number | null
  text: string
  endedAfterMs: number
}

/**
 * Opens a connection, sends these bytes, and reads until the server ends it. `drip` sends its bytes one by one, one
 * every half second, as long as the connection lives.
 */
export function sendRaw(url: string, bytes: string, drip = ''): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const started = performance.now()
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes))
    let sent = 0
    const timer = setInterval(() => {
      if (sent < drip.length) socket.write(drip.charAt(sent++))
    }, 500)
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    // A reset after the answer is an end like any other: what counts is what was read.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(timer)
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]
      resolve({ status: status ? Number(status) : null, text, endedAfterMs: performance.now() - started })
    })
  })
}
