/** Who could give what is missing: whoever may grant there and has it, and nobody else; each of them really can. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { ask, EVERYWHERE, may } from '../support/check.ts'
import { inDays } from '../support/look.ts'
import { lapseGrants, query } from '../support/rows.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  grantRoles,
  type SeededUser,
} from '../support/seed.ts'
import { BOB, grantorsOf, letAllTry, rightOutcomes } from './check/grantors.ts'

const app = startApp()

const ACME = { organization: 'acme' }
const APOLLO = { project: 'apollo' }
const PLACES = { everywhere: EVERYWHERE, acme: ACME, apollo: APOLLO, zeus: { project: 'zeus' } }

type Roles = NonNullable<Parameters<typeof createUser>[2]>['roles']
const giver = (place: object, expiresAt?: string) => ({ role: 'GIVER', ...place, expiresAt })
const editor = (place: object, expiresAt?: string) => ({ role: 'EDITOR', ...place, expiresAt })

/** Who may grant, and what they hold themselves. */
const CAST: Record<string, Roles> = {
  'both-everywhere': [giver(EVERYWHERE), editor(EVERYWHERE)],
  'both-in-acme': [giver(ACME), editor(ACME)],
  'both-for-a-day': [giver(ACME, inDays(1)), editor(ACME, inDays(1))],
  'both-on-apollo': [giver(APOLLO), editor(APOLLO)],
  'both-in-default': [giver({ organization: 'default' }), editor({ organization: 'default' })],
  'gives-everywhere': [giver(EVERYWHERE), editor(APOLLO)],
  'holds-everywhere': [giver(APOLLO), editor(EVERYWHERE)],
  'gives-apollo-holds-zeus': [giver(APOLLO), editor(PLACES.zeus)],
  'only-gives': [giver(EVERYWHERE)],
  'only-holds': [editor(EVERYWHERE)],
  'acme-admin': [{ role: 'ORGANIZATION_ADMIN', ...ACME }],
  expired: [giver(EVERYWHERE, inDays(1)), editor(EVERYWHERE)],
  'gives-no-more': [giver(EVERYWHERE), editor(EVERYWHERE)],
  'holds-no-more': [giver(EVERYWHERE), editor(EVERYWHERE)],
  suspended: [giver(EVERYWHERE), editor(EVERYWHERE)],
  deleted: [giver(EVERYWHERE), editor(EVERYWHERE)],
}

const IN_ACME = ['acme-admin', 'both-everywhere', 'both-for-a-day', 'both-in-acme', 'chief', 'root']
const EXPECTED: Record<keyof typeof PLACES, string[]> = {
  everywhere: ['both-everywhere', 'chief', 'root'],
  acme: IN_ACME,
  apollo: [...IN_ACME, 'both-on-apollo', 'gives-everywhere', 'holds-everywhere'].sort(),
  zeus: IN_ACME,
}

/** acme with apollo and zeus, the roles GIVER and EDITOR, the cast, and bob of acme who holds nothing. */
async function startCast(): Promise<Map<string, SeededUser>> {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createProject(app, 'zeus', 'acme')
  await createRole(app, 'GIVER', ['roles.grant'])
  await createRole(app, 'EDITOR', ['doc.edit'])
  const cast = new Map<string, SeededUser>()
  for (const [name, roles] of Object.entries(CAST)) cast.set(name, await createUser(app, name, { roles }))
  cast.set('chief', await createUser(app, 'chief', { isAdmin: true }))
  cast.set('bob', await createUser(app, 'bob', ACME))
  await query(app, sql`update role_permissions set since = since - interval '1 day'`)
  await lapseGrants(app, cast.get('expired')?.id ?? '')
  await change(app.root, 'revokeRoles', { user: 'gives-no-more', roles: [{ role: 'GIVER', ...EVERYWHERE }] })
  await change(app.root, 'revokeRoles', { user: 'holds-no-more', roles: [{ role: 'EDITOR', ...EVERYWHERE }] })
  await change(app.root, 'disableUser', { user: 'suspended' })
  await change(app.root, 'deleteUser', { user: 'deleted' })
  return cast
}

async function takeAll() {
  const places = [...Object.values(PLACES), { organization: 'default' }]
  await change(app.root, 'revokeRoles', { ...BOB, roles: places.map((place) => ({ role: 'EDITOR', ...place })) })
}

describe('of a permission', () => {
  const given = app.world(startCast)

  test.each(Object.keys(PLACES) as (keyof typeof PLACES)[])(
    '%s: users who may grant roles there and hold it there are named, each can grant it, and no other user can',
    async (where) => {
      const cast = given()
      const question = may('doc.edit', PLACES[where])

      const named = await grantorsOf(app.root, question)
      const roles = [{ role: 'EDITOR', ...PLACES[where], expiresAt: inDays(1 / 24) }]
      const outcomes = await letAllTry(app, cast, { name: 'grantRoles', input: { roles }, question, takeAway: takeAll })

      expect(named).toEqual(EXPECTED[where])
      expect(outcomes).toEqual(rightOutcomes(outcomes, [...named, 'root']))
    },
  )

  test('a user who holds it as a member is named', async () => {
    await createUser(app, 'member', { ...ACME, roles: [giver(ACME)] })
    expect(await grantorsOf(app.root, may('doc.read', ACME))).toEqual(['acme-admin', 'chief', 'root'])

    await change(app.root, 'updateOrganization', { ...ACME, addBasePermissions: ['doc.read'] })
    await createUser(app, 'guest')

    expect(await grantorsOf(app.root, may('doc.read', ACME), { user: 'guest' })).toEqual([
      ...['acme-admin', 'chief', 'member', 'root'],
    ])
  })

  test('of the server, which no word of the applications stands for', async () => {
    expect(await grantorsOf(app.root, may('users.manage', ACME))).toEqual(['acme-admin', 'chief', 'root'])
    expect(await grantorsOf(app.root, may('organizations.manage', ACME))).toEqual(['chief', 'root'])
  })
})

describe('the caller', () => {
  test('gets only users whom they may see', async () => {
    await startCast()
    const auditor = await createUser(app, 'auditor', { ...ACME, roles: [{ role: 'AUDITOR', ...ACME }] })
    await createRole(app, 'CHECKER', ['access.check'])
    const gate = await createUser(app, 'gate', { roles: [{ role: 'CHECKER', ...ACME }] })
    await createUser(app, 'local', { ...ACME, roles: [giver(ACME), editor(ACME)] })

    const question = may('doc.edit', ACME)

    expect(await grantorsOf(app.root, question)).toEqual([...IN_ACME, 'local'].sort())
    expect(await grantorsOf(auditor.client, question)).toEqual([
      ...['acme-admin', 'both-for-a-day', 'both-in-acme', 'local'],
    ])
    expect(await grantorsOf(gate.client, question)).toEqual([])
  })

  test('gets at most twenty, the first by name without regard to case', async () => {
    await createRole(app, 'BOTH', ['roles.grant', 'doc.edit'])
    await createUser(app, 'bob')
    const names = Array.from({ length: 24 }, (_, n) => `${n % 2 ? 'giver' : 'GIVER'}-${String.fromCharCode(120 - n)}`)
    for (const name of names) await createUser(app, name, { roles: [{ role: 'BOTH', ...EVERYWHERE }] })

    const named = await grantorsOf(app.root, may('doc.edit', EVERYWHERE))

    const sorted = [...names, 'root'].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    expect(named).toEqual(sorted.slice(0, 20))
  })

  test('gets none for what is held, for a missing thing, for a limited key, and for the past', async () => {
    const cast = await startCast()
    const holder = cast.get('only-holds')
    const { key } = await createApiKey(holder?.client ?? app.root, { limits: [] })
    const question = may('doc.edit', ACME)

    const at = '2020-01-01T00:00:00Z'
    expect(await ask(app.root, { user: 'only-holds' }, [question])).toEqual([
      { code: 'ALLOWED', missing: [], grantors: [] },
    ])
    expect(await ask(app.root, BOB, [may('doc.edit', { project: 'missing' })])).toEqual([
      { code: 'NOT_FOUND', missing: [], grantors: [] },
    ])
    const missing = [{ what: 'doc.edit', where: 'in the organization acme' }]
    expect(await ask(app.root, { apiKey: key }, [question])).toEqual([{ code: 'NOT_HELD', missing, grantors: [] }])
    expect(await ask(app.root, { ...BOB, at }, [question])).toEqual([{ code: 'NOT_HELD', missing, grantors: [] }])
  })
})

test('of a mutation: users who can grant a permission that its rule demands are named, and none where the rule demands to be a certain user', async () => {
  await startCast()
  await createRole(app, 'BUILDER', ['roles.grant', 'project.update'])
  await createUser(app, 'builder', { roles: [{ role: 'BUILDER', ...APOLLO }] })
  await createRole(app, 'PLANNER', ['roles.grant', 'projects.manage'])
  await createUser(app, 'planner', { roles: [{ role: 'PLANNER', ...ACME }] })
  await createUser(app, 'nearby', { roles: [{ role: 'PLANNER', ...APOLLO }] })
  const update = { mutation: { updateProject: { ...APOLLO, title: 'Apollo' } } }
  await grantRoles(app, 'bob', [editor(APOLLO)])

  expect(await grantorsOf(app.root, update)).toEqual(['acme-admin', 'builder', 'chief', 'planner', 'root'])
  expect(await grantorsOf(app.root, { mutation: { setReadOnly: { isReadOnly: true } } })).toEqual(['chief', 'root'])
  expect(await grantorsOf(app.root, update, { user: 'planner' })).toEqual([])
  expect(await grantorsOf(app.root, { mutation: { revealCredential: { name: 'own' } } })).toEqual([])
})
