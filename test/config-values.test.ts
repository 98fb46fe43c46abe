/** Every variable that is documented, with values that are wrong: the operator reads one sentence that helps. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { ENCRYPTION_KEY } from './support/encryption-key.ts'
import { createFolder, runCommand } from './support/program.ts'
import { ROOT_KEY } from './support/root-key.ts'

interface Case {
  /** A form that would do, as the message has it. */
  form: string
  wrong: string[]
  /** What else is set. */
  beside?: Record<string, string>
  /** The command that reads the variable, where it is not the server. */
  command?: string[]
  isSecret?: boolean
  exit?: number
}

const HIDDEN = 'hidden-password'
const NO_NUMBER = ['ten', '-1', '1.5', '1e3', '0x10', ' 10', '10 ', '10s', '9999999']
const NO_BOOLEAN = ['yes', '1', '0', 'TRUE', ' true', 'on', '-1']

function number(form: string, ...wrong: string[]): Case {
  return { form: `a whole number from ${form}`, wrong: [...NO_NUMBER, ...wrong] }
}

const boolean: Case = { form: 'true or false', wrong: NO_BOOLEAN }

const CASES: Record<string, Case> = {
  HOST: {
    form: '127.0.0.1',
    wrong: [
      ' ',
      ' 127.0.0.1',
      '-1',
      '4000',
      '127.0.0.1:4000',
      'http://127.0.0.1',
      '127.0.0.1,::1',
      '*',
      'a\nb',
      '999.1.1.1',
    ],
  },
  PORT: number('0 to 65535', '65536', '99999999999999999999'),
  DATA_DIR: { form: '/var/lib/chatelaine', wrong: [' ', ' data', 'data ', 'da\nta', 'a\tb'] },
  DATABASE_URL: {
    form: 'postgres://user:password@host:5432/database',
    wrong: [
      ...[
        ' ',
        '-1',
        HIDDEN,
        `mysql://root:${HIDDEN}@h/d`,
        `postgres://u:${HIDDEN}@h:99999/d`,
        `user:${HIDDEN}@host/db`,
      ],
      ...[` postgres://u:${HIDDEN}@h/d`, `postgres://u:${HIDDEN}@h/d\n`, `postgres://u:${HIDDEN} 2@h/d`],
      ...[`postgres://u:${HIDDEN}@h/d?port=abc`, `postgres://u:${HIDDEN}@h/d?sslmode=on`],
      `postgres://u:${HIDDEN}@h/d?sslmode=verify-full&sslrootcert=/no/such/ca.pem`,
    ],
    isSecret: true,
  },
  DATABASE_POOL_SIZE: number('1 to 500', '0', '501'),
  DATABASE_POOLER: { form: 'session or transaction', wrong: [' ', 'statement', 'true', '-1', 'a\nb'] },
  MIGRATE: boolean,
  LOG_LEVEL: { form: 'info', wrong: [' ', 'verbose', 'INFO', '-1', '30', 'a\nb'] },
  METRICS_PORT: number('1 to 65535', '0', '65536'),
  WORKERS: number('1 to 64', '0', '65'),
  ...Object.fromEntries(
    [
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:4318'],
      ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://127.0.0.1:4318/v1/traces'],
    ].map(([name = '', form = '']): [string, Case] => [
      name,
      {
        form,
        wrong: [
          ' ',
          '-1',
          'true',
          'h:4318',
          `grpc://u:${HIDDEN}@h:4317`,
          `http://u:${HIDDEN}@h:99999`,
          ` http://u:${HIDDEN}@h`,
        ],
        isSecret: true,
      },
    ]),
  ),
  SHUTDOWN_DELAY_SECONDS: number('0 to 600', '601', 'PT5S'),
  KEEP_ALIVE_SECONDS: number('1 to 3600', '0', '3601'),
  BASE_PATH: { form: '/chatelaine', wrong: [' ', 'chatelaine', '/', '/a/', '/a b', '/a?b', 'https://h/a', '/a\nb'] },
  PASSWORD_NEEDS_API_KEY: boolean,
  USERNAME_RESERVED_DAYS: number('0 to 3650', '3651', '30 days', 'P30D'),
  AUDIT_RETENTION: {
    form: 'P90D',
    wrong: [' ', '90', '-90', '90 days', '2y', 'P0D', 'P29D', 'P101Y', 'PT9000H', 'P1.5Y'],
  },
  ROOT_API_KEY: {
    form: 'openssl rand -base64 32',
    wrong: [
      ' ',
      HIDDEN,
      `${ROOT_KEY} `,
      'a'.repeat(32),
      'a'.repeat(257),
      `${HIDDEN}-é-${HIDDEN}-${HIDDEN}`,
      `chl_${ROOT_KEY}`,
    ],
    isSecret: true,
  },
  ENCRYPTION_KEY: {
    form: 'openssl rand -base64 32',
    wrong: [
      ...[' ', HIDDEN, ENCRYPTION_KEY.slice(4), `${ENCRYPTION_KEY},`, `${ENCRYPTION_KEY},${HIDDEN}`, '00'.repeat(32)],
      Buffer.alloc(32).toString('base64'),
    ],
    beside: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    isSecret: true,
  },
  SMTP_URL: {
    form: 'smtp://user:password@host:587',
    wrong: [
      ...[
        ' ',
        '-1',
        HIDDEN,
        `http://u:${HIDDEN}@h`,
        'smtp:',
        'smtp://',
        `smtp://u:${HIDDEN}@h:0`,
        `smtp://u:${HIDDEN}@h:99999`,
      ],
      ...[` smtp://u:${HIDDEN}@h`, `smtp://u:${HIDDEN}@h\n`, `smtp://u:${HIDDEN} 2@h`],
    ],
    beside: { MAIL_FROM: 'chatelaine@example.test' },
    isSecret: true,
  },
  MAIL_FROM: {
    form: 'Chatelaine <chatelaine@example.com>',
    wrong: [' ', 'nobody', '@', 'a@b.test, c@d.test', 'a@b.test\nBcc: c@d.test', '-1'],
  },
  MAIL_RETRY_SECONDS: number('1 to 3600', '0', '3601', 'PT30S'),
  PASSWORD_MIN_LENGTH: number('8 to 128', '1', '7', '129'),
  TOKEN_ISSUER: { form: 'https://id.example.com', wrong: [' ', 'a b', 'a\nb', 'é', 'i'.repeat(256)] },
  PASSWORD_ALLOW_COMMON: boolean,
  READ_ONLY: boolean,
  WEBHOOK_ALLOWED_NETWORKS: {
    form: '10.0.0.0/8',
    wrong: [' ', 'localhost', '10.0.0.0/33', '10.0.0.1,', '10.0.0.1;::1', '2130706433'],
  },
  TRUSTED_PROXIES: {
    form: '10.0.0.0/8',
    wrong: [
      ' ',
      '*',
      '-1',
      'localhost',
      '0.0.0.0/0',
      '10.0.0.0/33',
      '10.0.0.1 10.0.0.2',
      '10.0.0.1,,10.0.0.2',
      '10.1',
      'a\nb',
    ],
  },
  CORS_ORIGINS: {
    form: 'https://app.example.com',
    wrong: [
      ' ',
      '*',
      '-1',
      'app.example.com',
      'https://app.example.com/',
      'https://APP.example.com',
      'https://a.test,,https://b.test',
    ],
  },
  ...Object.fromEntries(
    ['DATABASE_URL', 'ENCRYPTION_KEY', 'ROOT_API_KEY', 'SMTP_URL'].map((name): [string, Case] => [
      `${name}_FILE`,
      { form: `it must hold the value of ${name}`, wrong: [' ', '/no/such/file', '/'] },
    ]),
  ),
  CHATELAINE_URL: {
    form: 'http://127.0.0.1:4000/graphql',
    wrong: [
      ' ',
      '-1',
      'nonsense',
      'localhost:4000',
      'ftp://h',
      'http://',
      'http://h:99999',
      `http://u:${HIDDEN}@h/graphql`,
    ],
    command: ['viewer'],
    isSecret: true,
    exit: 2,
  },
  CHATELAINE_API_KEY: {
    form: 'chl_…',
    wrong: [' ', `${HIDDEN} `, `${HIDDEN}\n`, `${HIDDEN}é`, `${HIDDEN}€`, `${HIDDEN} ${HIDDEN}`],
    beside: { CHATELAINE_URL: 'http://127.0.0.1:1/graphql' },
    command: ['viewer'],
    isSecret: true,
    exit: 2,
  },
  CHATELAINE_PROFILE: {
    form: 'the name of a profile, which "chatelaine login" keeps',
    wrong: [' ', 'none', 'a\nb', 'x'.repeat(500), '__proto__'],
    command: ['viewer'],
    exit: 2,
  },
  XDG_CONFIG_HOME: {
    form: 'the absolute path of a folder, like /home/bob/.config',
    wrong: ['.', 'folder', ' ', '/dev/null', '/dev/null/folder'],
    command: ['viewer'],
    exit: 2,
  },
}

const ROWS = Object.entries(CASES).flatMap(([name, one]) =>
  one.wrong.map((value): [string, string, Case] => [name, value, one]),
)

/** The names in the first columns of the tables; secrets that a command asks for can be any text. */
function readDocumented(): string[] {
  const text = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')
  const [settings = ''] = text.split('For the tests')
  const names = settings.split('\n').flatMap((line) => (line.startsWith('| `') ? (line.split('|')[1] ?? '') : []))
  const files = settings.match(/`[A-Z_]+_FILE`/g) ?? []
  return [...names, ...files].flatMap((cell) => cell.match(/[A-Z_]{4,}/g) ?? [])
}

describe('a wrong value', () => {
  test('is tried of every variable that is documented', () => {
    const documented = new Set(readDocumented())
    const anyText = ['CHATELAINE_PASSWORD', 'CHATELAINE_NEW_PASSWORD']

    expect([...Object.keys(CASES), ...anyText].sort()).toEqual([...documented].sort())
  })

  test.each(ROWS)(
    'of %s, like %j, ends the command with one sentence that names the variable and a form that would do',
    async (name, value, { form, beside = {}, command = ['serve'], isSecret = false, exit = 1 }) => {
      const environment = { DATA_DIR: createFolder(), ...beside, [name]: value }

      const { code, stdout, stderr } = await runCommand(command, environment)

      expect({ code, stdout }, stderr).toEqual({ code: exit, stdout: '' })
      expect(stderr).toMatch(new RegExp(`^chatelaine: ${name}\\b[^\\n]+\\.\\n$`))
      expect(stderr).toContain(form)
      expect(stderr.length).toBeLessThan(300)
      if (isSecret) expect(stderr).not.toContain(HIDDEN)
      if (isSecret && value.length > 8) expect(stderr).not.toContain(value.trim())
    },
  )

  test('is repeated in part only where it is very long', () => {
    const read = () => readConfig({ PORT: 'x'.repeat(5000) })

    expect(read).toThrow(`PORT must be a whole number from 0 to 65535, not "${'x'.repeat(40)}…".`)
  })
})

describe('the forms that messages have', () => {
  test.each(
    [
      'HOST',
      'DATA_DIR',
      'AUDIT_RETENTION',
      'TOKEN_ISSUER',
      'TRUSTED_PROXIES',
      'CORS_ORIGINS',
      'MAIL_FROM',
      'DATABASE_URL',
    ].map((name) => [name, CASES[name]?.form ?? '']),
  )('%s=%s would do', (name, form) => {
    expect(() => readConfig({ [name]: form })).not.toThrow()
  })

  test.each(['localhost', '0.0.0.0', '::', '::1', 'fe80::1%eth0', 'host-1.example.test', 'my_host'])(
    'are not the only ones of HOST: %s',
    (host) => {
      expect(readConfig({ HOST: host }).host).toBe(host)
    },
  )
})
