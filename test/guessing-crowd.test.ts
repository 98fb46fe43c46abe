/** Passwords are hashed a few at a time, and only so many wait: who comes then is refused, and has not guessed. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { hashPassword } from '../src/password/hash.ts'
import { type Answer, type Client, startApp } from './support/app.ts'
import { changeDocument } from './support/change.ts'
import { byBasic, bySignIn, countOf, type Guess, guessRight, guessWrong } from './support/guesses.ts'
import { query } from './support/rows.ts'
import { createUser } from './support/seed.ts'
import { createPerson, OTHER_PASSWORD, PASSWORD } from './support/sessions.ts'
import { wordOf } from './support/word.ts'

const app = startApp()

const HERE = '127.0.0.1'

/** More than there is room for: 4 are computed and 64 wait; some are done before the last has come. */
const CROWD = 200

/** Requests at once by somebody who may make them, each of which has a password hashed. */
function crowd(client: Client, name: string, inputOf: (index: number) => object): Promise<Answer[]> {
  const document = changeDocument(name)
  return Promise.all(Array.from({ length: CROWD }, (_, index) => client.send(document, { input: inputOf(index) })))
}

/** They are refused for a moment, and nothing else is. */
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

describe('of many who have a password hashed at once those for whom there is no room are refused', () => {
  test('and their users are not created', async () => {
    const answers = await crowd(app.root, 'createUser', (index) => ({
      username: `user${index}`,
      password: OTHER_PASSWORD,
    }))

    expectForAMoment(answers.filter((answer) => wordOf(answer) === 'RATE_LIMITED'))
    const { RATE_LIMITED = 0, done = 0 } = countOf(answers.map(wordOf))
    expect(RATE_LIMITED + done).toBe(CROWD)
    const { users } = await app.root.ok('{ users(first: 1) { totalCount } }')
    expect(users.totalCount).toBe(done + 1)
  })

  test('and one of them sets the password', async () => {
    const eve = await createUser(app, 'eve')

    const answers = await crowd(eve.client, 'changePassword', () => ({ newPassword: OTHER_PASSWORD }))

    expectForAMoment(answers.filter((answer) => wordOf(answer) === 'RATE_LIMITED'))
    const { RATE_LIMITED = 0, done = 0, Conflict = 0, InvalidInput = 0 } = countOf(answers.map(wordOf))
    expect([done, RATE_LIMITED + done + Conflict + InvalidInput]).toEqual([1, CROWD])
  })
})

/** As many as are computed and wait at once. */
const ROOM = 4 + 64

/** Runs something while there is no room: whatever is done makes way for another. */
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
])('a password that nobody had the time to look at: %s', (_way, guess) => {
  /** More than may be guessed. */
  const TIMES = 12

  test.each([
    ['the right one', PASSWORD],
    ['a wrong one', 'wrong as can be'],
  ])('is no guess: %s', async (_what, password) => {
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

  test('is looked at afterwards', async () => {
    await createPerson(app, 'bob')

    const unseen = await withoutRoom(() => guess(app, HERE, 'bob', PASSWORD))

    expectForAMoment([unseen])
    expect(await guessRight(app, HERE, { guess })).toBe('in')
  })

  test('is no guess beside those that were looked at before', async () => {
    await createPerson(app, 'bob')
    await guessWrong(app, 4, HERE, { guess })

    await withoutRoom(() => guess(app, HERE, 'bob', 'nobody looks at it'))

    expect(countOf(await guessWrong(app, 7, HERE, { guess, from: 4 }))).toEqual({ wrong: 6, limited: 1 })
  })
})
