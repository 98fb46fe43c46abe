import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { ConfigError } from '../src/variables.ts'
import { ENCRYPTION_KEY } from './support/encryption-key.ts'

const DEFAULTS = {
  host: '127.0.0.1',
  port: 4000,
  dataDir: 'data',
  databaseUrl: null,
  databasePoolSize: 10,
  databasePooler: null,
  migrate: true,
  rootApiKey: null,
  corsOrigins: [],
  encryptionKey: null,
  tokenIssuer: 'chatelaine',
  smtpUrl: null,
  mailFrom: null,
  mailRetrySeconds: 30,
  readOnly: false,
  passwordMinLength: 12,
  passwordNeedsApiKey: false,
  allowCommonPasswords: false,
  auditRetention: null,
  usernameReservedDays: 30,
  webhookAllowedNetworks: [],
  trustedProxies: [],
  basePath: '',
  keepAliveSeconds: 5,
  shutdownDelaySeconds: 5,
  metricsPort: null,
  workers: 1,
  tracesUrl: null,
  logLevel: 'info',
}

/** The shortest and the longest value of ROOT_API_KEY that are taken. */
const HEX_KEY = digest('a short key').slice(0, 32)
const LONG_KEY = ['a', 'b', 'c', 'd'].map(digest).join('')

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Every variable that is read. */
const VARIABLES = [
  ...['HOST', 'PORT', 'DATA_DIR', 'DATABASE_URL', 'DATABASE_POOL_SIZE', 'ROOT_API_KEY', 'CORS_ORIGINS'],
  ...['ENCRYPTION_KEY', 'TOKEN_ISSUER', 'SMTP_URL', 'MAIL_FROM', 'MAIL_RETRY_SECONDS', 'READ_ONLY'],
  ...[
    'PASSWORD_MIN_LENGTH',
    'PASSWORD_ALLOW_COMMON',
    'PASSWORD_NEEDS_API_KEY',
    'TRUSTED_PROXIES',
    'USERNAME_RESERVED_DAYS',
    'WEBHOOK_ALLOWED_NETWORKS',
    'AUDIT_RETENTION',
  ],
  ...['BASE_PATH', 'KEEP_ALIVE_SECONDS', 'SHUTDOWN_DELAY_SECONDS', 'METRICS_PORT', 'LOG_LEVEL', 'WORKERS'],
  ...['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
  ...['DATABASE_POOLER', 'MIGRATE'],
  ...['DATABASE_URL_FILE', 'ENCRYPTION_KEY_FILE', 'ROOT_API_KEY_FILE', 'SMTP_URL_FILE'],
]

describe('the configuration', () => {
  test('has defaults, which an empty variable does not change', () => {
    const empty = Object.fromEntries(VARIABLES.map((name) => [name, '']))
    const asked = new Set<string>()
    readConfig(new Proxy({}, { get: (_none, name) => void asked.add(String(name)) }))

    expect(readConfig({})).toEqual(DEFAULTS)
    expect(readConfig(empty)).toEqual(DEFAULTS)
    expect([...asked].sort()).toEqual(VARIABLES.sort())
  })

  test.each([
    ['PORT', '0', 'port', 0],
    ['PORT', '65535', 'port', 65_535],
    ['HOST', '::1', 'host', '::1'],
    ['DATA_DIR', '/tmp/elsewhere', 'dataDir', '/tmp/elsewhere'],
    ['DATABASE_URL', 'postgresql://a:b@db:5432/c', 'databaseUrl', 'postgresql://a:b@db:5432/c'],
    ['DATABASE_POOL_SIZE', '500', 'databasePoolSize', 500],
    ['ROOT_API_KEY', HEX_KEY, 'rootApiKey', HEX_KEY],
    ['ROOT_API_KEY', LONG_KEY, 'rootApiKey', LONG_KEY],
    ['CORS_ORIGINS', 'https://a.test, http://b.test:8080', 'corsOrigins', ['https://a.test', 'http://b.test:8080']],
    ['ENCRYPTION_KEY', ENCRYPTION_KEY, 'encryptionKey', ENCRYPTION_KEY],
    ['TOKEN_ISSUER', 'https://id.example.test', 'tokenIssuer', 'https://id.example.test'],
    // Without a mail server nothing is sent.
    ['MAIL_FROM', 'chatelaine@example.test', 'mailFrom', null],
    ['MAIL_RETRY_SECONDS', '1', 'mailRetrySeconds', 1],
    ['MAIL_RETRY_SECONDS', '3600', 'mailRetrySeconds', 3600],
    ['READ_ONLY', 'true', 'readOnly', true],
    ['READ_ONLY', 'false', 'readOnly', false],
    ['PASSWORD_MIN_LENGTH', '8', 'passwordMinLength', 8],
    ['PASSWORD_MIN_LENGTH', '128', 'passwordMinLength', 128],
    ['PASSWORD_NEEDS_API_KEY', 'true', 'passwordNeedsApiKey', true],
    ['PASSWORD_ALLOW_COMMON', 'true', 'allowCommonPasswords', true],
    ['PASSWORD_ALLOW_COMMON', 'false', 'allowCommonPasswords', false],
    ['AUDIT_RETENTION', 'P30D', 'auditRetention', 'P30D'],
    ['AUDIT_RETENTION', 'P1Y6M', 'auditRetention', 'P1Y6M'],
    ['AUDIT_RETENTION', 'P100Y', 'auditRetention', 'P100Y'],
    ['USERNAME_RESERVED_DAYS', '0', 'usernameReservedDays', 0],
    ['USERNAME_RESERVED_DAYS', '3650', 'usernameReservedDays', 3650],
    [
      'WEBHOOK_ALLOWED_NETWORKS',
      '10.0.0.0/8, 127.0.0.1,::1',
      'webhookAllowedNetworks',
      ['10.0.0.0/8', '127.0.0.1/32', '::1/128'],
    ],
    ['TRUSTED_PROXIES', '10.0.0.0/8', 'trustedProxies', ['10.0.0.0/8']],
    ['TRUSTED_PROXIES', '127.0.0.1, ::1,fd00::/8', 'trustedProxies', ['127.0.0.1', '::1', 'fd00::/8']],
    ['TRUSTED_PROXIES', 'loopback,linklocal,uniquelocal', 'trustedProxies', ['loopback', 'linklocal', 'uniquelocal']],
    ['TRUSTED_PROXIES', 'fc00::/7,fe80::/10', 'trustedProxies', ['fc00::/7', 'fe80::/10']],
    ['TRUSTED_PROXIES', '::ffff:10.0.0.0/104', 'trustedProxies', ['::ffff:10.0.0.0/104']],
    ['TRUSTED_PROXIES', '2001:db8::/32', 'trustedProxies', ['2001:db8::/32']],
    ['BASE_PATH', '/auth/v1', 'basePath', '/auth/v1'],
    ['DATABASE_POOLER', 'transaction', 'databasePooler', 'transaction'],
    ['DATABASE_POOLER', 'session', 'databasePooler', null],
    ['MIGRATE', 'false', 'migrate', false],
    ['KEEP_ALIVE_SECONDS', '60', 'keepAliveSeconds', 60],
    ['SHUTDOWN_DELAY_SECONDS', '0', 'shutdownDelaySeconds', 0],
    ['METRICS_PORT', '9464', 'metricsPort', 9464],
    ['WORKERS', '1', 'workers', 1],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://otel.test:4318', 'tracesUrl', 'http://otel.test:4318/v1/traces'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://otel.test/a/', 'tracesUrl', 'https://otel.test/a/v1/traces'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://otel.test/traces', 'tracesUrl', 'http://otel.test/traces'],
    ['LOG_LEVEL', 'warn', 'logLevel', 'warn'],
  ])('takes %s=%s', (name, text, key, value) => {
    // Behind a proxy, connections are kept for longer.
    const keepAliveSeconds = name === 'TRUSTED_PROXIES' ? 75 : 5
    expect(readConfig({ [name]: text })).toEqual({ ...DEFAULTS, keepAliveSeconds, [key]: value })
  })

  test.each(['DATABASE_URL', 'DATABASE_URL_FILE'])('takes up to 64 WORKERS beside %s', (name) => {
    const file = join(mkdtempSync(join(tmpdir(), 'chatelaine-config-')), 'url')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    const databaseUrl = 'postgres://db/chatelaine'
    writeFileSync(file, databaseUrl)

    const config = readConfig({ WORKERS: '64', [name]: name === 'DATABASE_URL' ? databaseUrl : file })

    expect(config).toEqual({ ...DEFAULTS, workers: 64, databaseUrl })
  })

  test.each([
    'smtp://mail.example.test',
    'smtp://user:pass%2Fword@mail.example.test:587',
    'smtps://user:password@[::1]:465/?pool=true',
  ])('takes SMTP_URL=%s beside MAIL_FROM', (smtpUrl) => {
    const mailFrom = 'chatelaine@example.test'

    expect(readConfig({ SMTP_URL: smtpUrl, MAIL_FROM: mailFrom })).toEqual({ ...DEFAULTS, smtpUrl, mailFrom })
  })

  test.each([undefined, '', 'nobody', '@'])('refuses MAIL_FROM=%s where there is a mail server', (from) => {
    const read = () => readConfig({ SMTP_URL: 'smtp://mail.example.test', MAIL_FROM: from })

    expect(read).toThrow(ConfigError)
    expect(read).toThrow(/^MAIL_FROM /)
  })

  test.each([
    ['BASE_PATH', 'auth'],
    ['DATABASE_POOLER', 'statement'],
    ['MIGRATE', 'no'],
    ['BASE_PATH', '/auth/'],
    ['BASE_PATH', '/a b'],
    ['KEEP_ALIVE_SECONDS', '0'],
    ['SHUTDOWN_DELAY_SECONDS', '-1'],
    ['METRICS_PORT', '65536'],
    ['WORKERS', '0'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'otel.test:4318'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'grpc://otel.test:4317'],
    ['WORKERS', '65'],
    // The embedded database has one process.
    ['WORKERS', '2'],
    ['LOG_LEVEL', 'verbose'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '4000.5'],
    ['PORT', '0x10'],
    ['PORT', '1e3'],
    ['PORT', ' 4000'],
    ['PORT', '99999999999999999999'],
    ['DATABASE_POOL_SIZE', '0'],
    ['DATABASE_POOL_SIZE', '501'],
    ['DATABASE_POOL_SIZE', 'ten'],
    ['DATABASE_URL', 'localhost:5432'],
    ['DATABASE_URL', 'http://localhost/db'],
    ['DATABASE_URL', 'secret'],
    ['ROOT_API_KEY', 'a'.repeat(31)],
    ['ROOT_API_KEY', 'a'.repeat(257)],
    ['ROOT_API_KEY', `${'a'.repeat(31)} b`],
    ['ROOT_API_KEY', `${'a'.repeat(40)}\n`],
    ['ROOT_API_KEY', `${'a'.repeat(31)}é`],
    ['ROOT_API_KEY', `chl_${'a'.repeat(40)}`],
    ['ROOT_API_KEY', `eyJ${'a'.repeat(40)}`],
    ['MAIL_RETRY_SECONDS', '0'],
    ['MAIL_RETRY_SECONDS', '3601'],
    ['MAIL_RETRY_SECONDS', '1.5'],
    ['SMTP_URL', 'mail.example.test:587'],
    ['SMTP_URL', 'http://mail.example.test'],
    ['SMTP_URL', 'secret'],
    ['SMTP_URL', 'smtp:'],
    ['SMTP_URL', 'smtp://'],
    ['READ_ONLY', 'yes'],
    ['READ_ONLY', '1'],
    ['READ_ONLY', 'TRUE'],
    ['READ_ONLY', ' true'],
    ['AUDIT_RETENTION', '90'],
    ['AUDIT_RETENTION', '90 days'],
    ['AUDIT_RETENTION', 'P'],
    ['AUDIT_RETENTION', 'P0D'],
    ['AUDIT_RETENTION', 'P29D'],
    ['AUDIT_RETENTION', '-P90D'],
    ['AUDIT_RETENTION', 'PT2000H'],
    ['AUDIT_RETENTION', 'P90DT1H'],
    ['AUDIT_RETENTION', 'p90d'],
    ['AUDIT_RETENTION', 'P101Y'],
    ['AUDIT_RETENTION', 'P999999D'],
    ['USERNAME_RESERVED_DAYS', '-1'],
    ['USERNAME_RESERVED_DAYS', '3651'],
    ['WEBHOOK_ALLOWED_NETWORKS', 'localhost'],
    ['WEBHOOK_ALLOWED_NETWORKS', '10.0.0.0/33'],
    ['WEBHOOK_ALLOWED_NETWORKS', '10.0.0.1,'],
    ['WEBHOOK_ALLOWED_NETWORKS', '2130706433'],
    ['PASSWORD_MIN_LENGTH', '0'],
    ['PASSWORD_MIN_LENGTH', '1'],
    ['PASSWORD_MIN_LENGTH', '7'],
    ['PASSWORD_MIN_LENGTH', '129'],
    ['PASSWORD_MIN_LENGTH', 'twelve'],
    ['PASSWORD_ALLOW_COMMON', 'on'],
    ['PASSWORD_ALLOW_COMMON', '0'],
    ['TRUSTED_PROXIES', 'localhost'],
    ['TRUSTED_PROXIES', '*'],
    ['TRUSTED_PROXIES', '1'],
    ['TRUSTED_PROXIES', 'true'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '300.0.0.1'],
    ['TRUSTED_PROXIES', '10.0.0.1,,10.0.0.2'],
    ['TRUSTED_PROXIES', '10.0.0.1 10.0.0.2'],
    ['CORS_ORIGINS', '*'],
    ['TOKEN_ISSUER', ' '],
    ['TOKEN_ISSUER', 'chatelaine of acme'],
    ['TOKEN_ISSUER', 'i'.repeat(256)],
  ])('%s=%s is refused, and the message names the variable', (name, text) => {
    const read = () => readConfig({ [name]: text })

    expect(read).toThrow(ConfigError)
    expect(read).toThrow(new RegExp(`^${name} `))
  })

  test.each([
    'a'.repeat(32),
    '~'.repeat(256),
    'ab'.repeat(16),
    '0'.repeat(64),
    'password'.repeat(4),
    'change-me-'.repeat(4),
    'deadbeef'.repeat(8),
    '0123456789abcdef'.repeat(4),
    'abcdefghijklmnopqrstuvwxyz0123456789',
    'qwertyuiopasdfghjklzxcvbnm123456',
    '00000000-0000-0000-0000-000000000001',
  ])('ROOT_API_KEY=%s is refused as easy to guess, and the message does not repeat it', (text) => {
    const message =
      'ROOT_API_KEY is easy to guess: set it to random characters, as "openssl rand -base64 32" prints them.'

    expect(() => readConfig({ ROOT_API_KEY: text })).toThrow(new ConfigError(message))
  })

  test.each([
    ...['0.0.0.0/0', '0.0/0', '0.0.0.0/1', '128.0.0.0/1', '8.0.0.0/7', '::/0', '2000::/3', '2001::/23', 'f000::/4'],
    // Addresses of IPv4 that are written as IPv6.
    ...['::ffff:0:0/96', '::ffff:0:0/103', '::/64', '::/8', '64:ff9b::/96'],
  ])('TRUSTED_PROXIES=10.0.0.1,%s is refused, because it trusts too many addresses', (network) => {
    const message = `TRUSTED_PROXIES trusts too many addresses: "${network}" is larger than a /8 (IPv4) or a /24 (IPv6); name the addresses of your proxies, or a network like 10.0.0.0/8.`

    expect(() => readConfig({ TRUSTED_PROXIES: `10.0.0.1,${network}` })).toThrow(new ConfigError(message))
  })

  test('TRUSTED_PROXIES=10.1 is refused, because it is read in two ways', () => {
    const message =
      'TRUSTED_PROXIES has "10.1", which is not understood: write the address in full, like 10.0.0.1 or 10.0.0.0/8.'

    expect(() => readConfig({ TRUSTED_PROXIES: '10.1' })).toThrow(new ConfigError(message))
  })

  test.each(['DATABASE_URL', 'ROOT_API_KEY', 'SMTP_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'])(
    'the message about %s does not repeat what may be a secret',
    (name) => {
      const secret = 'short-secret'

      expect(() => readConfig({ [name]: secret })).not.toThrow(secret)
      expect(() => readConfig({ [name]: secret })).toThrow(ConfigError)
    },
  )
})
