/** The settings of how the server runs: behind which proxies, in how many processes, and what operators see of it. */
import { quote } from './quote.ts'
import { trustProblem } from './trusted-networks.ts'
import { ConfigError, type Environment, integerVariable } from './variables.ts'

/** The levels of the log; each includes those before it. */
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface OperationSettings {
  /** The number of processes that serve; 1 is this process alone. */
  workers: number
  /** The path that a proxy puts the server behind, like `/chatelaine`; empty where there is none. */
  basePath: string
  /** How long a connection without a request stays open. */
  keepAliveSeconds: number
  /** How long the server still takes requests after it was told to stop, so that load balancers notice. */
  shutdownDelaySeconds: number
  /** The port of the figures for operators; null where there are none. */
  metricsPort: number | null
  logLevel: LogLevel
  /** Where spans are sent to; null where nothing is traced. It may hold a password. */
  tracesUrl: string | null
  /** The proxies that are trusted to report the client's address, in the notation of proxy-addr. */
  trustedProxies: readonly string[]
}

/** @throws ConfigError */
export function readOperation(environment: Environment): OperationSettings {
  const trustedProxies = readTrustedProxies(environment)
  // A proxy must not send a request on a connection that is just being closed.
  const keepAlive = trustedProxies.length > 0 ? 75 : 5
  const metricsPort = integerVariable(environment, 'METRICS_PORT', 0, 1, 65535)
  return {
    workers: readWorkers(environment),
    trustedProxies,
    basePath: readBasePath(environment),
    keepAliveSeconds: integerVariable(environment, 'KEEP_ALIVE_SECONDS', keepAlive, 1, 3600),
    shutdownDelaySeconds: integerVariable(environment, 'SHUTDOWN_DELAY_SECONDS', 5, 0, 600),
    metricsPort: metricsPort === 0 ? null : metricsPort,
    logLevel: readLogLevel(environment),
    tracesUrl: readTracesUrl(environment),
  }
}

function readWorkers(environment: Environment): number {
  const workers = integerVariable(environment, 'WORKERS', 1, 1, 64)
  if (workers === 1 || environment.DATABASE_URL || environment.DATABASE_URL_FILE) return workers
  throw new ConfigError(
    `WORKERS must be 1 with the embedded database, which one process holds, not ${workers}: set DATABASE_URL to a PostgreSQL server.`,
  )
}

function readBasePath(environment: Environment): string {
  const text = environment.BASE_PATH || ''
  if (text === '' || /^(\/[\w.~-]+)+$/.test(text)) return text
  throw new ConfigError('BASE_PATH must be a path like /chatelaine: it begins with "/" and does not end with one.')
}

function readLogLevel(environment: Environment): LogLevel {
  const text = environment.LOG_LEVEL || 'info'
  const level = LOG_LEVELS.find((one) => one === text)
  if (level) return level
  throw new ConfigError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not ${quote(text)}.`)
}

/** The names and their meaning are those of OpenTelemetry: the general address is what that of the traces begins with. */
function readTracesUrl(environment: Environment): string | null {
  const general = readAddress(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:4318')
  const own = readAddress(environment, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://127.0.0.1:4318/v1/traces')
  return own ?? general?.replace(/\/*$/, '/v1/traces') ?? null
}

function readAddress(environment: Environment, name: string, example: string): string | null {
  const text = environment[name]
  if (!text) return null
  // Readers of URLs differ in what they do with spaces around one and line breaks in it.
  const url = /[\s\p{Cc}]/u.test(text) ? null : URL.parse(text)
  if (url?.hostname && /^https?:$/.test(url.protocol)) return text
  // The value may hold a password, so it is never repeated.
  throw new ConfigError(`${name} must be an address like ${example}, with http:// or https:// and without spaces.`)
}

function readTrustedProxies(environment: Environment): readonly string[] {
  const addresses = (environment.TRUSTED_PROXIES || null)?.split(',').map((address) => address.trim()) ?? []
  for (const address of addresses) {
    const problem = trustProblem(address)
    if (problem !== null) throw new ConfigError(`TRUSTED_PROXIES ${problem}`)
  }
  return Object.freeze(addresses)
}
