/** The listener for operators: figures and checks of health on a port of their own, so that a flood of requests does not shut them out. */
import { createServer, type RequestListener } from 'node:http'
import type { Config } from '../config.ts'
import { logError } from '../log.ts'
import type { Health } from './health.ts'
import { closeServer, listenOn, SERVER_LIMITS } from './listener.ts'
import type { Answer } from './request.ts'
import { send } from './send.ts'

interface ForOperators {
  health: Health
  figures(): Promise<Answer>
}

/** Listens on METRICS_PORT; returns null where it is not set. */
export async function listenForOperators(
  { host, metricsPort }: Pick<Config, 'host' | 'metricsPort'>,
  { health, figures }: ForOperators,
): Promise<{ close(): Promise<void> } | null> {
  if (metricsPort === null) return null
  const answer: RequestListener = async (request, response) => {
    try {
      const url = URL.parse(request.url ?? '/', 'http://localhost')
      const answering = url?.pathname === '/metrics' ? figures() : url && health.answer(url)
      send(response, (await answering) ?? { status: 404, headers: {}, body: 'There are only /metrics and /health.' })
    } catch (error) {
      logError(error, null)
      if (!response.headersSent) send(response, { status: 500, headers: {}, body: 'The figures can’t be read.' })
    }
  }
  const server = createServer(SERVER_LIMITS, answer)
  await listenOn(server, { name: 'METRICS_PORT', host, port: metricsPort })
  return { close: () => closeServer(server) }
}
