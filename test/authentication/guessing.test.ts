import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { listen } from '../../src/http/server.ts'
import type { Client } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import {
  at,
  byBasic,
  bySignIn,
  countOf,
  type Guess,
  guessRight,
  guessWrong,
  outcomeOf,
  startBehindProxy,
} from '../support/guesses.ts'
import { statusOf } from '../support/look.ts'
import { databaseText, query } from '../support/rows.ts'
import { openTestServices } from '../support/services.ts'
import { basic, createPerson, OTHER_PASSWORD, PASSWORD, SIGN_IN, withoutChange } from '../support/sessions.ts'

const app = startBehindProxy()

const HERE = '203.0.113.9'
const ELSEWHERE = '198.51.100.7'
const TIMES = process.env.CHATELAINE_LONG ? 1000 : 30

const WAYS: [string, Guess][] = [
  ['signIn', bySignIn],
  ['Basic', byBasic],
]

const mixed: Guess = (...guess) => (Number(guess[3].slice(-1)) % 2 ? byBasic(...guess) : bySignIn(...guess))

/** This number of wrong guesses at the same time, all different. */
async function guessAtOnce(times: number, guess: Guess): Promise<Record<string, number>> {
  const guesses = Array.from({ length: times }, (_, index) => guess(app, HERE, 'bob', `wrong guess ${index}`))
  return countOf((await Promise.all(guesses)).map(outcomeOf))
}

describe('many guesses at the same time at one user from one address', () => {
  test.each([...WAYS, ['both', mixed] as [string, Guess]])('are limited to ten, by %s', async (_way, guess) => {
    await createPerson(app, 'bob')

    const outcomes = await withoutChange(app, () => guessAtOnce(TIMES, guess))

    expect(outcomes).toEqual({ wrong: 10, limited: TIMES - 10 })
    for (const [, way] of WAYS) expect(await guessRight(app, HERE, { guess: way })).toBe('limited')
    const started = performance.now()
    for (const [, way] of WAYS) expect(await guessRight(app, ELSEWHERE, { guess: way })).toBe('in')
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('count once if they are all the same', async () => {
    await createPerson(app, 'bob')

    const outcomes = await Promise.all(Array.from({ length: 9 }, () => byBasic(app, HERE, 'bob', 'wrong')))

    expect(countOf(outcomes.map(outcomeOf))).toEqual({ wrong: 9 })
    expect(await guessRight(app, HERE)).toBe('in')
  })

  test('can’t be made by aliases in one request', async () => {
    await createPerson(app, 'bob')
    const tries = Array.from({ length: 20 }, (_, index) => {
      const password = index === 19 ? PASSWORD : `wrong guess ${index}`
      return `a${index}: signIn(input: { username: "bob", password: "${password}" }) { __typename }`
    })

    const { data } = await withoutChange(app, () => app.as(at(HERE)).send(`mutation { ${tries.join(' ')} }`))

    expect(data).toBe(null)
    expect(await query(app, sql`select key from password_guesses`)).toEqual([])
  })
})

describe('too many guesses', () => {
  test('are answered with 429 and the time to wait', async () => {
    await createPerson(app, 'bob')
    await guessWrong(app, 10, HERE)

    for (const [name, guess] of WAYS) {
      const { status, headers, errors, data } = await withoutChange(app, () => guess(app, HERE, 'bob', PASSWORD))

      const [error, ...others] = errors
      expect([name, status, error?.extensions.code, others]).toEqual([name, 429, 'RATE_LIMITED', []])
      expect(headers.get('www-authenticate')).toBe(null)
      const seconds = Number(headers.get('retry-after'))
      expect(error?.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterSeconds: seconds })
      expect([seconds > 840, seconds <= 900]).toEqual([true, true])
      expect(data?.viewer ?? data?.signIn ?? null).toBe(null)
    }
  })

  test('are forgotten after the time to wait', async () => {
    await createPerson(app, 'bob')
    await guessWrong(app, 10, HERE)
    expect(await guessRight(app, HERE)).toBe('limited')

    await query(app, sql`update password_guesses set expire = now() - interval '1 second'`)

    expect(await guessRight(app, HERE)).toBe('in')
  })

  test('do not extend the time to wait', async () => {
    await createPerson(app, 'bob')
    await guessWrong(app, 10, HERE)
    const [before] = await query(app, sql`select max(expire)::text as expire from password_guesses`)

    await guessWrong(app, 10, HERE, { from: 10 })

    expect(await query(app, sql`select max(expire)::text as expire from password_guesses`)).toEqual([before])
  })

  test('are counted together in any case of the username', async () => {
    await createPerson(app, 'bob')
    for (const username of ['bob', 'BOB', 'Bob', 'boB', 'BOb']) {
      expect(await guessWrong(app, 2, HERE, { username })).toEqual(['wrong', 'wrong'])
    }

    expect(await guessRight(app, HERE, { username: 'bOb' })).toBe('limited')
  })

  test('are limited for a user who does not exist too', async () => {
    expect(await guessWrong(app, 10, HERE, { username: 'missing' })).toEqual(Array(10).fill('wrong'))

    expect(await guessWrong(app, 1, HERE, { username: 'missing', from: 10 })).toEqual(['limited'])
  })

  test('at one user do not limit other users', async () => {
    await createPerson(app, 'bob')
    await createPerson(app, 'alice')

    await guessWrong(app, 10, HERE)

    expect(await guessRight(app, HERE)).toBe('limited')
    expect(await guessRight(app, HERE, { username: 'alice' })).toBe('in')
  })

  test('do not limit keys and sessions', async () => {
    const { key } = await createPerson(app, 'bob', { withApiKey: true })
    const { data } = await bySignIn(app, HERE, 'bob', PASSWORD)

    await guessWrong(app, 10, HERE)

    expect(await statusOf(app.as({ ...at(HERE), 'api-key': key ?? '' }))).toBe(200)
    expect(await statusOf(app.as({ ...at(HERE), authorization: `Bearer ${data.signIn.token}` }))).toBe(200)
  })

  test.each(WAYS)('refuse a password that was right before, by %s', async (_way, guess) => {
    await createPerson(app, 'bob')
    expect([await guessRight(app, HERE, { guess }), await guessRight(app, HERE, { guess })]).toEqual(['in', 'in'])

    await guessWrong(app, 10, HERE, { guess })

    expect(await guessRight(app, HERE, { guess })).toBe('limited')
  })

  test('are counted on all servers of the database, and after a restart', async () => {
    await createPerson(app, 'bob')
    await guessWrong(app, 6, HERE)
    const second = await listen(await openTestServices(app.database, { trustedProxies: ['loopback'] }))
    try {
      const there = { as: (headers: Record<string, string>) => clientOf(second.url, headers) }

      expect(await guessWrong(there, 5, HERE, { from: 6 })).toEqual([...Array(4).fill('wrong'), 'limited'])
      expect(await guessRight(there, HERE)).toBe('limited')
      expect(await guessRight(app, HERE)).toBe('limited')
      expect(await guessRight(there, ELSEWHERE)).toBe('in')
    } finally {
      await second.close()
    }
  })
})

/** Requests to a second server. */
function clientOf(url: string, headers: Record<string, string>): Pick<Client, 'send'> {
  return {
    async send(document, variables = {}) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: document, variables }),
      })
      const { data = null, errors = [] } = await response.json()
      return { status: response.status, headers: response.headers, data, errors }
    },
  }
}

describe('a right password', () => {
  test('is right in many requests at the same time', async () => {
    await createPerson(app, 'bob')

    for (const [, guess] of WAYS) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => guess(app, HERE, 'bob', PASSWORD)))
      expect(countOf(answers.map(outcomeOf))).toEqual({ in: 20 })
    }
  })

  test.each(WAYS)('resets the count every time, by %s', async (_way, guess) => {
    await createPerson(app, 'bob')

    for (let round = 0; round < 4; round++) {
      expect([round, await guessWrong(app, 9, HERE, { guess, from: round * 9 })]).toEqual([
        round,
        Array(9).fill('wrong'),
      ])
      expect([round, await guessRight(app, HERE, { guess })]).toEqual([round, 'in'])
    }
  })

  test('of one user does not reset the count of another user', async () => {
    await createPerson(app, 'bob')
    await createPerson(app, 'mallory')

    for (let made = 0; made < 10; made++) {
      await guessWrong(app, 1, HERE, { from: made })
      await guessRight(app, HERE, { username: 'mallory' })
    }

    expect(await guessRight(app, HERE)).toBe('limited')
  })
})

describe('the current password, which changePassword asks for,', () => {
  const CHANGE = changeDocument('changePassword')

  async function guessCurrent(key: string, address: string, currentPassword: string, dryRun = false) {
    const input = { currentPassword, newPassword: OTHER_PASSWORD }
    const { data, errors } = await app.as({ ...at(address), 'api-key': key }).send(CHANGE, { input, dryRun })
    return data?.changePassword?.__typename ?? errors[0]?.extensions.code
  }

  test.each([
    ['for real', false],
    ['in dry runs', true],
  ])('can be guessed ten times %s and not more', async (_what, dryRun) => {
    const { key } = await createPerson(app, 'bob', { withApiKey: true })

    const outcomes = []
    for (let made = 0; made < 11; made++) outcomes.push(await guessCurrent(key ?? '', HERE, `wrong ${made}`, dryRun))

    expect(outcomes).toEqual([...Array(10).fill('InvalidInputError'), 'RATE_LIMITED'])
    expect(await guessCurrent(key ?? '', HERE, PASSWORD)).toBe('RATE_LIMITED')
    expect(await guessRight(app, HERE)).toBe('limited')
    expect(await guessRight(app, ELSEWHERE)).toBe('in')
  })
})

describe('a typed username or password', () => {
  test('is not stored in clear text', async () => {
    await createPerson(app, 'bob')
    const typed = ['hunter2-typed-as-a-name', 'hunter3-typed-as-a-password']

    await bySignIn(app, HERE, typed[0] ?? '', typed[1] ?? '')
    await byBasic(app, HERE, typed[1] ?? '', typed[0] ?? '')
    await app.as({ ...at(HERE), ...basic('bob', typed[1] ?? '') }).send(SIGN_IN, { username: typed[0], password: 'x' })

    const [counted] = await query(app, sql`select count(*)::int as rows from password_guesses`)
    expect(counted).toEqual({ rows: 4 })
    const text = await databaseText(app)
    for (const secret of typed) {
      for (const form of ['utf8', 'base64', 'hex'] as const) {
        expect(text).not.toContain(Buffer.from(secret).toString(form).replace(/=+$/, ''))
      }
    }
  })
})
