import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type PublicKey, readPublicKey } from '../../../src/entities/ssh-key/public-key.ts'
import { fingerprintsOf, makeCertificate, makeKeyPair } from '../../support/ssh-keygen.ts'
import { blobOf, ed25519Line, lineOf, pointOnP256, rsaNumbers, wireString, withBlob } from '../../support/ssh-wire.ts'

const SK_ED25519 = lineOf('sk-ssh-ed25519@openssh.com', [randomBytes(32), 'ssh:'], 'bob@key')
const SK_ECDSA = lineOf('sk-ecdsa-sha2-nistp256@openssh.com', ['nistp256', pointOnP256(), 'ssh:'], 'bob@key')

/** The key that a text is; fails where it is none. */
function accepted(text: string): PublicKey {
  const key = readPublicKey(text)
  if (typeof key === 'string') throw new Error(`refused: ${key}`)
  return key
}

/** The text is refused, and what was said names the reason. */
function expectRefused(text: string, reason: RegExp) {
  const key = readPublicKey(text)
  expect(key, text).toBeTypeOf('string')
  expect(key).toMatch(reason)
}

describe('a key that ssh-keygen made is read with the fingerprint that ssh-keygen gives', () => {
  test.each([
    ['ed25519', null, 'ssh-ed25519'],
    ['rsa', 2048, 'ssh-rsa'],
    ['rsa', 3072, 'ssh-rsa'],
    ['rsa', 4096, 'ssh-rsa'],
    ['ecdsa', 256, 'ecdsa-sha2-nistp256'],
    ['ecdsa', 384, 'ecdsa-sha2-nistp384'],
    ['ecdsa', 521, 'ecdsa-sha2-nistp521'],
  ])('%s %s', (kind, bits, type) => {
    const { line } = makeKeyPair(kind, bits)

    const key = accepted(line)

    expect([key.fingerprint]).toEqual(fingerprintsOf(line))
    expect(key).toEqual({ type, blob: line.split(' ')[1], comment: 'bob@laptop', fingerprint: key.fingerprint })
  })

  test.each([
    ['sk-ssh-ed25519@openssh.com', SK_ED25519],
    ['sk-ecdsa-sha2-nistp256@openssh.com', SK_ECDSA],
  ])('%s, built from its parts', (type, line) => {
    const key = accepted(line)

    expect([key.fingerprint]).toEqual(fingerprintsOf(line))
    expect(key).toEqual({ type, blob: line.split(' ')[1], comment: 'bob@key', fingerprint: key.fingerprint })
  })

  test('with no comment, with several words, and with a line end after it', () => {
    const line = ed25519Line()
    const bare = accepted(line)

    expect([bare.fingerprint]).toEqual(fingerprintsOf(line))
    expect(bare.comment).toBe(null)
    expect(accepted(`${line}\n`)).toEqual(bare)
    expect(accepted(`${line} bob on his laptop\n`)).toEqual({ ...bare, comment: 'bob on his laptop' })
    expect(accepted(`${line} ${'c'.repeat(200)}`)).toEqual({ ...bare, comment: 'c'.repeat(200) })
  })
})

describe('a text that is not exactly one public key in one line is refused:', () => {
  const line = ed25519Line('bob@laptop')
  const [type = '', blob = ''] = line.split(' ')

  test.each([
    ['a command before it', `command="x" ${line}`],
    ['options before it', `no-pty,from="10.0.0.0/8" ${line}`],
    ['an option without a value', `restrict ${line}`],
    ['cert-authority', `cert-authority ${line}`],
  ])('%s', (_name, text) => {
    expectRefused(text, /^Options before a key are not taken/)
  })

  test.each([
    ['two keys, one a line', `${line}\n${ed25519Line()}`],
    ['two keys with a carriage return between them', `${line}\r${ed25519Line()}`],
    ['a line end in the comment', `${line}\nx`],
    ['a line end and a word like a key’s', `${line}\ncommand="x" ${ed25519Line()}`],
    ['a carriage return in the comment', `${type} ${blob} bob\rlaptop`],
    ['a line end in the middle of the key', `${type} ${blob.slice(0, 20)}\n${blob.slice(20)}`],
    ['a carriage return in the middle of the key', `${type} ${blob.slice(0, 20)}\r${blob.slice(20)}`],
    ['a line end after the type', `${type}\n${blob}`],
    ['a tab after the type', `${type}\t${blob}`],
    ['a tab before the comment', `${type} ${blob}\tbob`],
    ['a tab in the comment', `${line}\tx`],
    ['a null byte in the comment', `${line}\0x`],
    ['an escape in the comment', `${line}\x1b[2Jx`],
    ['a delete in the comment', `${line}\x7fx`],
    ['a comment that is not ASCII', `${type} ${blob} bøb`],
    ['a line separator in the comment', `${line}\u2028x`],
    ['a next line in the comment', `${line}\u0085x`],
    ['letters of full width', `${type} ${blob} ｂｏｂ`],
  ])('%s', (_name, text) => {
    expectRefused(text, /^A public key is one line of ASCII/)
  })

  test('a comment of 201 characters', () => {
    expectRefused(`${type} ${blob} ${'c'.repeat(201)}`, /^A comment has at most 200 characters/)
  })

  test.each([
    ['nothing', ''],
    ['a blank', ' '],
    ['a word', 'hello'],
    ['the type in capitals', line.replace('ssh-ed25519', 'SSH-ED25519')],
    ['a known host', `example.com ${line}`.replace('ssh-ed25519', 'ssh-ed448')],
    ['the key alone', blob],
  ])('%s', (_name, text) => {
    expectRefused(text, /^The type of the key must be one of ssh-ed25519, /)
  })
})

describe('a private key is refused, and the answer does not contain it:', () => {
  const { privateKey } = makeKeyPair('ed25519')

  test.each([
    ['in OpenSSH’s format', privateKey],
    ['in one line', privateKey.replaceAll('\n', ' ')],
    ['in PEM', '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n'],
    ['in PKCS 8', '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n'],
    ['encrypted', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFHDBOBgkqhkiG\n-----END ENCRYPTED PRIVATE KEY-----\n'],
  ])('%s', (_name, text) => {
    expect(readPublicKey(text)).toBe('This is a private key: keep it, and give the line of the .pub file.')
  })
})

describe('a key of another kind is refused:', () => {
  const ed25519 = ed25519Line()

  test('a certificate', () => {
    const certificate = makeCertificate(ed25519)

    expect(certificate).toMatch(/^ssh-ed25519-cert-v01@openssh\.com /)
    expectRefused(certificate, /^The type of the key must be one of/)
  })

  test('DSA', () => {
    const numbers = [128, 20, 128, 128].map((size) => Buffer.concat([Buffer.from([0, 0x81]), randomBytes(size - 1)]))

    expectRefused(lineOf('ssh-dss', numbers), /^The type of the key must be one of/)
  })

  test('RSA of less than 2048 bits', () => {
    const { line } = makeKeyPair('rsa', 1024)
    const { exponent, modulus } = rsaNumbers(2047)

    expectRefused(line, /^An RSA key has 2048 to 16384 bits, not 1024/)
    expectRefused(lineOf('ssh-rsa', [exponent, modulus]), /not in their form|not 2047/)
  })

  test.each(['ssh-rsa', 'ecdsa-sha2-nistp256', 'sk-ssh-ed25519@openssh.com', 'ssh-ed448'])(
    'an ed25519 key that says it is %s',
    (type) => {
      const inside = lineOf('ssh-ed25519', [randomBytes(32)])
      const outside = lineOf(type, [randomBytes(32)])

      expect(readPublicKey(inside.replace('ssh-ed25519', type))).toBeTypeOf('string')
      expect(readPublicKey(outside.replace(type, 'ssh-ed25519'))).toBeTypeOf('string')
    },
  )

  test('a complete key with another type inside than outside', () => {
    const other = lineOf('sk-ecdsa-sha2-nistp256@openssh.com', ['nistp256', pointOnP256(), 'ssh:'])

    expectRefused(other.replace('sk-ecdsa-sha2-nistp256@openssh.com', 'ecdsa-sha2-nistp256'), /of another type/)
  })

  test('a point of another curve', () => {
    const point = pointOnP256()

    expect(accepted(lineOf('ecdsa-sha2-nistp256', ['nistp256', point])).type).toBe('ecdsa-sha2-nistp256')
    for (const curve of ['nistp384', 'nistp521', 'secp256k1', 'NISTP256', '']) {
      expectRefused(lineOf('ecdsa-sha2-nistp256', [curve, point]), /^The key is on another curve/)
    }
    expectRefused(lineOf('ecdsa-sha2-nistp384', ['nistp384', point]), /^A point on nistp384 has 97 bytes/)
  })

  test('a point that is compressed, or of another form', () => {
    const point = pointOnP256()

    for (const form of [2, 3]) {
      const compressed = Buffer.concat([Buffer.from([form]), point.subarray(1, 33)])
      expectRefused(lineOf('ecdsa-sha2-nistp256', ['nistp256', compressed]), /^A point on nistp256/)
    }
    for (const form of [0, 2, 3, 5, 6, 7, 0x84]) {
      const other = Buffer.concat([Buffer.from([form]), point.subarray(1)])
      expectRefused(lineOf('ecdsa-sha2-nistp256', ['nistp256', other]), /^A point on nistp256/)
    }
  })

  test('a point that is not on the curve, which ssh-keygen refuses too', () => {
    const point = Buffer.from(pointOnP256())
    point[64] = (point[64] ?? 0) ^ 1
    const line = lineOf('ecdsa-sha2-nistp256', ['nistp256', point])

    expect(fingerprintsOf(line)).toEqual([])
    expect(readPublicKey(line)).toBeTypeOf('string')
  })

  test('an ed25519 key of 31 or 33 bytes', () => {
    for (const size of [0, 31, 33, 64]) {
      expectRefused(lineOf('ssh-ed25519', [randomBytes(size)]), /^An ed25519 key has 32 bytes/)
    }
  })

  test('a security key without its application', () => {
    expect(readPublicKey(lineOf('sk-ssh-ed25519@openssh.com', [randomBytes(32)]))).toBeTypeOf('string')
    expect(readPublicKey(lineOf('sk-ssh-ed25519@openssh.com', [randomBytes(32), '']))).toBeTypeOf('string')
  })
})

describe('RSA numbers have one form:', () => {
  const { exponent, modulus } = rsaNumbers(2048)
  const zero = Buffer.alloc(1)

  test('the shortest form, which is accepted', () => {
    const line = lineOf('ssh-rsa', [exponent, modulus])

    expect([accepted(line).fingerprint]).toEqual(fingerprintsOf(line))
  })

  test.each([
    ['an exponent with a zero before it', [Buffer.concat([zero, exponent]), modulus]],
    ['a modulus with a second zero before it', [exponent, Buffer.concat([zero, modulus])]],
    ['a negative modulus', [exponent, modulus.subarray(1)]],
    ['a negative exponent', [Buffer.from([0x81]), modulus]],
    ['no exponent', [Buffer.alloc(0), modulus]],
    ['an exponent of zero', [zero, modulus]],
    ['no modulus', [exponent, Buffer.alloc(0)]],
    ['an even modulus', [exponent, Buffer.concat([modulus.subarray(0, -1), Buffer.from([2])])]],
  ])('%s', (_name, numbers) => {
    expectRefused(lineOf('ssh-rsa', numbers), /^The numbers of the RSA key are not in their form/)
  })
})

describe.each([
  ['ed25519', () => ed25519Line('bob')],
  ['rsa 2048', () => makeKeyPair('rsa', 2048).line],
  ['ecdsa 256', () => makeKeyPair('ecdsa', 256).line],
  ['sk-ssh-ed25519', () => SK_ED25519],
  ['sk-ecdsa', () => SK_ECDSA],
])('a key has only one text, of %s', (_name, make) => {
  let line: string
  let blob: Buffer
  beforeAll(() => {
    line = make()
    blob = blobOf(line)
    accepted(line)
  })

  test('it is refused if it is cut at any length', () => {
    for (let length = 0; length < blob.length; length++) {
      expect(readPublicKey(withBlob(line, blob.subarray(0, length))), `${length} bytes`).toBeTypeOf('string')
    }
  })

  test('it is refused with any bytes after it', () => {
    for (const more of [Buffer.alloc(1), Buffer.from('x'), wireString(''), wireString('ssh:'), randomBytes(40)]) {
      expectRefused(withBlob(line, Buffer.concat([blob, more])), /^The key has bytes too few or too many/)
    }
  })

  test('it is refused if a length inside is wrong', () => {
    for (const length of [0, 1, 0x7f_ff_ff_ff, 0xff_ff_ff_ff]) {
      const wrong = Buffer.from(blob)
      wrong.writeUInt32BE(length, 0)
      expectRefused(withBlob(line, wrong), /of another type/)
    }
  })

  test('it is refused in any other spelling of its base64', () => {
    const [type, text = ''] = line.split(' ')
    const unpadded = text.replaceAll('=', '')
    const spellings = [
      `${unpadded}=`,
      `${unpadded}==`,
      `${unpadded}===`,
      unpadded,
      `${text}=`,
      `=${text}`,
      `${text.slice(0, 12)}=${text.slice(12)}`,
      `${text.slice(0, 12)}-${text.slice(12)}`,
      `${text.slice(0, 12)}!${text.slice(12)}`,
      text.replaceAll('+', '-').replaceAll('/', '_'),
    ]

    for (const spelling of spellings.filter((other) => other !== text)) {
      expectRefused(`${type} ${spelling}`, /must be base64/)
    }
    expect(readPublicKey(`${type} ${text.slice(0, 40)} ${text.slice(40)}`)).toBeTypeOf('string')
  })
})

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

test.each([
  ['one byte', 1, 'abc'],
  ['two bytes', 2, 'ssh:'],
])('the unused bits of base64 after %s at its end must be zero', (_name, bytes, application) => {
  const line = lineOf('sk-ssh-ed25519@openssh.com', [randomBytes(32), application])
  const [type, text = ''] = line.split(' ')
  const at = text.length - (3 - bytes) - 1

  const other = `${text.slice(0, at)}${LETTERS[LETTERS.indexOf(text.charAt(at)) + 1]}${text.slice(at + 1)}`

  expect(blobOf(line).length % 3).toBe(bytes)
  expect(Buffer.from(other, 'base64').equals(blobOf(line))).toBe(true)
  expect(accepted(line).blob).toBe(text)
  expectRefused(`${type} ${other}`, /must be base64/)
})

describe('a line with random changes is refused, or is another key that ssh-keygen reads in the same way', () => {
  const lines = [...['ed25519', 'rsa', 'ecdsa'].map((kind) => makeKeyPair(kind).line), ...[SK_ED25519, SK_ECDSA]]

  test.each(lines.map((line) => [line.split(' ')[0], line]))('%s', (_type, line) => {
    const random = createRandom(20_231_122)
    let acceptedCount = 0

    for (let round = 0; round < 60; round++) {
      const altered = alter(line, random)
      const key = readPublicKey(altered)
      if (typeof key === 'string') continue
      acceptedCount++
      expect([key.fingerprint], altered).toEqual(fingerprintsOf(altered))
      const [type, text] = altered.split(' ')
      expect([key.type, key.blob]).toEqual([type, text])
      expect(blobOf(altered).toString('base64')).toBe(text)
    }

    // Some must come through, or nothing was compared.
    expect(acceptedCount).toBeGreaterThan(0)
    expect(acceptedCount).toBeLessThan(60)
  })
})

/** One to three small changes anywhere in a text. */
function alter(text: string, random: (below: number) => number): string {
  let altered = text
  for (let count = 1 + random(3); count > 0; count--) {
    // One in four in the comment, where most changes make a good line again.
    const at = random(4) === 0 ? altered.length - 1 - random(6) : random(altered.length)
    const other = String.fromCharCode(random(10) === 0 ? random(256) : LETTERS.charCodeAt(random(64)))
    const [before, after] = [altered.slice(0, at), altered.slice(at + 1)]
    const ways = [
      () => before + other + after,
      () => before + after,
      () => before + other + altered.slice(at),
      () => before + altered.charAt(at) + altered.slice(at),
      () => before + LETTERS[random(64)] + after,
      () => before + LETTERS[random(64)] + after,
    ]
    altered = ways[random(ways.length)]?.() ?? altered
  }
  return altered
}

/** Numbers from 0 on, always the same for one seed (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
