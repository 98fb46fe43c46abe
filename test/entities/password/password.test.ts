import argon2 from '@node-rs/argon2'
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { computeByNode } from '../../../src/entities/password/argon2.ts'
import { type Client, startApp, type TestApp } from '../../support/app.ts'
import { change, changeDocument, failChange, failInput } from '../../support/change.ts'
import { statusOf, usernameOf } from '../../support/look.ts'
import { missingOf } from '../../support/missing.ts'
import { databaseText, query, withoutWriting } from '../../support/rows.ts'
import { createUser } from '../../support/seed.ts'
import { basic, createPerson, OTHER_PASSWORD, PASSWORD, withoutChange } from '../../support/sessions.ts'

const app = startApp()
/** bob, who has PASSWORD. */
const given = app.world(() => createPerson(app, 'bob'))

const LENGTH = 'A password has 12 to 128 characters.'
const ADVICE = 'Choose another, for example four unrelated words.'
const COMMON = `This password is made of the passwords that are tried first. ${ADVICE}`
const NAMES = `This password is made of the names of its user or of this server. ${ADVICE}`
const PATTERN = `This password repeats itself, or is a row of characters or keys. ${ADVICE}`

/** The three mutations that take a new password, each for bob, who has PASSWORD: who sends it, with what. */
const WAYS: [string, string, (password: unknown) => { client: Client; name: string; input: object }][] = [
  [
    'createUser',
    'password',
    (password) => ({ client: app.root, name: 'createUser', input: { username: 'new', password } }),
  ],
  [
    'setUserPassword',
    'password',
    (password) => ({ client: app.root, name: 'setUserPassword', input: { user: 'bob', password } }),
  ],
  [
    'changePassword',
    'newPassword',
    (newPassword) => ({
      client: app.as(basic('bob', PASSWORD)),
      name: 'changePassword',
      input: { currentPassword: PASSWORD, newPassword },
    }),
  ],
]

/** Does this name and password let in? */
async function letsIn(to: TestApp, username: string, password: string): Promise<boolean> {
  return (await statusOf(to.as(basic(username, password)))) === 200
}

describe.each(WAYS)('a new password given to %s', (_way, path, sending) => {
  /** What is wrong with a password; null where it is taken. */
  async function problemOf(password: unknown): Promise<string | null> {
    const { client, name, input } = sending(password)
    const { issues } = await failWith(client, name, input)
    expect(issues).toHaveLength(1)
    expect(issues[0].path).toEqual([path])
    return issues[0].message
  }

  async function failWith(client: Client, name: string, input: object) {
    await statusOf(client)
    return withoutChange(app, () => failChange(client, 'InvalidInputError', name, input))
  }

  test.each([
    ['11 letters', 'elevenchars'],
    ['nothing', ''],
    ['129 letters', `${'xy'.repeat(64)}x`],
    ['11 emoji of two units each', '🐎'.repeat(11)],
  ])('is refused with %s', async (_what, password) => {
    expect(await problemOf(password)).toBe(LENGTH)
    expect(await letsIn(app, 'bob', PASSWORD)).toBe(true)
  })

  test.each([
    ['12 letters', 'twelve chars'],
    ['128 letters', `${'correct horse battery '.repeat(5)}correct horse fine`],
    ['12 emoji of two units each', '🐎🔋📎🌙🍎🚲⛵🎈🪁🧊🎹🌵'],
    ['128 emoji of two units each', '🐎🔋📎🌙🍎🚲🎈🪁'.repeat(16)],
    ['line ends and tabs', 'one\ntwo\r\n\tthree'],
  ])('is accepted with %s', async (_what, password) => {
    const { client, name, input } = sending(password)
    await change(client, name, input)

    const username = name === 'createUser' ? 'new' : 'bob'
    expect(await letsIn(app, username, password)).toBe(true)
  })

  test.each([
    ['a common one', '123456qwerty', COMMON],
    ['a common one in capitals', '123456QWERTY', COMMON],
    ['two common ones', 'qwerty123456', COMMON],
    ['a common word', 'motherfucker', COMMON],
    ['a common one with a number', 'Password123!', COMMON],
    ['a common one in other letters', 'P@ssw0rd1234', COMMON],
    ['a common one in wide letters', '\uff30assword123!', COMMON],
    ['one letter', 'aaaaaaaaaaaa', PATTERN],
    ['blanks', ' '.repeat(20), PATTERN],
    ['no-break blanks', '\u00a0'.repeat(20), PATTERN],
    ['a row of letters', 'abcdefghijkl', PATTERN],
    ['two letters in turn', 'axaxaxaxaxax', PATTERN],
    ['a common one, many times', 'password'.repeat(16), PATTERN],
    ['the name of the server', 'chatelaine2026', NAMES],
    ['the organization', 'default-default', NAMES],
  ])('is refused if it is guessed soon: %s', async (_what, password, message) => {
    expect(await problemOf(password)).toBe(message)
    expect(await letsIn(app, 'bob', PASSWORD)).toBe(true)
  })

  test('is refused with characters that are not text', async () => {
    expect(await problemOf('twelve chars\0')).toBe('A null byte is not text.')
    expect(await problemOf('twelve chars\ud800')).toBe('A lone surrogate is not text.')
    expect(await letsIn(app, 'bob', PASSWORD)).toBe(true)
  })

  test('must be the same as its confirmation', async () => {
    const { client, name, input } = sending(OTHER_PASSWORD)
    await statusOf(client)

    for (const confirmPassword of ['', `${OTHER_PASSWORD} `, OTHER_PASSWORD.toUpperCase()]) {
      await withoutChange(app, () => failInput(client, ['confirmPassword'], name, { ...input, confirmPassword }))
    }
    await change(client, name, { ...input, confirmPassword: OTHER_PASSWORD })

    expect(await letsIn(app, name === 'createUser' ? 'new' : 'bob', OTHER_PASSWORD)).toBe(true)
  })

  test('needs no confirmation if the confirmation is null', async () => {
    const { client, name, input } = sending(OTHER_PASSWORD)
    await change(client, name, { ...input, confirmPassword: null })

    expect(await letsIn(app, name === 'createUser' ? 'new' : 'bob', OTHER_PASSWORD)).toBe(true)
  })

  test('is kept only as a hash', async () => {
    const { client, name, input } = sending(OTHER_PASSWORD)
    await change(client, name, input)

    const text = await databaseText(app)
    for (const secret of [PASSWORD, OTHER_PASSWORD]) {
      expect(text).not.toContain(secret)
      expect(text).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''))
      expect(text).not.toContain(Buffer.from(secret).toString('hex'))
    }
    const hashes = await query<{ hash: string }>(app, sql`select hash from passwords`)
    expect(hashes).toHaveLength(name === 'createUser' ? 2 : 1)
    for (const { hash } of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  })
})

describe('a password is compared exactly as it was given', () => {
  test.each([
    ['blanks before it', '  two blanks before', 'two blanks before'],
    ['blanks after it', 'two blanks after  ', 'two blanks after'],
    ['its case', 'Correct Horse Battery', 'correct horse battery'],
    [
      'its last letter',
      `${'correct horse battery '.repeat(5)}correct horse end.`,
      `${'correct horse battery '.repeat(5)}correct horse end`,
    ],
  ])('with %s', async (_what, password, twin) => {
    await createPerson(app, 'alice', { password })

    expect(await letsIn(app, 'alice', twin)).toBe(false)
    expect(await letsIn(app, 'alice', password)).toBe(true)
  })

  test.each([
    ['composed letters', 'caf\u00e9 au lait, cr\u00e8me', 'cafe\u0301 au lait, cre\u0300me'],
    ['decomposed letters', 'cafe\u0301 au lait, cre\u0300me', 'caf\u00e9 au lait, cr\u00e8me'],
    ['wide letters', '\uff50assword of a kind', 'password of a kind'],
  ])('but in one form of its characters: with %s', async (_what, password, twin) => {
    await change(app.root, 'createUser', { username: 'alice', password, confirmPassword: twin })

    expect([await letsIn(app, 'alice', twin), await letsIn(app, 'alice', password)]).toEqual([true, true])
  })

  test('and two users with the same password have different hashes', async () => {
    await createPerson(app, 'alice')
    const [row] = await query(app, sql`select count(distinct hash)::int as hashes from passwords`)

    expect(row).toEqual({ hashes: 2 })
  })
})

describe('a password made of the names of its user', () => {
  const names = { displayName: 'Roberta Quartermaine', email: 'ziegfeld@thunderbolt.test' }
  const guessable = ['roberta-quartermaine', 'Quartermaine2026', 'Ziegfeld@Thunderbolt.Test', 'Thunderbolt1!']

  test.each(guessable)('is refused in every way to set one: %s', async (password) => {
    await change(app.root, 'updateUser', { user: 'bob', ...names })
    const bob = app.as(basic('bob', PASSWORD))
    await statusOf(bob)

    const answers = await withoutChange(app, async () => [
      await failChange(app.root, 'InvalidInputError', 'createUser', { username: 'new', ...names, password }),
      await failChange(app.root, 'InvalidInputError', 'setUserPassword', { user: 'bob', password }),
      await failChange(bob, 'InvalidInputError', 'changePassword', {
        currentPassword: PASSWORD,
        newPassword: password,
      }),
    ])

    expect(answers.map(({ issues }) => issues)).toEqual(
      ['password', 'password', 'newPassword'].map((path) => [{ path: [path], message: NAMES }]),
    )
  })

  test('is refused where it is the username or the organization', async () => {
    await change(app.root, 'createOrganization', { name: 'quartermaine' })
    const input = { username: 'ziegfeld1901', organization: 'quartermaine' }

    for (const password of ['Ziegfeld1901', 'Quartermaine7']) {
      const { issues } = await withoutWriting(app, () =>
        failChange(app.root, 'InvalidInputError', 'createUser', { ...input, password }),
      )
      expect(issues).toEqual([{ path: ['password'], message: NAMES }])
    }
    await change(app.root, 'createUser', { ...input, password: 'ziegfeld walks a paper moon' })
  })
})

test('a long password is scored in bounded time', async () => {
  await change(app.root, 'createUser', { username: 'first', password: OTHER_PASSWORD })
  const password = '4@8({[<369!|10$5+7%2'.repeat(6).slice(0, 120)

  const started = performance.now()
  await change(app.root, 'createUser', { username: 'second', password })

  expect(performance.now() - started).toBeLessThan(1000)
})

describe('a server with weaker password rules', () => {
  const lax = startApp({ passwordMinLength: 8, allowCommonPasswords: true })

  test('accepts short and common passwords, and names its own minimum', async () => {
    await withoutWriting(lax, () =>
      failInput(lax.root, ['password'], 'createUser', { username: 'bob', password: 'abcdefg' }),
    )
    for (const [username, password] of Object.entries({ alice: '12345678', bob: 'qwerty123456', carol: 'password' })) {
      await change(lax.root, 'createUser', { username, password })
      expect(await letsIn(lax, username, password)).toBe(true)
    }
  })
})

describe('a server with a longer minimum length', () => {
  const strict = startApp({ passwordMinLength: 20 })

  test('refuses a shorter password', async () => {
    const input = { username: 'bob', password: 'nineteen characters' }

    const { issues } = await withoutWriting(strict, () =>
      failChange(strict.root, 'InvalidInputError', 'createUser', input),
    )

    expect(issues).toEqual([{ path: ['password'], message: 'A password has 20 to 128 characters.' }])
    await change(strict.root, 'createUser', { ...input, password: `${input.password}.` })
    expect(await letsIn(strict, 'bob', `${input.password}.`)).toBe(true)
  })
})

describe('creating a user', () => {
  const made = (input: object) =>
    change(app.root, 'createUser', { username: 'alice', ...input }, 'secret apiKey { label } user { username }')

  const SHAPES: [string, { password?: string | null; withApiKey?: boolean | null }, object | null][] = [
    ['a password makes no key', { password: PASSWORD }, null],
    ['a password and null makes no key', { password: PASSWORD, withApiKey: null }, null],
    ['a password and false makes no key', { password: PASSWORD, withApiKey: false }, null],
    ['a password and true makes a key', { password: PASSWORD, withApiKey: true }, { label: 'first key' }],
    ['no password makes a key', {}, { label: 'first key' }],
    ['null for a password makes a key', { password: null }, { label: 'first key' }],
    ['no password and false makes none', { withApiKey: false }, null],
  ]

  test.each(SHAPES)('with %s', async (_what, input, apiKey) => {
    const user = await made(input)

    expect(user.apiKey).toEqual(apiKey)
    expect(user.secret === null).toBe(apiKey === null)
    if (user.secret) expect(await usernameOf(app.as(user.secret))).toBe('alice')
    expect(await letsIn(app, 'alice', PASSWORD)).toBe(typeof input.password === 'string')
  })

  test('with a password is refused for a key with limits, and without key and password is allowed', async () => {
    const limits = [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }]
    const { secret } = await change(app.root, 'createApiKey', { label: 'limited', limits }, 'secret')

    const input = { username: 'alice', password: PASSWORD, withApiKey: false }
    const { extensions } = await withoutWriting(app, () =>
      app.as(secret).refused('FORBIDDEN', changeDocument('createUser'), { input }),
    )

    expect(missingOf(extensions)).toEqual(['a key without limits'])
    await change(app.as(secret), 'createUser', { ...input, password: null })
  })

  test('with a name that is taken leaves the existing password unchanged', async () => {
    const input = { username: 'BOB', password: OTHER_PASSWORD }
    await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'createUser', input))

    expect(await letsIn(app, 'bob', OTHER_PASSWORD)).toBe(false)
    expect(await letsIn(app, 'bob', PASSWORD)).toBe(true)
  })
})

describe('the password of a user', () => {
  test('is deleted with the user, and a new user of the same name can’t sign in with it', async () => {
    expect(await letsIn(app, 'bob', PASSWORD)).toBe(true)

    await change(app.root, 'deleteUser', { user: 'bob' })

    expect(await query(app, sql`select user_id from passwords`)).toEqual([])
    expect(await letsIn(app, 'bob', PASSWORD)).toBe(false)
    await createUser(app, 'bob')
    expect(await letsIn(app, 'bob', PASSWORD)).toBe(false)
  })

  test('does not come back when the user is restored, and a new one can be set', async () => {
    const bob = given()
    await change(app.root, 'deleteUser', { user: 'bob' })

    await change(app.root, 'restoreUser', { id: bob.id })
    await change(app.root, 'enableUser', { user: 'bob' })

    expect(await letsIn(app, 'bob', PASSWORD)).toBe(false)
    await change(app.root, 'setUserPassword', { user: 'bob', password: PASSWORD })
    expect(await letsIn(app, 'bob', PASSWORD)).toBe(true)
  })
})

test('Node computes the same as the library, which an installation may lack', async () => {
  const [message, nonce] = ['correct horse battery', Buffer.alloc(16, 7)]
  const parameters = { message, nonce, memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }

  const tag = await computeByNode(parameters)

  expect(tag).toEqual(await argon2.hashRaw(message, { salt: nonce, memoryCost: 19_456, timeCost: 2, parallelism: 1 }))
})
