/** Who is told whose changes of access, and what of them: `accessChanges` of those who are no administrators. */
import { describe, expect, test } from 'vitest'
import { CHANGES, changesOf, HOUR_MS, hoursAgo, readChanges } from '../support/access-changes.ts'
import { type Client, startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  type RoleInput,
  type SeededUser,
} from '../support/seed.ts'
import { letPass } from './replay/clock.ts'

const app = startApp()
const given = app.world(createWorld)

const GLOBEX_ROLES: RoleInput[] = [
  { role: 'EDITOR', project: 'zeus' },
  { role: 'EDITOR', organization: 'globex' },
  { role: 'SECRETIVE', organization: 'globex' },
]

/** acme and globex, each with a project and a controller with a model; EDITOR, and a role of globex’s own. Gives the ids of what is globex’s. */
async function createWorld(): Promise<string[]> {
  const ids: string[] = []
  for (const [name, project] of [
    ['acme', 'apollo'],
    ['globex', 'zeus'],
  ] as const) {
    const made = [await createOrganization(app, name), await createProject(app, project, name)]
    made.push(await createController(app, `c-${name}`, name), await createModel(app.root, `c-${name}`, 'web'))
    if (name === 'globex') ids.push(...made)
  }
  await createRole(app, 'EDITOR', ['doc.edit'])
  ids.push(await createRole(app, 'SECRETIVE', ['hidden.word', 'users.manage'], 'globex'))
  return ids
}

const createChief = (organization: string): Promise<SeededUser> =>
  createUser(app, `chief-of-${organization}`, { organization, roles: [{ role: 'AUDITOR', organization }] })

/** Bob of acme gains things in both organizations, all of it after an hour in which nothing was. */
async function giveBob(): Promise<SeededUser> {
  const bob = await createUser(app, 'bob', { organization: 'acme' })
  await letPass(app, HOUR_MS)
  const roles = [{ role: 'EDITOR', project: 'apollo' }, ...GLOBEX_ROLES]
  await change(app.root, 'grantRoles', { user: 'bob', roles })
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'c-globex', model: 'web', access: 'WRITE' })
  return bob
}

/** What the client is told of the last half hour. */
const told = (client: Client, user?: string) => changesOf(client, { from: hoursAgo(0.5), user })

const WHOLE = [
  'GAINED bob LOGIN on c-globex',
  'GAINED bob WRITE on c-globex/web',
  'GAINED bob doc.edit in globex',
  'GAINED bob doc.edit on apollo of acme',
  'GAINED bob doc.edit on zeus of globex',
  'GAINED bob hidden.word in globex',
  'GAINED bob users.manage in globex',
]

const HIDDEN = [
  'GAINED bob LOGIN on ?',
  'GAINED bob WRITE on ?/?',
  'GAINED bob doc.edit in ?',
  'GAINED bob doc.edit on ? of ?',
  'GAINED bob doc.edit on apollo of acme',
  'GAINED bob users.manage in ?',
]

describe('the changes of a user', () => {
  test('are shown to the user, to readers of the users of their organization, and to readers of all users', async () => {
    const roles = [{ role: 'AUDITOR', everywhere: true }]
    const [chief, auditor] = [await createChief('acme'), await createUser(app, 'auditor', { roles })]
    const bob = await giveBob()

    const lists = [await told(bob.client), await told(auditor.client), await told(app.root), await told(chief.client)]

    expect(lists).toEqual([WHOLE, WHOLE, WHOLE, HIDDEN])
  })

  test('are shown to no other user: not of the same organization, and not with users.read elsewhere, on a project or another permission', async () => {
    const others = [
      await createUser(app, 'amy', { organization: 'acme' }),
      await createChief('globex'),
      await createUser(app, 'reader', { roles: [{ role: 'AUDITOR', project: 'apollo' }], organization: 'acme' }),
    ]
    await createRole(app, 'MANAGER', ['users.manage', 'roles.grant', 'audit.read', 'access.check'])
    others.push(await createUser(app, 'manager', { roles: [{ role: 'MANAGER', everywhere: true }] }))
    await giveBob()

    const lists = []
    for (const { client } of others) lists.push(await told(client), await told(client, 'bob'))

    expect(lists).toEqual(lists.map(() => []))
    expect(lists).toHaveLength(8)
  })

  test('are not shown to a caller who is not signed in', async () => {
    await app.nobody.refused('UNAUTHENTICATED', CHANGES, { from: hoursAgo(1) })
  })

  test('are shown by what the caller may do now, not by what they might do then', async () => {
    const chief = await createChief('acme')
    await giveBob()
    const roles = [{ role: 'AUDITOR', organization: 'acme' }]

    await change(app.root, 'revokeRoles', { user: 'chief-of-acme', roles })

    const own = ['access.check', 'audit.read', 'users.read'].map((word) => `LOST chief-of-acme ${word} in acme`)
    expect(await told(chief.client)).toEqual(own)
  })

  test('are shown for a deleted user as before', async () => {
    const chiefs = [await createChief('acme'), await createChief('globex')]
    await giveBob()
    await letPass(app, HOUR_MS)
    await change(app.root, 'deleteUser', { user: 'bob' })

    const lists = [await told(app.root, 'bob')]
    for (const { client } of chiefs) lists.push(await told(client), await told(client, 'bob'))

    const lost = (lines: string[]) => lines.map((line) => line.replace('GAINED', 'LOST'))
    expect(lists).toEqual([lost(WHOLE), lost(HIDDEN), lost(HIDDEN), [], []])
  })

  test('are shown to a limited key only where its limits let it read', async () => {
    const roles = [{ role: 'AUDITOR', everywhere: true }]
    const auditor = await createUser(app, 'auditor', { roles })
    const none = await createApiKey(auditor.client, { limits: [] })
    const limits = [{ role: 'AUDITOR', organization: 'acme' }]
    const narrow = await createApiKey(auditor.client, { limits, isReadOnly: true })
    await giveBob()

    expect(await told(app.as(none.key))).toEqual([])
    expect(await told(app.as(narrow.key))).toEqual(HIDDEN)
  })

  test('do not name to the user what they no longer see', async () => {
    const bob = await giveBob()
    await letPass(app, HOUR_MS)
    await change(app.root, 'revokeRoles', { user: 'bob', roles: GLOBEX_ROLES })
    await change(app.root, 'revokeModelAccess', { user: 'bob', controller: 'c-globex', model: 'web' })

    expect(await told(bob.client)).toEqual(
      HIDDEN.filter((line) => !line.includes('apollo')).map((line) => line.replace('GAINED', 'LOST')),
    )
  })
})

/** The word is told in the item itself; nothing for a level. */
const WORD_AND_DIGEST = [expect.stringMatching(/^[a-z.]*$/), expect.stringMatching(/^[0-9a-f]{32}$/)]

describe('what is hidden', () => {
  test('is the same as what is missing, to the byte', async () => {
    const chief = await createChief('globex')
    await giveBob()
    const ask = async (user: string) => JSON.stringify(await chief.client.send(CHANGES, { from: hoursAgo(0.5), user }))

    const [foreign, missing] = [await ask('bob'), await ask('bib')]

    expect(foreign).toBe(missing)
    expect(JSON.parse(foreign).data.accessChanges).toEqual({
      ...{ totalCount: 0, edges: [], nodes: [] },
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    })
  })

  test('appears in no cursor, and no field shows its id', async () => {
    const ids = given()
    const chief = await createChief('acme')
    const bob = await giveBob()

    const data = await chief.client.ok(CHANGES, { from: hoursAgo(0.5) })

    const cursors: string[] = data.accessChanges.edges.map(({ cursor }: { cursor: string }) =>
      Buffer.from(cursor, 'base64url').toString(),
    )
    expect(cursors).toHaveLength(HIDDEN.length)
    for (const cursor of cursors) expect(JSON.parse(cursor)).toEqual(['USERNAME asc', 'bob', ...WORD_AND_DIGEST])
    const text = JSON.stringify([data, cursors])
    const found = ids.filter((id) => text.includes(id.slice(id.indexOf('_') + 1)))
    expect(found).toEqual([])
    expect([ids.length, text.includes(bob.id)]).toEqual([5, true])
  })

  test('is counted only where it is shown', async () => {
    const chief = await createChief('acme')
    await giveBob()

    const changes = await readChanges(chief.client, { from: hoursAgo(0.5), first: 1 })

    const permissions = changes.map(({ permission }) => permission ?? 'a level').sort()
    expect(permissions).toEqual(['a level', 'a level', 'doc.edit', 'doc.edit', 'doc.edit', 'users.manage'])
  })
})
