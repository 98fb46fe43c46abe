/** A receiver of webhooks, which verifies what it gets as Standard Webhooks says. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export interface Received {
  id: string
  type: string
  // biome-ignore lint/suspicious/noExplicitAny: what a change holds depends on its type.
  data: any
  headers: Record<string, string>
  body: string
}

export interface Receiver {
  url: string
  /** What was accepted, in the order in which it came. */
  accepted: Received[]
  /** How often something came. */
  requests(): number
  /** Answers instead of 204, as long as it is set. */
  answer: ((response: ServerResponse, received: Received) => void) | null
  close(): Promise<void>
}

export async function openReceiver(port = 0): Promise<Receiver> {
  let requests = 0
  const server = createServer(async (request, response) => {
    requests += 1
    const received = await read(request)
    if (receiver.answer) return receiver.answer(response, received)
    receiver.accepted.push(received)
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    accepted: [],
    requests: () => requests,
    answer: null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return receiver
}

async function read(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  const headers = request.headers as Record<string, string>
  return { id: headers['webhook-id'] ?? '', ...JSON.parse(body), headers, body }
}

/** The names of the changes that were accepted, like `project.created p1`. */
export function toldTo({ accepted }: Receiver): string[] {
  return accepted.map(({ type, data }) => `${type} ${data.targetName ?? '-'}`)
}

/** @throws WebhookVerificationError */
export function verify(secret: string, { body, headers }: Received) {
  new Webhook(secret).verify(body, headers)
}
