import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { inDays } from '../support/look.ts'
import { missingOf } from '../support/missing.ts'
import { withoutWriting } from '../support/rows.ts'
import { createApiKey, createUser } from '../support/seed.ts'
import { PASSWORD } from '../support/sessions.ts'
import { ed25519Line } from '../support/ssh-wire.ts'

const app = startApp()

/** A key of root that ends tomorrow, and bob. */
const world = app.world(async () => {
  const { key } = await createApiKey(app.root, { expiresAt: inDays(1) })
  await createUser(app, 'bob')
  return app.as(key)
})

const LASTING: [string, string, object][] = [
  ['an administrator with a password', 'createUser', { username: 'eve', isAdmin: true, password: PASSWORD }],
  ['a password of another user', 'setUserPassword', { user: 'bob', password: PASSWORD }],
  ['an ssh key of another user', 'addSshKey', { user: 'bob', key: ed25519Line() }],
  ['an ssh key of its own user', 'addSshKey', { key: ed25519Line() }],
]

describe('a key that ends', () => {
  test.each(LASTING)('does not make %s: it would last longer than the key', async (_what, name, input) => {
    const refused = () => world().refused('FORBIDDEN', changeDocument(name), { input })

    const { extensions } = await withoutWriting(app, refused)

    expect(missingOf(extensions)).toEqual(['a key without an end'])
  })

  test('makes a user whose first key ends with it', async () => {
    const made = await change(world(), 'createUser', { username: 'eve' }, 'apiKey { expiresAt }')
    const { viewer } = await world().ok('{ viewer { apiKey { expiresAt } } }')

    expect(made.apiKey).toEqual(viewer.apiKey)
  })

  test('is told so by viewerCan… and by checkAccess', async () => {
    const { user } = await world().ok('{ user(username: "bob") { viewerCanSetPassword viewerCanAddSshKey } }')
    const questions = LASTING.map(([, name, input]) => ({ mutation: { [name]: input } }))
    const { checkAccess } = await world().ok(
      'query ($input: CheckAccessInput!) { checkAccess(input: $input) { isAllowed } }',
      { input: { questions } },
    )

    expect(user).toEqual({ viewerCanSetPassword: false, viewerCanAddSshKey: false })
    expect(checkAccess).toEqual(LASTING.map(() => ({ isAllowed: false })))
  })
})

test.each(LASTING)('a key without an end makes %s', async (_what, name, input) => {
  await change(app.root, name, input)
})
