/** Everything that can be set, read once from the environment. Times are milliseconds unless the name says otherwise. */
export interface Config {
  host: string
  port: number
  dataDir: string
  databaseUrl: string | null
  databasePoolSize: number
  rootApiKey: string | null
  /** Whose pages may read answers; same-origin pages always may. */
  corsOrigins: readonly string[]
}

/** A setting that stops the start; the message names the variable and what it must be. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

type Environment = Record<string, string | undefined>

/** Reads the environment. An empty variable counts as unset. @throws ConfigError naming the variable. */
export function readConfig(environment: Environment): Readonly<Config> {
  return Object.freeze({
    host: environment.HOST || '127.0.0.1',
    port: readInteger(environment, 'PORT', 4000, 0, 65535),
    dataDir: environment.DATA_DIR || 'data',
    databaseUrl: readDatabaseUrl(environment),
    databasePoolSize: readInteger(environment, 'DATABASE_POOL_SIZE', 10, 1, 500),
    rootApiKey: readRootApiKey(environment),
    corsOrigins: readCorsOrigins(environment),
  })
}

function readInteger(environment: Environment, name: string, fallback: number, lowest: number, highest: number) {
  const text = environment[name]
  if (!text) return fallback
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= lowest && value <= highest)) {
    throw new ConfigError(`${name} must be a whole number from ${lowest} to ${highest}, not "${text}".`)
  }
  return value
}

function readDatabaseUrl(environment: Environment) {
  const text = environment.DATABASE_URL
  if (!text) return null
  // The value may hold a password, so it is never repeated.
  const url = URL.parse(text)
  if (url?.protocol !== 'postgres:' && url?.protocol !== 'postgresql:') {
    throw new ConfigError('DATABASE_URL must look like postgres://user:password@host:5432/database.')
  }
  return text
}

function readRootApiKey(environment: Environment) {
  const text = environment.ROOT_API_KEY
  if (!text) return null
  if (!/^[\x21-\x7e]{32,256}$/.test(text)) {
    throw new ConfigError('ROOT_API_KEY must be 32 to 256 printable ASCII characters without spaces.')
  }
  if (text.startsWith('chl_')) {
    throw new ConfigError('ROOT_API_KEY must not begin with "chl_": that form is for keys this server makes.')
  }
  return text
}

function readCorsOrigins(environment: Environment): readonly string[] {
  const text = environment.CORS_ORIGINS
  if (!text) return []
  const origins = text.split(',').map((origin) => origin.trim())
  const wrong = origins.find((origin) => !isOrigin(origin))
  if (wrong === undefined) return Object.freeze(origins)
  throw new ConfigError(
    `CORS_ORIGINS must be origins like https://app.example.com, separated by commas, without "*" or a path; "${wrong}" is none.`,
  )
}

/** Exactly as browsers write it: in lower case, without a path and without the port that goes without saying. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && !text.includes('*')
}
