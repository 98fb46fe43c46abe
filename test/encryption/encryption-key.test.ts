import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openKeyring, renewKeyring } from '../../src/encryption/open.ts'
import { ConfigError } from '../../src/variables.ts'
import { ENCRYPTION_KEY } from '../support/encryption-key.ts'
import { createFolder } from '../support/program.ts'

describe('the encryption key', () => {
  const OTHER_KEY = createHash('sha256').update('another').digest('base64')

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

  test.each<[string, Buffer]>([
    ['zeros', Buffer.alloc(32)],
    ['one byte that repeats', Buffer.alloc(32, 7)],
    [
      'a few bytes that repeat',
      Buffer.from(createHash('sha256').update('half').digest('hex').slice(0, 32).repeat(2), 'hex'),
    ],
    ['bytes that count upwards', Buffer.from(Array.from({ length: 32 }, (_none, i) => i))],
    ['bytes that count downwards', Buffer.from(Array.from({ length: 32 }, (_none, i) => 255 - i))],
    ['typed text', Buffer.from('Zyxw vuts rqpo nmlk jihg fedc ba')],
  ])('that is %s stops the start, and opens what is sealed behind a random one', (_what, bytes) => {
    const weak = bytes.toString('base64')
    const open = () => idsOf({ ENCRYPTION_KEY: weak })

    expect(open).toThrow(ConfigError)
    expect(open).toThrow(/^ENCRYPTION_KEY begins with a key that is not random: set 32 random bytes in base64/)
    expect(open).not.toThrow(weak.slice(0, 12))
    expect(idsOf({ ENCRYPTION_KEY: `${ENCRYPTION_KEY},${weak}` })).toHaveLength(2)
  })

  test('of a data folder that is not random stops the start, and can be renewed', () => {
    const DATA_DIR = createFolder()
    const path = join(DATA_DIR, 'encryption.key')
    const weak = Buffer.alloc(32).toString('base64')
    writeFileSync(path, weak)

    expect(() => idsOf({ DATA_DIR })).toThrow(`${path} begins with a key that is not random`)
    renewKeyring(readConfig({ DATA_DIR })).done()
    expect(idsOf({ DATA_DIR })).toHaveLength(2)
    expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^[^,]+,${weak}\n$`))
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
