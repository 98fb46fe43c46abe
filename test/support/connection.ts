/** Connections that stay open, as those of browsers and of programs do. */
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import type { TestApp } from './app.ts'

/** Sends a document over the open connection; gives its data, or the code of its first error. */
type Connection = (document: string, variables?: object) => Promise<unknown>

/** Opens a connection for these headers: the server has answered on it once, and every request goes over it. */
export async function openConnection(app: TestApp, headers: Record<string, string>): Promise<Connection> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const options = { agent, method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
  async function send(query: string, variables: object) {
    const sent = request(app.url, options)
    sent.end(JSON.stringify({ query, variables }))
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve).on('error', reject)
    })
    const { data, errors } = JSON.parse(await text(answer))
    return { told: errors?.[0].extensions.code ?? data, isReused: sent.reusedSocket }
  }
  await send('{ __typename }', {})
  return async (document, variables = {}) => {
    const { told, isReused } = await send(document, variables)
    expect(isReused).toBe(true)
    return told
  }
}
