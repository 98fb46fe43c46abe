import type { ServerResponse } from 'node:http'
import type { Answer } from './request.ts'

/** The headers of every answer: an answer is meant only for the caller, unless it overrides them. */
const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Sends an answer. */
export function send(response: ServerResponse, { status, headers, body }: Answer<string | Buffer>) {
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
