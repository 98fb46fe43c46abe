import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failChange } from '../../support/change.ts'
import { statusOf } from '../../support/look.ts'
import { query, withoutWriting } from '../../support/rows.ts'
import { createUser } from '../../support/seed.ts'
import { basic, createPerson, PASSWORD, SIGN_IN, signIn, VIEWER, withoutChange } from '../../support/sessions.ts'

const app = startApp()

/** All that a client gets of an answer, but for what names the request. */
async function wholeAnswer(headers: Record<string, string>, body: object): Promise<object> {
  const response = await fetch(app.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const { 'x-request-id': id, date, ...rest } = Object.fromEntries(response.headers)
  expect([typeof id, typeof date]).toEqual(['string', 'string'])
  return { status: response.status, headers: rest, body: await response.text() }
}

const bySignIn = (username: string, password: string) =>
  wholeAnswer({}, { query: SIGN_IN, variables: { username, password } })

const byBasic = (username: string, password: string) => wholeAnswer(basic(username, password), { query: VIEWER })

/** The users who can't sign in, and bob, who gives a wrong password; the service user gives its key. */
const given = app.world(async () => {
  await createPerson(app, 'bob')
  await createUser(app, 'keyed')
  const bot = await change(app.root, 'createServiceUser', { username: 'bot', email: 'bob@example.test' }, 'secret')
  await createPerson(app, 'disabled')
  await change(app.root, 'disableUser', { user: 'disabled' })
  await createPerson(app, 'deleted')
  await change(app.root, 'deleteUser', { user: 'deleted' })
  return { bot: app.as(bot.secret) }
})

const WAYS: [string, typeof bySignIn, [number, string | null], object][] = [
  [
    'signIn',
    bySignIn,
    [200, null],
    {
      data: {
        signIn: {
          __typename: 'WrongCredentialsError',
          code: 'WRONG_CREDENTIALS',
          message: 'The username or password is not right.',
        },
      },
    },
  ],
  [
    'Basic',
    byBasic,
    [401, 'Bearer'],
    { errors: [{ message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } }] },
  ],
]

describe('a user who can’t sign in gets the same answer as a user with a wrong password', () => {
  test.each(WAYS)('in every byte, by %s', async (_way, ask, [status, challenge], body) => {
    const reference = (await ask('bob', 'wrong')) as { status: number; headers: Record<string, string>; body: string }

    for (const username of ['missing', 'keyed', 'api-bot', 'disabled', 'deleted', 'no name at all', 'root']) {
      expect({ username, answer: await withoutChange(app, () => ask(username, PASSWORD)) }).toEqual({
        username,
        answer: reference,
      })
    }

    expect([reference.status, reference.headers['www-authenticate'] ?? null]).toEqual([status, challenge])
    expect(JSON.parse(reference.body)).toEqual(body)
  })

  test('although the given password is the right one', async () => {
    await change(app.root, 'enableUser', { user: 'disabled' })

    expect(await statusOf((await signIn(app, 'disabled')).client)).toBe(200)
    expect(await statusOf((await signIn(app, 'bob')).client)).toBe(200)
  })
})

describe('a service user', () => {
  test('can’t be given a password', async () => {
    const input = { user: 'api-bot', password: PASSWORD }
    const error = await withoutWriting(app, () => failChange(app.root, 'ConflictError', 'setUserPassword', input))

    expect(error.message).toBe('A service user has API keys and no password.')
  })

  test('can’t set a password for itself', async () => {
    const { bot } = given()
    const input = { newPassword: PASSWORD }
    await withoutWriting(app, () => failChange(bot, 'ConflictError', 'changePassword', input))

    const names = sql`select u.username from passwords as p join users as u on u.id = p.user_id order by 1`
    expect(await query(app, names)).toEqual(['bob', 'disabled'].map((username) => ({ username })))
  })
})
