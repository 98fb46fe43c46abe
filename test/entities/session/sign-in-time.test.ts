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

describe.each(WAYS)('the time of an answer does not tell users apart, by %s:', (_way, ask) => {
  // Of its own for each way: a password that was right is remembered for a while.
  app.world(async () => {
    await createPerson(app, 'bob')
    await createUser(app, 'keyed')
    await createPerson(app, 'disabled')
    await change(app.root, 'disableUser', { user: 'disabled' })
    await createPerson(app, 'deleted')
    await change(app.root, 'deleteUser', { user: 'deleted' })
    await change(app.root, 'createServiceUser', { username: 'bot', email: 'bob@example.test' })
  })

  test.each([
    ['a user who gives the right password', 'bob', PASSWORD],
    ['a user who gives a wrong password', 'bob', 'wrong'],
    ['a user who does not exist', 'missing', PASSWORD],
    ['a user without a password', 'keyed', PASSWORD],
    ['a user who is disabled', 'disabled', PASSWORD],
    ['a user who was deleted', 'deleted', PASSWORD],
    ['a service user', 'api-bot', PASSWORD],
    ['a text that is no name', 'no name at all', PASSWORD],
    ['an empty password', 'bob', ''],
  ])('the server verifies exactly one hash for %s', async (_who, username, password) => {
    // The hash of nobody is computed once.
    await ask('nobody', PASSWORD)
    const verify = vi.spyOn(argon2, 'hashRaw')
    onTestFinished(() => verify.mockRestore())

    await ask(username, password)

    expect(verify).toHaveBeenCalledTimes(1)
  })
})
