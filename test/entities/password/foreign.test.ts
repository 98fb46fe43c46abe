import { createHash, pbkdf2Sync } from 'node:crypto'
import { hash as bcryptOf } from '@node-rs/bcrypt'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { isOwnForm } from '../../../src/entities/password/argon2.ts'
import { readForeignHash } from '../../../src/entities/password/foreign.ts'
import { startApp } from '../../support/app.ts'
import { statusOf } from '../../support/look.ts'
import { query } from '../../support/rows.ts'
import { basic, createPerson, signIn } from '../../support/sessions.ts'

const SHA1 = pbkdf2Sync('lètmein', 'seasalt', 1000, 20, 'sha1').toString('base64')

/** The examples of Django’s, passlib’s and crypt_blowfish’s own tests, each with its password. */
const HASHES: [string, string, string][] = [
  ['PBKDF2 of Django', 'pbkdf2_sha256$260000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=', 'lètmein'],
  ['PBKDF2 with SHA-1 of Django', `pbkdf2_sha1$1000$seasalt$${SHA1}`, 'lètmein'],
  [
    'scrypt of Django',
    'scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==',
    'lètmein',
  ],
  [
    'scrypt of passlib',
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
    'password',
  ],
  ['argon2id of Django', 'argon2$argon2id$v=19$m=102400,t=2,p=8$Y041dExhNkljRUUy$TMa6A8fPJhCAUXRhJXCXdw', 'secret'],
  ['bcrypt', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['bcrypt of Django', 'bcrypt$$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
]

describe('a password hash of another system', () => {
  test.each(HASHES)('is that of its password: %s', async (_name, text, password) => {
    const hash = readForeignHash(text)

    if (typeof hash === 'string') throw new Error(hash)
    expect(await hash.verify(password)).toBe(true)
  })

  /** The others take long, as their examples have the cost that they have in use. */
  const QUICK = HASHES.filter(([, text]) => /^(pbkdf2_sha1|\$2a|bcrypt)/.test(text))

  test.each(QUICK)('is not that of another password: %s', async (_name, text, password) => {
    const hash = readForeignHash(text)

    expect(typeof hash === 'string' ? hash : await hash.verify(`${password}x`)).toBe(false)
  })

  test('of bcrypt may be of the SHA-256 of the password, as Django writes it', async () => {
    const digested = await bcryptOf(createHash('sha256').update('lètmein').digest('hex'), 4)

    const hash = readForeignHash(`bcrypt_sha256$${digested}`)

    if (typeof hash === 'string') throw new Error(hash)
    expect(await hash.verify('lètmein')).toBe(true)
    expect(await hash.verify('letmein')).toBe(false)
  })

  const BAD: [string, RegExp][] = [
    ['', /not known/],
    ['letmein', /not known/],
    ['md5$salt$0123456789abcdef0123456789abcdef', /not known/],
    ['!', /not known/],
    ['$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$3fQ0Rk7iPpJ1s6yN0Fkx5w', /not known/],
    ['$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /not known/],
    ['$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /costs more/],
    ['$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /damaged/],
    ['pbkdf2_sha256$900000000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=', /costs more/],
    ['pbkdf2_sha256$0$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=', /damaged/],
    ['pbkdf2_sha256$1000$seasalt$YlZ2', /damaged/],
    ['$argon2id$v=19$m=4194304,t=2,p=1$Y041dExhNkljRUUy$TMa6A8fPJhCAUXRhJXCXdw', /costs more/],
    ['$argon2id$v=19$m=65536,t=999,p=1$Y041dExhNkljRUUy$TMa6A8fPJhCAUXRhJXCXdw', /costs more/],
    ['$argon2id$v=19$m=4,t=2,p=8$Y041dExhNkljRUUy$TMa6A8fPJhCAUXRhJXCXdw', /damaged/],
    ['scrypt$16385$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafQ=', /damaged/],
    ['scrypt$1048576$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafQ=', /costs more/],
    ['scrypt$131072$seasalt$8$99$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafQ=', /costs more/],
  ]

  test.each(BAD)('is refused where it is of no known form, is damaged or costs too much: %s', (text, problem) => {
    expect(readForeignHash(text)).toMatch(problem)
  })
})

describe('a user with the hash of another system', () => {
  const app = startApp()
  const FOREIGN = `pbkdf2_sha256$1000$seasalt$${pbkdf2Sync('lètmein', 'seasalt', 1000, 32, 'sha256').toString('base64')}`
  const given = app.world(async () => {
    await createPerson(app, 'bob')
    await query(app, sql`update passwords set hash = ${FOREIGN}`)
  })
  const hashes = () => query<{ hash: string }>(app, sql`select hash from passwords`)

  test('signs in by their password, which is then kept in our own form, and stays signed in', async () => {
    given()

    const { token } = await signIn(app, 'bob', 'lètmein')

    const [kept] = await hashes()
    expect(isOwnForm(kept?.hash ?? '')).toBe(true)
    expect(await statusOf(app.as({ authorization: `Bearer ${token}` }))).toBe(200)
    expect(await statusOf(app.as(basic('bob', 'lètmein')))).toBe(200)
    expect(await hashes()).toEqual([kept])
  })

  test('is refused with another password, and their hash stays', async () => {
    given()

    expect(await statusOf(app.as(basic('bob', 'letmein')))).toBe(401)

    expect(await hashes()).toEqual([{ hash: FOREIGN }])
  })
})
