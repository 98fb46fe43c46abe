import argon2 from '@node-rs/argon2'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createUser } from '../../support/seed.ts'
import { basic, createPerson, PASSWORD, SIGN_IN, VIEWER } from '../../support/sessions.ts'

const app = startApp()

const WAYS: [string, (username: string, password: string) => Promise<unknown>][] = [
  ['signIn', (username, password) => app.nobody.send(SIGN_IN, { username, password })],
  ['Basic', (username, password) => app.as(basic(username, password)).send(VIEWER)],
]

describe.each(WAYS)('users can’t be told apart by the time of an answer, by %s:', (_way, ask) => {
  test.each([
    ['one who gives the right password', 'bob', PASSWORD],
    ['one who gives a wrong password', 'bob', 'wrong'],
    ['one who is missing', 'missing', PASSWORD],
    ['one who has no password', 'keyed', PASSWORD],
    ['one who is disabled', 'disabled', PASSWORD],
    ['one who was deleted', 'deleted', PASSWORD],
    ['a service user', 'api-bot', PASSWORD],
    ['what is no name', 'no name at all', PASSWORD],
    ['no password', 'bob', ''],
  ])('exactly one hash is verified for %s', async (_who, username, password) => {
    await createPerson(app, 'bob')
    await createUser(app, 'keyed')
    await createPerson(app, 'disabled')
    await change(app.root, 'disableUser', { user: 'disabled' })
    await createPerson(app, 'deleted')
    await change(app.root, 'deleteUser', { user: 'deleted' })
    await change(app.root, 'createServiceUser', { username: 'bot', email: 'bob@example.test' })
    const verify = vi.spyOn(argon2, 'verify')
    onTestFinished(() => verify.mockRestore())

    await ask(username, password)

    expect(verify).toHaveBeenCalledTimes(1)
  })
})
