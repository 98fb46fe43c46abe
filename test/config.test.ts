import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

const DEFAULTS = {
  host: '127.0.0.1',
  port: 4000,
  dataDir: 'data',
  databaseUrl: null,
  databasePoolSize: 10,
  rootApiKey: null,
  corsOrigins: [],
}

describe('the configuration', () => {
  test('has defaults, which an empty variable does not change', () => {
    const empty = { HOST: '', PORT: '', DATA_DIR: '', DATABASE_URL: '', DATABASE_POOL_SIZE: '', ROOT_API_KEY: '' }

    expect(readConfig({})).toEqual(DEFAULTS)
    expect(readConfig(empty)).toEqual(DEFAULTS)
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
  ])('takes %s=%s', (name, text, key, value) => {
    expect(readConfig({ [name]: text })).toEqual({ ...DEFAULTS, [key]: value })
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
  ])('%s=%s is refused, and the message names the variable', (name, text) => {
    const read = () => readConfig({ [name]: text })

    expect(read).toThrow(ConfigError)
    expect(read).toThrow(new RegExp(`^${name} `))
  })

  test.each(['DATABASE_URL', 'ROOT_API_KEY'])('the message about %s does not repeat what may be a secret', (name) => {
    const secret = 'short-secret'

    expect(() => readConfig({ [name]: secret })).not.toThrow(secret)
    expect(() => readConfig({ [name]: secret })).toThrow(ConfigError)
  })
})
