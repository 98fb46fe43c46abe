import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'
import { openKeyring } from '../src/encryption/open.ts'
import { ENCRYPTION_KEY } from './support/encryption-key.ts'
import { createFolder } from './support/program.ts'

const DEFAULTS = {
  host: '127.0.0.1',
  port: 4000,
  dataDir: 'data',
  databaseUrl: null,
  databasePoolSize: 10,
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
  usernameReservedDays: 30,
  trustedProxies: [],
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
  ],
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
    ['ROOT_API_KEY', 'a'.repeat(32), 'rootApiKey', 'a'.repeat(32)],
    ['ROOT_API_KEY', '~'.repeat(256), 'rootApiKey', '~'.repeat(256)],
    ['CORS_ORIGINS', 'https://a.test, http://b.test:8080', 'corsOrigins', ['https://a.test', 'http://b.test:8080']],
    ['ENCRYPTION_KEY', ENCRYPTION_KEY, 'encryptionKey', ENCRYPTION_KEY],
    ['TOKEN_ISSUER', 'https://id.example.test', 'tokenIssuer', 'https://id.example.test'],
    // Without a mail server nothing is sent.
    ['MAIL_FROM', 'chatelaine@example.test', 'mailFrom', null],
    ['MAIL_RETRY_SECONDS', '1', 'mailRetrySeconds', 1],
    ['MAIL_RETRY_SECONDS', '3600', 'mailRetrySeconds', 3600],
    ['READ_ONLY', 'true', 'readOnly', true],
    ['READ_ONLY', 'false', 'readOnly', false],
    ['PASSWORD_MIN_LENGTH', '1', 'passwordMinLength', 1],
    ['PASSWORD_MIN_LENGTH', '128', 'passwordMinLength', 128],
    ['PASSWORD_NEEDS_API_KEY', 'true', 'passwordNeedsApiKey', true],
    ['PASSWORD_ALLOW_COMMON', 'true', 'allowCommonPasswords', true],
    ['PASSWORD_ALLOW_COMMON', 'false', 'allowCommonPasswords', false],
    ['USERNAME_RESERVED_DAYS', '0', 'usernameReservedDays', 0],
    ['USERNAME_RESERVED_DAYS', '3650', 'usernameReservedDays', 3650],
    ['TRUSTED_PROXIES', '10.0.0.0/8', 'trustedProxies', ['10.0.0.0/8']],
    ['TRUSTED_PROXIES', '127.0.0.1, ::1,fd00::/8', 'trustedProxies', ['127.0.0.1', '::1', 'fd00::/8']],
    ['TRUSTED_PROXIES', 'loopback,linklocal,uniquelocal', 'trustedProxies', ['loopback', 'linklocal', 'uniquelocal']],
  ])('takes %s=%s', (name, text, key, value) => {
    expect(readConfig({ [name]: text })).toEqual({ ...DEFAULTS, [key]: value })
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
    ['USERNAME_RESERVED_DAYS', '-1'],
    ['USERNAME_RESERVED_DAYS', '3651'],
    ['PASSWORD_MIN_LENGTH', '0'],
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
  ])('%s=%s is refused, and the message names the variable', (name, text) => {
    const read = () => readConfig({ [name]: text })

    expect(read).toThrow(ConfigError)
    expect(read).toThrow(new RegExp(`^${name} `))
  })

  test.each(['DATABASE_URL', 'ROOT_API_KEY', 'SMTP_URL'])(
    'the message about %s does not repeat what may be a secret',
    (name) => {
      const secret = 'short-secret'

      expect(() => readConfig({ [name]: secret })).not.toThrow(secret)
      expect(() => readConfig({ [name]: secret })).toThrow(ConfigError)
    },
  )
})

describe('the encryption key', () => {
  const OTHER_KEY = Buffer.alloc(32, 7).toString('base64')

  /** The ids of the keys that it gives, the one that seals first. */
  function idsOf(environment: Record<string, string>): string[] {
    const { current, byId } = openKeyring(readConfig(environment))
    return [current.id, ...[...byId.keys()].filter((id) => id !== current.id)]
  }

  test('is 32 bytes in base64, of either alphabet; of several the first seals', () => {
    const [id = ''] = idsOf({ ENCRYPTION_KEY })
    const [other = ''] = idsOf({ ENCRYPTION_KEY: OTHER_KEY })

    expect(id).not.toBe(other)
    expect(idsOf({ ENCRYPTION_KEY: Buffer.from(ENCRYPTION_KEY, 'base64').toString('base64url') })).toEqual([id])
    expect(idsOf({ ENCRYPTION_KEY: `${ENCRYPTION_KEY},${OTHER_KEY}` })).toEqual([id, other])
    expect(idsOf({ ENCRYPTION_KEY: `${OTHER_KEY}, ${ENCRYPTION_KEY}` })).toEqual([other, id])
  })

  test.each([
    ['too short', Buffer.alloc(31, 7).toString('base64')],
    ['too long', Buffer.alloc(33, 7).toString('base64')],
    ['in hexadecimal', Buffer.alloc(32, 7).toString('hex')],
    ['a passphrase', 'correct horse battery staple'],
    ['one of them too short', `${OTHER_KEY},c2hvcnQ=`],
    ['one of them empty', `${OTHER_KEY},`],
    ['with a line in it', `${OTHER_KEY.slice(0, 20)}\n${OTHER_KEY.slice(20)}`],
  ])('that is %s stops the start: the message names the variable and not the value', (_what, text) => {
    const open = () => openKeyring(readConfig({ ENCRYPTION_KEY: text }))

    expect(open).toThrow(ConfigError)
    expect(open).toThrow(/^ENCRYPTION_KEY /)
    expect(open).not.toThrow(new RegExp(text.slice(0, 12).replaceAll('+', '\\+')))
  })

  test('is needed beside DATABASE_URL, whose password is not repeated', () => {
    const open = () => openKeyring(readConfig({ DATABASE_URL: 'postgres://a:hidden-password@db/c' }))

    expect(open).toThrow(ConfigError)
    expect(open).toThrow(/^ENCRYPTION_KEY must be set where DATABASE_URL is/)
    expect(open).not.toThrow('hidden-password')
  })

  test('of a data folder is made once, for its owner alone; the variable goes before it', () => {
    const DATA_DIR = createFolder()
    const path = join(DATA_DIR, 'encryption.key')

    const ids = idsOf({ DATA_DIR })
    const kept = readFileSync(path, 'utf8')

    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(Buffer.from(kept, 'base64')).toHaveLength(32)
    expect(idsOf({ DATA_DIR })).toEqual(ids)
    expect(idsOf({ DATA_DIR, ENCRYPTION_KEY })).toEqual(idsOf({ ENCRYPTION_KEY }))
    expect(readFileSync(path, 'utf8')).toBe(kept)
    expect(readdirSync(DATA_DIR)).toEqual(['encryption.key'])
  })

  test('of a data folder that is none stops the start: the message names the file and not what is in it', () => {
    const DATA_DIR = createFolder()
    const path = join(DATA_DIR, 'encryption.key')
    writeFileSync(path, 'half-a-key')
    const open = () => openKeyring(readConfig({ DATA_DIR }))

    expect(open).toThrow(ConfigError)
    expect(open).toThrow(path)
    expect(open).not.toThrow('half-a-key')
    expect(readFileSync(path, 'utf8')).toBe('half-a-key')
  })
})
