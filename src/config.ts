import { isIP, isIPv6 } from 'node:net'
import addressparser from 'nodemailer/lib/addressparser'
import { type OperationSettings, readOperation } from './operation-settings.ts'
import { quote } from './quote.ts'
import { isGuessable } from './strength.ts'
import { booleanVariable, ConfigError, type Environment, integerVariable, secretVariable } from './variables.ts'
import { networkOfEntry } from './webhook-address.ts'

/** All settings, read once from the environment. Times are in milliseconds unless the name says otherwise. */
export interface Config extends OperationSettings {
  host: string
  port: number
  dataDir: string
  databaseUrl: string | null
  databasePoolSize: number
  /** The kind of pooler before the database, where it is one that gives each transaction another session. */
  databasePooler: 'transaction' | null
  /** Whether a server brings the tables up to date when it starts. */
  migrate: boolean
  rootApiKey: string | null
  /** The origins whose pages may read answers; same-origin pages always may. */
  corsOrigins: readonly string[]
  /** ENCRYPTION_KEY as it was given; `openKeyring` parses it. */
  encryptionKey: string | null
  /** The issuer and the audience of session tokens: `iss` and `aud`. */
  tokenIssuer: string
  /** The server that sends mails; where it is null, mails are stored and not sent. */
  smtpUrl: string | null
  /** The sender of mails: an address, or a name with an address like `Chatelaine <chatelaine@example.test>`. */
  mailFrom: string | null
  mailRetrySeconds: number
  /** Where it is set here, read-only mode can't be turned off while the server runs. */
  readOnly: boolean
  passwordMinLength: number
  /** Whether a password counts only beside the API key of an application. */
  passwordNeedsApiKey: boolean
  allowCommonPasswords: boolean
  /** How long the audit keeps changes, as an ISO 8601 duration in days or more; null keeps them permanently. */
  auditRetention: string | null
  /** The networks that webhooks may send to although they are not public, and without encryption, like `10.0.0.0/8`. */
  webhookAllowedNetworks: readonly string[]
  /** The number of days for which the name of a deleted user stays reserved. */
  usernameReservedDays: number
}

/** Reads the environment. An empty variable counts as unset. @throws ConfigError naming the variable. */
export function readConfig(environment: Environment): Readonly<Config> {
  return Object.freeze({
    host: readHost(environment),
    port: integerVariable(environment, 'PORT', 4000, 0, 65535),
    dataDir: readDataDir(environment),
    databaseUrl: readDatabaseUrl(environment),
    databasePoolSize: integerVariable(environment, 'DATABASE_POOL_SIZE', 10, 1, 500),
    databasePooler: readPooler(environment),
    migrate: booleanVariable(environment, 'MIGRATE', true),
    rootApiKey: readRootApiKey(environment),
    corsOrigins: readCorsOrigins(environment),
    encryptionKey: secretVariable(environment, 'ENCRYPTION_KEY'),
    tokenIssuer: readTokenIssuer(environment),
    ...readMail(environment),
    readOnly: booleanVariable(environment, 'READ_ONLY'),
    // NIST SP 800-63B: no password is shorter than eight characters.
    passwordMinLength: integerVariable(environment, 'PASSWORD_MIN_LENGTH', 12, 8, 128),
    passwordNeedsApiKey: booleanVariable(environment, 'PASSWORD_NEEDS_API_KEY'),
    allowCommonPasswords: booleanVariable(environment, 'PASSWORD_ALLOW_COMMON'),
    auditRetention: readAuditRetention(environment),
    webhookAllowedNetworks: readAllowedNetworks(environment),
    usernameReservedDays: integerVariable(environment, 'USERNAME_RESERVED_DAYS', 30, 0, 3650),
    ...readOperation(environment),
  })
}

function readHost({ HOST: text }: Environment) {
  if (!text) return '127.0.0.1'
  if (isHost(text)) return text
  throw new ConfigError(
    `HOST must be an address or a name of this machine without a port, like 127.0.0.1, ::1 or 0.0.0.0, not ${quote(text)}.`,
  )
}

/** Whether the text can be an address or a name; what consists of numbers alone is an address, or wrong. */
function isHost(text: string): boolean {
  if (text.includes(':')) return isIPv6(text)
  if (/^[\d.]+$/.test(text)) return isIP(text) !== 0
  return /^\w[\w.-]*$/.test(text)
}

function readDataDir({ DATA_DIR: text }: Environment) {
  if (!text) return 'data'
  if (text.trim() === text && !/\p{Cc}/u.test(text)) return text
  throw new ConfigError(
    `DATA_DIR must be a folder without control characters, or spaces around it, like /var/lib/chatelaine, not ${quote(text)}.`,
  )
}

function readMail(environment: Environment) {
  const mailRetrySeconds = integerVariable(environment, 'MAIL_RETRY_SECONDS', 30, 1, 3600)
  const smtpUrl = readSmtpUrl(environment)
  const mailFrom = environment.MAIL_FROM || null
  if (mailFrom === null ? smtpUrl : !isSender(mailFrom)) {
    const form = 'an e-mail address, alone or like Chatelaine <chatelaine@example.com>'
    throw new ConfigError(`MAIL_FROM must be ${form}${mailFrom === null ? ', where SMTP_URL is set' : ''}.`)
  }
  return { smtpUrl, mailFrom: smtpUrl && mailFrom, mailRetrySeconds }
}

/** Readers of URLs differ in what they do with spaces around one and line breaks in it. */
const WITH_SPACES = /[\s\p{Cc}]/u

function readSmtpUrl(environment: Environment) {
  const text = secretVariable(environment, 'SMTP_URL')
  if (text === null) return null
  // The value may hold a password, so it is never repeated.
  const url = WITH_SPACES.test(text) ? null : URL.parse(text)
  if (url?.hostname && url.port !== '0' && /^smtps?:$/.test(url.protocol)) return text
  throw new ConfigError('SMTP_URL must look like smtp://user:password@host:587, or smtps://, without spaces.')
}

function readAuditRetention({ AUDIT_RETENTION: text }: Environment) {
  if (!text) return null
  const days = /^P(?=\d)(\d{1,5}Y)?(\d{1,5}M)?(\d{1,5}W)?(\d{1,5}D)?$/.test(text)
    ? Temporal.Duration.from(text).total({ unit: 'days', relativeTo: '2001-01-01' })
    : Number.NaN
  if (days >= 30 && days <= 36_525) return text
  throw new ConfigError(
    `AUDIT_RETENTION must be an ISO 8601 duration from 30 days to 100 years, like P90D or P2Y, not ${quote(text)}.`,
  )
}

function readAllowedNetworks({ WEBHOOK_ALLOWED_NETWORKS: text }: Environment): readonly string[] {
  const entries = (text || null)?.split(',').map((entry) => entry.trim()) ?? []
  const networks = entries.map((entry) => {
    const network = networkOfEntry(entry)
    if (network !== null) return network
    throw new ConfigError(
      `WEBHOOK_ALLOWED_NETWORKS must be addresses or networks like 10.0.0.0/8, separated by commas; ${quote(entry)} is none.`,
    )
  })
  return Object.freeze(networks)
}

function readTokenIssuer(environment: Environment) {
  const text = environment.TOKEN_ISSUER || 'chatelaine'
  if (/^[\x21-\x7e]{1,255}$/.test(text)) return text
  throw new ConfigError(
    'TOKEN_ISSUER must be a name or a URL of 1 to 255 printable ASCII characters without spaces, like https://id.example.com.',
  )
}

/** Whether the text is one e-mail address, with a display name or without. */
function isSender(text: string): boolean {
  if (/\p{Cc}/u.test(text) || !/^[^<>]*(<[^<>]*>\s*)?$/.test(text)) return false
  const [sender, ...others] = addressparser(text)
  return sender?.address !== undefined && /^[^\s@]+@[^\s@]+$/.test(sender.address) && others.length === 0
}

function readDatabaseUrl(environment: Environment) {
  const text = secretVariable(environment, 'DATABASE_URL')
  if (!text) return null
  // The value may hold a password, so it is never repeated.
  if (WITH_SPACES.test(text) || !/^postgres(ql)?:\/\//.test(text)) {
    throw new ConfigError('DATABASE_URL must look like postgres://user:password@host:5432/database, without spaces.')
  }
  return text
}

function readPooler(environment: Environment) {
  const text = environment.DATABASE_POOLER
  if (!text || text === 'session') return null
  if (text === 'transaction') return text
  throw new ConfigError('DATABASE_POOLER must be session or transaction, as the pooler before the database is set.')
}

const RANDOM = 'as "openssl rand -base64 32" prints them'

function readRootApiKey(environment: Environment) {
  const text = secretVariable(environment, 'ROOT_API_KEY')
  if (!text) return null
  if (!/^[\x21-\x7e]{32,256}$/.test(text)) {
    throw new ConfigError(`ROOT_API_KEY must be 32 to 256 printable ASCII characters without spaces, ${RANDOM}.`)
  }
  if (/^(chl_|eyJ)/.test(text)) {
    throw new ConfigError(
      `ROOT_API_KEY must not begin with "chl_" or "eyJ", as keys and tokens of this server do: set random characters, ${RANDOM}.`,
    )
  }
  if (isGuessable(text)) {
    throw new ConfigError(`ROOT_API_KEY is easy to guess: set it to random characters, ${RANDOM}.`)
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
    `CORS_ORIGINS must be origins like https://app.example.com, separated by commas, without "*" or a path; ${quote(wrong)} is none.`,
  )
}

/** Whether the text is an origin as browsers write it: in lower case, without a path and without the default port. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && !text.includes('*')
}
