/** What checkAccess once told wrong, each in the smallest way that shows it. */
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { ask, CHECK, check, EVERYWHERE, explain, have, may, wayInWords } from '../support/check.ts'
import { get } from '../support/http.ts'
import { createController, createModel } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../support/seed.ts'
import { createGate } from '../support/verify.ts'
import { chainOf } from './check/chain.ts'
import { tryOut } from './check/tried.ts'

const app = startApp()
const mutation = (name: string, input: object) => ({ mutation: { [name]: input } })

test('throughModel: the name of a model that the caller does not see is null', async () => {
  await createOrganization(app, 'globex')
  await createController(app, 'gce1', 'globex')
  await createModel(app.root, 'gce1', 'secret')
  await createUser(app, 'bob')
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'secret', access: 'READ' })
  const gate = await createGate(app, 'gate', 'default')
  await change(app.root, 'grantControllerAccess', { user: 'gate', controller: 'gce1', access: 'LOGIN' })

  expect(await gate.client.ok('{ model(controller: "gce1", name: "secret") { name } }')).toEqual({ model: null })
  const ways = await chainOf(gate.client, { user: 'bob' }, have('LOGIN', 'gce1'))
  expect(ways.map(({ throughModel }) => throughModel)).toEqual([null])
})

test('grantors: there are none for a suspended user who lacks nothing', async () => {
  await createUser(app, 'bob', { roles: [{ role: 'AUDITOR', ...EVERYWHERE }] })
  await change(app.root, 'disableUser', { user: 'bob' })

  expect(await ask(app.root, { user: 'bob' }, [may('audit.read', EVERYWHERE)])).toEqual([
    { code: 'INACTIVE', missing: [], grantors: [] },
  ])
})

test('grantors of a mutation: there are at most twenty, ordered by name without regard to case', async () => {
  await createProject(app, 'apollo')
  await createUser(app, 'bob')
  await createRole(app, 'ONE', ['roles.grant', 'project.update'])
  await createRole(app, 'TWO', ['roles.grant', 'projects.manage'])
  for (let n = 10; n < 21; n++) await createUser(app, `one${n}`, { roles: [{ role: 'ONE', ...EVERYWHERE }] })
  for (let n = 10; n < 21; n++) await createUser(app, `Two${n}`, { roles: [{ role: 'TWO', ...EVERYWHERE }] })

  const [told] = await ask(app.root, { user: 'bob' }, [mutation('updateProject', { project: 'apollo' })])

  const names = Array.from({ length: 11 }, (_, n) => `one${n + 10}`)
  const more = Array.from({ length: 8 }, (_, n) => `Two${n + 10}`)
  expect(told?.grantors).toEqual([...names, 'root', ...more])
})

test('a key that expires cannot create a key that lasts longer, and checkAccess says so', async () => {
  const bob = await createUser(app, 'bob')
  const { key } = await createApiKey(bob.client, { expiresAt: inDays(1) })
  const input = { label: 'more', expiresAt: inDays(2) }

  expect((await tryOut(app.as(key), 'createApiKey', input)).word).toBe('MissingAuthorityError')
  expect(await check(app.as(key), {}, [mutation('createApiKey', input)])).toEqual(['NOT_HELD'])
})

test('a key that expires cannot set a first password, and checkAccess says so', async () => {
  const bob = await createUser(app, 'bob')
  const { key } = await createApiKey(bob.client, { expiresAt: inDays(1) })
  const input = { newPassword: 'a very long password' }

  expect((await tryOut(app.as(key), 'changePassword', input)).word).toBe('FORBIDDEN')
  expect(await check(app.as(key), {}, [mutation('changePassword', input)])).toEqual(['NOT_HELD'])
})

test('needs: each missing permission appears once', async () => {
  const bob = await createUser(app, 'bob')
  const { key } = await createApiKey(bob.client, { limits: [] })
  const question = mutation('changePassword', { newPassword: 'a very long password' })

  expect(await ask(app.root, { apiKey: key }, [question])).toEqual([
    { code: 'NOT_HELD', missing: [{ what: 'a key without limits', where: null }], grantors: [] },
  ])
})

test('HIDDEN: the answer where the user sees a thing and their limited key does not', async () => {
  await createOrganization(app, 'acme')
  const limits = [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }]
  const { key } = await createApiKey(app.root, { limits })
  const question = mutation('updateOrganization', { organization: 'acme', title: 'Acme' })

  expect(await check(app.root, { apiKey: key }, [question])).toEqual(['HIDDEN'])
})

test('until: a key that ends tomorrow allows until tomorrow', async () => {
  const expiresAt = inDays(1)
  const { key } = await createApiKey(app.root, { expiresAt: expiresAt })

  const ways = await chainOf(app.root, { apiKey: key }, may('doc.edit', EVERYWHERE))
  expect(ways.map((way) => way.expiresAt)).toEqual([expiresAt])
})

test('grantors: they are named also for a permission that the guard misses', async () => {
  await createRole(app, 'GIVER', ['roles.grant'])
  await createUser(app, 'bob', { roles: [{ role: 'GIVER', ...EVERYWHERE }] })
  const question = mutation('grantRoles', { user: 'bob', roles: [{ role: 'AUDITOR', ...EVERYWHERE }] })

  const [told] = await ask(app.root, { user: 'bob' }, [question])
  expect([told?.code, told?.grantors]).toEqual(['NOT_HELD', ['root']])
})

test('a secret in the input of a questioned mutation is refused in a URL', async () => {
  const input = { questions: [mutation('setUserPassword', { user: 'root', password: 'a very long password' })] }
  const { data, errors } = await (await get(app, { query: CHECK, variables: JSON.stringify({ input }) })).json()

  expect([data, errors?.[0].extensions.code]).toEqual([{ checkAccess: null }, 'BAD_USER_INPUT'])
})

test('ways of a mutation: each fact appears once', async () => {
  await createProject(app, 'apollo')

  const ways = await chainOf(app.root, {}, mutation('updateProject', { project: 'apollo' }))
  expect(ways.map(({ via, role }) => `${via} ${role}`)).toEqual(['ROLE ADMINISTRATOR'])
})

test('an answer about another user does not depend on what the caller owns by the same name', async () => {
  const chief = await createUser(app, 'chief', { isAdmin: true })
  const attributes = { userpass: { username: 'a', password: 'b' } }
  const question = mutation('revealCredential', { name: 'own' })
  const before = await check(app.root, { user: 'chief' }, [question])
  await change(app.root, 'addCredential', { name: 'own', attributes })

  expect(await check(app.root, { user: 'chief' }, [question])).toEqual(before)
  expect(chief.id).toBeTruthy()
})

test('needs: a permission that is not held long enough is named as such', async () => {
  await createProject(app, 'apollo')
  await createRole(app, 'GIVER', ['roles.grant', 'users.read'])
  await createRole(app, 'EDITOR', ['doc.edit'])
  const editor = { role: 'EDITOR', ...EVERYWHERE, expiresAt: inDays(1) }
  const man = await createUser(app, 'man', { roles: [{ role: 'GIVER', ...EVERYWHERE }, editor] })
  await createUser(app, 'bob')
  const roles = [{ role: 'EDITOR', project: 'apollo' }]

  const told = await ask(man.client, {}, [
    mutation('grantRoles', { user: 'bob', roles }),
    mutation('grantRoles', { user: 'bob', roles: roles.map((role) => ({ ...role, expiresAt: editor.expiresAt })) }),
    may('doc.edit', { project: 'apollo' }),
  ])

  const missing = [{ what: 'doc.edit', where: 'on the project apollo for that long' }]
  const allowed = { code: 'ALLOWED', missing: [], grantors: [] }
  expect(told).toEqual([{ code: 'NOT_HELD', missing, grantors: [] }, allowed, allowed])
})

describe('a key limited to controllers.manage in an organization', () => {
  /** The key of man, who has this level on gce1; of acme are gce1, man and bob, who has every level there. */
  async function createKeeper(level: object) {
    await createOrganization(app, 'acme')
    await createController(app, 'gce1', 'acme')
    await createRole(app, 'KEEPER', ['controllers.manage'])
    await createRole(app, 'MANAGER', ['users.manage', 'users.read'])
    const manager = { role: 'MANAGER', organization: 'acme' }
    const man = await createUser(app, 'man', { organization: 'acme', roles: [manager] })
    await createUser(app, 'bob', { organization: 'acme' })
    await change(app.root, 'grantControllerAccess', { user: 'bob', ...SUPERUSER })
    await change(app.root, 'grantControllerAccess', { user: 'man', controller: 'gce1', ...level })
    const { key } = await createApiKey(man.client, { limits: [{ role: 'KEEPER', organization: 'acme' }, manager] })
    return app.as(key)
  }
  const SUPERUSER = { controller: 'gce1', access: 'SUPERUSER' }

  const told = async (client: Client, question: object) => {
    const answers = await explain(client, {}, [question, have('SUPERUSER', 'gce1')])
    return answers.map(({ code, ways }) => [code, ...ways.map(wayInWords)])
  }

  test('lacks for a mutation the same as for the level', async () => {
    const client = await createKeeper({ access: 'LOGIN' })

    const lacks = ['NOT_HELD', 'LEVEL_TOO_LOW GRANT LOGIN on gce1']
    expect(await told(client, mutation('enableUser', { user: 'bob' }))).toEqual([lacks, lacks])
  })

  test('is not KEY_TOO_NARROW where the access of the user does not last', async () => {
    const client = await createKeeper({ access: 'SUPERUSER', expiresAt: inDays(1) })
    const question = mutation('grantControllerAccess', { user: 'bob', ...SUPERUSER })

    expect(await told(client, question)).toEqual([['NOT_HELD'], ['ALLOWED', 'ALLOWED GRANT SUPERUSER on gce1']])
  })
})
