/** A credential that gets other attributes in place. */
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { eventsOf } from '../../support/audit.ts'
import { change, changeDocument } from '../../support/change.ts'
import { addCredential, reveal } from '../../support/credentials.ts'
import { createController } from '../../support/levels.ts'
import { databaseText, withoutWriting } from '../../support/rows.ts'
import { createUser } from '../../support/seed.ts'

const app = startApp()
const OLD_SECRET = 'the-old-secret-0123456789'
const NEW_SECRET = 'the-new-secret-0123456789'
const USERPASS = { userpass: { username: 'bob', password: NEW_SECRET } }

/** Bob, whose credential aws a model uses, and carol. */
const given = app.world(async () => {
  await createController(app, 'gce1')
  const [bob, carol] = [await createUser(app, 'bob'), await createUser(app, 'carol')]
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'ADD_MODEL' })
  const aws = await addCredential(bob.client, 'aws', OLD_SECRET)
  await change(bob.client, 'createModel', { controller: 'gce1', name: 'web', credential: 'aws' })
  return { bob, carol, aws }
})

test('a credential is replaced in place: models go on using it, and nothing of the old secret is left', async () => {
  const { bob } = given()

  const { credential } = await change(
    bob.client,
    'replaceCredential',
    { name: 'AWS', attributes: USERPASS },
    'credential { id name type attributes { name value isSecret } }',
  )

  expect(credential).toMatchObject({ name: 'aws', type: 'USERPASS' })
  expect(credential.attributes).toEqual([
    { name: 'username', value: 'bob', isSecret: false },
    { name: 'password', value: null, isSecret: true },
  ])
  const { model } = await bob.client.ok('{ model(controller: "gce1", name: "web") { credential { id type } } }')
  expect(model.credential).toEqual({ id: credential.id, type: 'USERPASS' })
  const revealed = await reveal(bob.client, 'aws')
  expect(JSON.stringify(revealed)).toContain(NEW_SECRET)
  const stored = await databaseText(app)
  expect(stored).not.toContain(NEW_SECRET)
  expect(stored).not.toContain(OLD_SECRET)
})

test('a locked credential is unlocked by other attributes', async () => {
  const { bob } = given()
  await change(app.root, 'createApiKey', { user: 'bob', label: 'of another' })
  const locked = await bob.client.ok(changeDocument('revealCredential'), { input: { name: 'aws' } })
  expect(locked.revealCredential.__typename).toBe('ConflictError')

  await change(bob.client, 'replaceCredential', { name: 'aws', attributes: USERPASS })

  expect(JSON.stringify(await reveal(bob.client, 'aws'))).toContain(NEW_SECRET)
})

test('the audit says that it was replaced, also by attributes of the same names, and never by what', async () => {
  const { bob } = given()
  for (const password of ['first-secret-0123', 'second-secret-0123']) {
    await change(bob.client, 'replaceCredential', {
      name: 'aws',
      attributes: { userpass: { username: 'bob', password } },
    })
  }

  const events = await eventsOf(app.root, { action: 'replaceCredential' })

  expect(events).toHaveLength(2)
  expect(JSON.stringify(events)).not.toMatch(/(first|second)-secret/)
})

test('the credential of another is none, and an attribute is not empty', async () => {
  const { carol, bob } = given()
  await withoutWriting(app, async () => {
    const hidden = await carol.client.ok(changeDocument('replaceCredential'), {
      input: { user: 'bob', name: 'aws', attributes: USERPASS },
    })
    const empty = await bob.client.ok(changeDocument('replaceCredential'), {
      input: { name: 'aws', attributes: { userpass: { username: '', password: 'a secret' } } },
    })
    expect(hidden.replaceCredential.__typename).toBe('NotFoundError')
    expect(empty.replaceCredential).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['attributes', 'userpass', 'username'] }],
    })
  })
})
