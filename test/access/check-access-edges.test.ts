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

test('throughModel: the name of a model that whoever asks does not see is null', async () => {
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

test('grantors: nobody can give anything to who is suspended and lacks nothing', async () => {
  await createUser(app, 'bob', { roles: [{ role: 'AUDITOR', ...EVERYWHERE }] })
  await change(app.root, 'disableUser', { user: 'bob' })

  expect(await ask(app.root, { user: 'bob' }, [may('audit.read', EVERYWHERE)])).toEqual([
    { code: 'INACTIVE', needs: [], grantors: [] },
  ])
})

test('grantors of a mutation: at most twenty, by name in any case', async () => {
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

test('a key that expires does not make one that outlives it, and checkAccess says so', async () => {
  const bob = await createUser(app, 'bob')
  const { key } = await createApiKey(bob.client, { expiresAt: inDays(1) })
  const input = { label: 'more', expiresAt: inDays(2) }

  expect((await tryOut(app.as(key), 'createApiKey', input)).word).toBe('MissingAuthority')
  expect(await check(app.as(key), {}, [mutation('createApiKey', input)])).toEqual(['NOT_HELD'])
})

test('a key that expires sets no first password, and checkAccess says so', async () => {
  const bob = await createUser(app, 'bob')
  const { key } = await createApiKey(bob.client, { expiresAt: inDays(1) })
  const input = { newPassword: 'a very long password' }

  expect((await tryOut(app.as(key), 'changePassword', input)).word).toBe('FORBIDDEN')
  expect(await check(app.as(key), {}, [mutation('changePassword', input)])).toEqual(['NOT_HELD'])
})

test('needs: what is missing is told once', async () => {
  const bob = await createUser(app, 'bob')
  const { key } = await createApiKey(bob.client, { limits: [] })
  const question = mutation('changePassword', { newPassword: 'a very long password' })

  expect(await ask(app.root, { apiKey: key }, [question])).toEqual([
    { code: 'NOT_HELD', needs: [{ what: 'a key without limits', where: null }], grantors: [] },
  ])
})

test('HIDDEN: what I see and my narrower key does not', async () => {
  await createOrganization(app, 'acme')
  const limits = [{ role: 'ORGANIZATION_ADMIN', organization: 'default' }]
  const { key } = await createApiKey(app.root, { limits })
  const question = mutation('updateOrganization', { organization: 'acme', title: 'Acme' })

  expect(await check(app.root, { apiKey: key }, [question])).toEqual(['HIDDEN'])
})

test('until: a key that ends tomorrow lets until tomorrow', async () => {
  const until = inDays(1)
  const { key } = await createApiKey(app.root, { expiresAt: until })

  const ways = await chainOf(app.root, { apiKey: key }, may('doc.edit', EVERYWHERE))
  expect(ways.map((way) => way.until)).toEqual([until])
})

test('grantors: of what the guard misses too', async () => {
  await createRole(app, 'GIVER', ['roles.grant'])
  await createUser(app, 'bob', { roles: [{ role: 'GIVER', ...EVERYWHERE }] })
  const question = mutation('grantRoles', { user: 'bob', roles: [{ role: 'AUDITOR', ...EVERYWHERE }] })

  const [told] = await ask(app.root, { user: 'bob' }, [question])
  expect([told?.code, told?.grantors]).toEqual(['NOT_HELD', ['root']])
})

test('a secret in the input of a mutation that is asked about stands in no address', async () => {
  const input = { questions: [mutation('setUserPassword', { user: 'root', password: 'a very long password' })] }
  const { data, errors } = await (await get(app, { query: CHECK, variables: JSON.stringify({ input }) })).json()

  expect([data, errors?.[0].extensions.code]).toEqual([{ checkAccess: null }, 'BAD_USER_INPUT'])
})

test('ways of a mutation: one fact is told once', async () => {
  await createProject(app, 'apollo')

  const ways = await chainOf(app.root, {}, mutation('updateProject', { project: 'apollo' }))
  expect(ways.map(({ via, role }) => `${via} ${role}`)).toEqual(['ROLE ADMINISTRATOR'])
})

test('what is asked about another does not depend on what the asker has of the same name', async () => {
  const chief = await createUser(app, 'chief', { isAdmin: true })
  const attributes = { userpass: { username: 'a', password: 'b' } }
  const question = mutation('revealCredential', { name: 'own' })
  const before = await check(app.root, { user: 'chief' }, [question])
  await change(app.root, 'addCredential', { name: 'own', attributes })

  expect(await check(app.root, { user: 'chief' }, [question])).toEqual(before)
  expect(chief.id).toBeTruthy()
})

test('needs: what is held, but not for as long as it would be given, is told as such', async () => {
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

  const needs = [{ what: 'doc.edit', where: 'on the project apollo for that long' }]
  const allowed = { code: 'ALLOWED', needs: [], grantors: [] }
  expect(told).toEqual([{ code: 'NOT_HELD', needs, grantors: [] }, allowed, allowed])
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

  test('lacks for a mutation what it lacks when it is asked about the level', async () => {
    const client = await createKeeper({ access: 'LOGIN' })

    const lacks = ['NOT_HELD', 'LEVEL_TOO_LOW GRANT LOGIN on gce1']
    expect(await told(client, mutation('enableUser', { user: 'bob' }))).toEqual([lacks, lacks])
  })

  test('is not called too narrow where what is held does not last', async () => {
    const client = await createKeeper({ access: 'SUPERUSER', expiresAt: inDays(1) })
    const question = mutation('grantControllerAccess', { user: 'bob', ...SUPERUSER })

    expect(await told(client, question)).toEqual([['NOT_HELD'], ['ALLOWED', 'ALLOWED GRANT SUPERUSER on gce1']])
  })
})
