/** Few passwords are hashed at the same time, and few requests wait: others are refused, and are not guesses. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { hashPassword } from '../../src/entities/password/hash.ts'
import { type Answer, startApp } from '../support/app.ts'
import { byBasic, bySignIn, countOf, type Guess, guessRight, guessWrong } from '../support/guesses.ts'
import { query } from '../support/rows.ts'
import { createPerson, OTHER_PASSWORD, PASSWORD } from '../support/sessions.ts'

const app = startApp()

const HERE = '127.0.0.1'

/** They are refused, with a second to wait. */
function expectForAMoment(answers: Answer[]) {
  expect(answers.length).toBeGreaterThan(0)
  for (const { status, headers, errors } of answers) {
    expect([status, headers.get('retry-after'), errors.map(({ extensions }) => extensions.code)]).toEqual([
      429,
      '1',
      ['RATE_LIMITED'],
    ])
  }
}

/** The number of passwords that are computed or wait at the same time. */
const ROOM = 4 + 64

/** Runs something while there is no room: each hash that is done is followed by another. */
async function withoutRoom<T>(act: () => Promise<T>): Promise<T> {
  let isOver = false
  const keepBusy = async () => {
    while (!isOver) await hashPassword(OTHER_PASSWORD)
  }
  const all = Array.from({ length: ROOM }, keepBusy)
  try {
    return await act()
  } finally {
    isOver = true
    await Promise.all(all)
  }
}

describe.each<[string, Guess]>([
  ['signIn', bySignIn],
  ['Basic', byBasic],
])('a password that the server had no time to check, by %s,', (_way, guess) => {
  /** More than may be guessed. */
  const TIMES = 12

  test.each([
    ['the right one', PASSWORD],
    ['a wrong one', 'wrong as can be'],
  ])('is not counted as a guess: %s', async (_what, password) => {
    await createPerson(app, 'bob')

    const unseen = await withoutRoom(async () => {
      const answers: Answer[] = []
      while (answers.length < TIMES) answers.push(await guess(app, HERE, 'bob', password))
      return answers
    })

    expectForAMoment(unseen)
    expect(await query(app, sql`select key from password_guesses where points > 0`)).toEqual([])
    expect(await query(app, sql`select from audit_events where outcome = 'REFUSED'`)).toEqual([])
    expect(countOf(await guessWrong(app, 11, HERE, { guess }))).toEqual({ wrong: 10, limited: 1 })
  })

  test('can be checked afterwards', async () => {
    await createPerson(app, 'bob')

    const unseen = await withoutRoom(() => guess(app, HERE, 'bob', PASSWORD))

    expectForAMoment([unseen])
    expect(await guessRight(app, HERE, { guess })).toBe('in')
  })

  test('is not counted in addition to earlier guesses', async () => {
    await createPerson(app, 'bob')
    await guessWrong(app, 4, HERE, { guess })

    await withoutRoom(() => guess(app, HERE, 'bob', 'nobody looks at it'))

    expect(countOf(await guessWrong(app, 7, HERE, { guess, from: 4 }))).toEqual({ wrong: 6, limited: 1 })
  })
})
