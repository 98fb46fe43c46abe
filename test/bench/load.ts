/** Sends load with autocannon and measures the answers. */
import autocannon from 'autocannon'
import { BenchError } from './cleanup.ts'

/** A request as it is sent: each has other variables. */
export interface Sent {
  headers: Record<string, string>
  body: string
}

export interface Target {
  /** The name in failures: `the server` or `the limit`. */
  name: string
  url: string
  next(): Sent
}

export interface Measured {
  perSecond: number
  /** The median and the 99th percentile of the time to the answer, in milliseconds. */
  p50: number
  p99: number
  /** How many requests were answered, the last ones after the time was over included. */
  answered: number
}

export const CONNECTIONS = 32
/** The longest wait for the last answers. */
const PATIENCE_SECONDS = 20

type Client = autocannon.Client & { responseMax?: number; reqsMade: number }

/**
 * Keeps 32 connections busy for this time, then waits for the answers that are still out: of a mutation that was sent, the
 * benchmark must know that it was made. @param isGood whether a body is an answer without errors
 * @throws BenchError where an answer is not good, so that no round counts that measured failures
 */
export async function sendLoad(target: Target, seconds: number, isGood: (body: string) => boolean): Promise<Measured> {
  const clients: Client[] = []
  const times: number[] = []
  let problem: string | null = null
  let answered = 0
  let isOver = false
  const started = performance.now()

  const finished = Promise.withResolvers<void>()
  const instance = autocannon(
    {
      url: target.url,
      method: 'POST',
      connections: CONNECTIONS,
      duration: seconds + PATIENCE_SECONDS,
      sampleInt: 50,
      timeout: PATIENCE_SECONDS,
      setupClient: (client) => clients.push(client as Client),
      // The client sends its next request only after the body was judged.
      verifyBody: (body) => isGood(String(body)) || note(`answered ${shorten(String(body))}`),
      requests: [{ setupRequest: (request) => ({ ...request, ...target.next() }) as autocannon.Request }],
    },
    () => finished.resolve(),
  )

  function note(what: string): false {
    problem ??= what
    stop()
    return false
  }
  /** Each connection ends with the answer that it waits for. */
  function stop() {
    isOver = true
    for (const client of clients) client.responseMax = client.reqsMade
  }
  instance.on('response', (_client, status, _bytes, milliseconds) => {
    answered++
    if (!isOver) times.push(milliseconds)
    if (status !== 200) note(`answered with status ${status}`)
  })
  instance.on('reqError', (error) => note(String(error instanceof Error ? error.message : error)))
  const timer = setTimeout(stop, seconds * 1000)
  await finished.promise
  clearTimeout(timer)
  if (problem !== null) throw new BenchError(`${target.name} ${problem}`)
  return measured(times, answered, Math.min(seconds, (performance.now() - started) / 1000))
}

function measured(times: number[], answered: number, seconds: number): Measured {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99), answered }
}

function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
