/** A TCP proxy before a database, with the faults that networks have. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface FaultyProxy {
  port: number
  /** Nothing is delivered any more, and nobody is told: on all connections, and on those that are opened meanwhile. */
  silence(): void
  /** Nothing is ever delivered again on the connections that there are; new ones work. */
  halfOpen(): void
  /** Each piece is delivered later. */
  delay(milliseconds: number): void
  /** Closes all connections with an error. */
  reset(): void
  /** Closes all connections politely, from the side of the database, whatever is under way on them. */
  finish(): void
  /** Ends a connection politely at the first message with this text, which arrives or not; its answer never does. */
  endAt(text: string, arrives: boolean): void
  /** Closes all connections; new ones are refused. */
  refuse(): Promise<void>
  /** Delivers everything again. Connections whose bytes were swallowed stay without an answer. */
  recover(): Promise<void>
  close(): Promise<void>
}

interface Pair {
  client: Socket
  upstream: Socket
  isDead: boolean
}

export async function openProxy(upstreamPort: number): Promise<FaultyProxy> {
  const pairs = new Set<Pair>()
  let isSilent = false
  let delayMs = 0
  let ending: { text: string; arrives: boolean } | null = null
  const server = createServer((client) => {
    const pair = { client, upstream: connect(upstreamPort, '127.0.0.1'), isDead: false }
    pairs.add(pair)
    const forget = () => {
      pairs.delete(pair)
      pair.upstream.destroy()
    }
    client.on('error', () => {}).once('close', forget)
    pair.upstream.on('error', () => client.resetAndDestroy()).once('end', () => pair.isDead || client.end())
    forward(pair, client, pair.upstream)
    forward(pair, pair.upstream, client)
  })
  function forward(pair: Pair, from: Socket, to: Socket) {
    from.on('data', (bytes) => {
      if (isSilent) pair.isDead = true
      if (pair.isDead) return
      if (ending && bytes.includes(ending.text)) {
        pair.isDead = true
        if (ending.arrives) pair.upstream.once('data', () => pair.client.end()).write(bytes)
        else pair.client.end()
        ending = null
        return
      }
      if (delayMs === 0) to.write(bytes)
      else setTimeout(() => pair.isDead || to.destroyed || to.write(bytes), delayMs)
    })
  }
  const listen = (port: number) => once(server.listen(port, '127.0.0.1'), 'listening')
  await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    port,
    silence() {
      isSilent = true
    },
    halfOpen() {
      for (const pair of pairs) {
        pair.isDead = true
        pair.upstream.destroy()
      }
    },
    delay(milliseconds) {
      delayMs = milliseconds
    },
    reset() {
      for (const { client } of pairs) client.resetAndDestroy()
    },
    finish() {
      for (const { client } of pairs) client.end()
    },
    endAt(text, arrives) {
      ending = { text, arrives }
    },
    async refuse() {
      server.close()
      for (const { client } of pairs) client.resetAndDestroy()
    },
    async recover() {
      isSilent = false
      delayMs = 0
      if (!server.listening) await listen(port)
    },
    async close() {
      server.close()
      for (const { client } of pairs) client.destroy()
    },
  }
}
