// Runs on both databases.
/** Who holds a role, and who holds something that reaches a project: `holders`, as an administrator sees them. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { HOUR_MS, hoursAgo } from '../support/access-changes.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { type Holding, holdersInWords, readHolders } from '../support/holders.ts'
import { query } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'
import { letPass } from './replay/clock.ts'

const app = startApp()

const EDITOR = { role: 'EDITOR' }
const APOLLO = { project: 'apollo' }

/**
 * acme with the projects apollo and zeus, whose members read; globex. Amy is an editor of apollo, bob of acme, carol of
 * globex everywhere, dave of zeus; erin, of globex, has none of it.
 */
app.world(async () => {
  await createOrganization(app, 'acme', ['doc.read'])
  await createOrganization(app, 'globex', ['doc.browse'])
  for (const code of ['apollo', 'zeus']) await createProject(app, code, 'acme')
  await createProject(app, 'ares', 'globex')
  await createRole(app, 'EDITOR', ['doc.edit'])
  await createRole(app, 'WRITER', ['doc.write'])
  await createUser(app, 'amy', { organization: 'acme', roles: [{ ...EDITOR, ...APOLLO }] })
  await createUser(app, 'bob', { organization: 'acme', roles: [{ ...EDITOR, organization: 'acme' }] })
  await createUser(app, 'carol', { organization: 'globex', roles: [{ ...EDITOR, everywhere: true }] })
  await createUser(app, 'dave', { organization: 'acme', roles: [{ ...EDITOR, project: 'zeus' }] })
  await createUser(app, 'erin', { organization: 'globex', roles: [{ role: 'WRITER', project: 'ares' }] })
})

const OF_EDITOR = [
  'amy GRANT on apollo of acme',
  'bob GRANT in acme',
  'carol GRANT everywhere',
  'dave GRANT on zeus of acme',
]
const OF_APOLLO = [
  'amy MEMBERSHIP doc.read in acme',
  'amy ROLE EDITOR on apollo of acme',
  'bob MEMBERSHIP doc.read in acme',
  'bob ROLE EDITOR in acme',
  'carol ROLE EDITOR everywhere',
  'dave MEMBERSHIP doc.read in acme',
  'root ROLE ADMINISTRATOR everywhere',
]

describe('the holders', () => {
  test('of a role are the users who were granted it, each with the scope', async () => {
    expect(await holdersInWords(app.root, EDITOR)).toEqual(OF_EDITOR)
    expect(await holdersInWords(app.root, { role: 'ADMINISTRATOR' })).toEqual(['root GRANT everywhere'])
    expect(await holdersInWords(app.root, { role: 'AUDITOR' })).toEqual([])
  })

  test('of a project are the users who hold a role on it, in its organization or everywhere, and its members', async () => {
    expect(await holdersInWords(app.root, APOLLO)).toEqual(OF_APOLLO)
    expect(await holdersInWords(app.root, { project: 'ares' })).toEqual([
      'carol MEMBERSHIP doc.browse in globex',
      'carol ROLE EDITOR everywhere',
      'erin MEMBERSHIP doc.browse in globex',
      'erin ROLE WRITER on ares of globex',
      'root ROLE ADMINISTRATOR everywhere',
    ])
  })

  test('appear once for each scope, role and permission', async () => {
    const places = [{ organization: 'acme' }, { everywhere: true }]
    await grantRoles(app, 'amy', [...places.map((place) => ({ ...EDITOR, ...place })), { role: 'WRITER', ...APOLLO }])
    await change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.list'] })
    const isAmy = (line: string) => line.startsWith('amy')

    const [ofRole, ofProject] = [await holdersInWords(app.root, EDITOR), await holdersInWords(app.root, APOLLO)]

    expect(ofRole.filter(isAmy)).toEqual(['amy GRANT everywhere', 'amy GRANT in acme', 'amy GRANT on apollo of acme'])
    expect(ofProject.filter(isAmy)).toEqual([
      'amy MEMBERSHIP doc.list in acme',
      'amy MEMBERSHIP doc.read in acme',
      'amy ROLE EDITOR everywhere',
      'amy ROLE EDITOR in acme',
      'amy ROLE EDITOR on apollo of acme',
      'amy ROLE WRITER on apollo of acme',
    ])
  })

  test('are narrowed to a scope', async () => {
    const ofScope = async (scope?: string | null) => [
      await holdersInWords(app.root, EDITOR, { filter: { scope } }),
      await holdersInWords(app.root, APOLLO, { filter: { scope } }),
    ]
    const lines = (from: string[], place: string) => from.filter((line) => line.endsWith(place))

    const told = [await ofScope('PROJECT'), await ofScope('ORGANIZATION'), await ofScope('EVERYWHERE')]

    expect(told).toEqual([
      [[OF_EDITOR[0], OF_EDITOR[3]], [OF_APOLLO[1]]],
      ...['in acme', 'everywhere'].map((place) => [lines(OF_EDITOR, place), lines(OF_APOLLO, place)]),
    ])
    expect([await ofScope(), await ofScope(null)]).toEqual([
      [OF_EDITOR, OF_APOLLO],
      [OF_EDITOR, OF_APOLLO],
    ])
    expect(await holdersInWords(app.root, EDITOR, { filter: null })).toEqual(OF_EDITOR)
  })

  test('leave out a suspended user, and have them again when they are enabled', async () => {
    const isOther = (line: string) => !line.startsWith('amy')
    const both = async () => [await holdersInWords(app.root, EDITOR), await holdersInWords(app.root, APOLLO)]
    const before = await readHolders(app.root, APOLLO)

    await change(app.root, 'disableUser', { user: 'amy' })
    const suspended = await both()
    await change(app.root, 'enableUser', { user: 'amy' })

    expect(suspended).toEqual([OF_EDITOR.filter(isOther), OF_APOLLO.filter(isOther)])
    expect(await both()).toEqual([OF_EDITOR, OF_APOLLO])
    expect(await readHolders(app.root, APOLLO)).toEqual(before)
  })

  test('leave out a user whose role expired, was revoked or was deleted, and a member after the base permission was removed', async () => {
    const passing = { ...EDITOR, ...APOLLO, expiresAt: hoursAgo(-1) }
    await grantRoles(app, 'erin', [passing])
    await letPass(app, 2 * HOUR_MS)
    const lapsed = await holdersInWords(app.root, APOLLO)

    await change(app.root, 'revokeRoles', { user: 'bob', roles: [{ ...EDITOR, organization: 'acme' }] })
    await change(app.root, 'updateOrganization', { organization: 'acme', removeBasePermissions: ['doc.read'] })
    const ended = [await holdersInWords(app.root, APOLLO), await holdersInWords(app.root, EDITOR)]
    await change(app.root, 'deleteRole', EDITOR)

    expect(lapsed).toEqual(OF_APOLLO)
    expect(ended).toEqual([
      [OF_APOLLO[1], OF_APOLLO[4], OF_APOLLO[6]],
      [OF_EDITOR[0], OF_EDITOR[2], OF_EDITOR[3]],
    ])
    expect(await holdersInWords(app.root, APOLLO)).toEqual([OF_APOLLO[6]])
  })

  test.each([1, 2, 3, 100])('are the same, in order of time, in pages of %i', async (first) => {
    await query(app, sql`update role_grants set since = '2026-01-05T12:00:00Z' where organization_id is not null`)

    const [ofRole, ofProject] = [
      await readHolders(app.root, EDITOR, { first }),
      await readHolders(app.root, APOLLO, { first }),
    ]

    expect([ofRole, ofProject]).toEqual([await readHolders(app.root, EDITOR), await readHolders(app.root, APOLLO)])
    const times = [ofRole, ofProject].map((list) => list.map(({ since }) => since))
    expect(times).toEqual(times.map((list) => [...list].sort()))
    expect(times.map((list) => list.length)).toEqual([4, 7])
  })
})

describe('an edge', () => {
  const of = (holdings: Holding[], username: string, what: string | undefined = undefined) => {
    const found = holdings.filter(({ node, role, permission }) => {
      return node.username === username && (what === undefined || [role?.name, permission].includes(what))
    })
    expect(found).toHaveLength(1)
    return found[0] as Holding
  }

  async function createdAt(document: string): Promise<string> {
    const { thing } = await app.root.ok(document)
    return thing.createdAt
  }

  test('has everything that belongs to it', async () => {
    const expiresAt = '2099-01-05T12:00:00.000Z'
    await createUser(app, 'gil', { roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }] })
    await query(
      app,
      sql`update role_grants set expires_at = ${expiresAt} where role_id in (select id from roles where name = 'EDITOR')`,
    )
    await query(
      app,
      sql`update role_grants set granted_by = (select id from users where username = 'gil') where organization_id is null`,
    )
    await query(app, sql`update base_permissions set granted_by = null, since = '2026-01-05T12:00:00Z'`)
    const since = await createdAt('{ thing: user(username: "amy") { createdAt } }')

    const [ofRole, ofProject] = [await readHolders(app.root, EDITOR), await readHolders(app.root, APOLLO)]

    const acme = { organization: { name: 'acme' } }
    const [amy, carol] = [of(ofProject, 'amy', 'EDITOR'), of(ofProject, 'carol')]
    const onApollo = {
      scope: 'PROJECT',
      ...acme,
      project: { code: 'apollo' },
      ...{ expiresAt, endedAt: null },
      grantedBy: { username: 'root' },
    }
    const everywhere = {
      scope: 'EVERYWHERE',
      organization: null,
      project: null,
      ...{ expiresAt, endedAt: null },
      grantedBy: { username: 'gil' },
    }
    expect(amy).toEqual({
      ...{ node: { username: 'amy' }, via: 'ROLE', role: { name: 'EDITOR' }, permission: null, ...onApollo },
      since: of(ofRole, 'amy').since,
    })
    expect(carol).toEqual({
      ...{ node: { username: 'carol' }, via: 'ROLE', role: { name: 'EDITOR' }, permission: null, ...everywhere },
      since: of(ofRole, 'carol').since,
    })
    expect(of(ofProject, 'amy', 'doc.read')).toEqual({
      ...{ node: { username: 'amy' }, via: 'MEMBERSHIP', role: null, permission: 'doc.read', scope: 'ORGANIZATION' },
      ...{ ...acme, project: null, since, expiresAt: null, endedAt: null, grantedBy: null },
    })
    expect(of(ofRole, 'amy')).toMatchObject({ node: { username: 'amy' }, via: 'GRANT', ...onApollo })
    expect(of(ofRole, 'carol')).toMatchObject({ node: { username: 'carol' }, via: 'GRANT', ...everywhere })
  })

  test('begins when the role was granted, but never before the project was created', async () => {
    await letPass(app, 2 * HOUR_MS)
    await createProject(app, 'hermes', 'acme')
    await letPass(app, HOUR_MS)
    await grantRoles(app, 'dave', [{ ...EDITOR, project: 'hermes' }])
    const made = await createdAt('{ thing: project(code: "hermes") { createdAt } }')

    const [ofRole, ofProject] = [
      await readHolders(app.root, EDITOR),
      await readHolders(app.root, { project: 'hermes' }),
    ]

    const dave = of(ofProject, 'dave', 'EDITOR')
    expect(dave.since).toBe(ofRole.find(({ project }) => project?.code === 'hermes')?.since)
    expect(Date.parse(dave.since)).toBeGreaterThan(Date.parse(made))
    expect(ofProject.map(({ since }) => since)).toEqual([...Array(6).fill(made), dave.since])
    expect(Date.parse(of(ofRole, 'bob').since)).toBeLessThan(Date.parse(made))
  })

  test('of a member begins with the last of the permission, the project and the user', async () => {
    await letPass(app, 2 * HOUR_MS)
    await createUser(app, 'finn', { organization: 'acme' })
    await letPass(app, HOUR_MS)
    await change(app.root, 'updateOrganization', { organization: 'acme', addBasePermissions: ['doc.list'] })
    const [finn, amy] = [
      await createdAt('{ thing: user(username: "finn") { createdAt } }'),
      await createdAt('{ thing: user(username: "amy") { createdAt } }'),
    ]
    const [word] = await query<{ since: string }>(
      app,
      sql`select to_json(since) #>> '{}' as since from base_permissions where permission = 'doc.list'`,
    )
    const list = new Date(word?.since ?? '').toISOString()

    const holders = await readHolders(app.root, APOLLO)

    const times = (username: string) => ['doc.read', 'doc.list'].map((what) => of(holders, username, what).since)
    expect([times('finn'), times('amy')]).toEqual([
      [finn, list],
      [amy, list],
    ])
  })
})
