/** Who held a role, or something that reached a project, at a moment in the past: `holders` with `at`. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { HOUR_MS, hoursAgo } from '../support/access-changes.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { holdersInWords, readHolders } from '../support/holders.ts'
import { createController } from '../support/levels.ts'
import { query } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'
import { letPass } from './replay/clock.ts'

const app = startApp()

const EDITOR = { role: 'EDITOR' }
const APOLLO = { project: 'apollo' }

/** For two hours amy of acme, whose members read, has been an editor of apollo, and gil has granted bob the same of all. */
app.world(async () => {
  await createOrganization(app, 'acme', ['doc.read'])
  await createOrganization(app, 'globex')
  await createProject(app, 'apollo', 'acme')
  await createRole(app, 'EDITOR', ['doc.edit'])
  await createRole(app, 'WRITER', ['doc.write'])
  const gil = await createUser(app, 'gil', { roles: [{ role: 'ADMINISTRATOR', everywhere: true }] })
  await createUser(app, 'amy', { organization: 'acme', roles: [{ ...EDITOR, ...APOLLO }] })
  await createUser(app, 'bob')
  await change(gil.client, 'grantRoles', { user: 'bob', roles: [{ ...EDITOR, everywhere: true }] })
  await letPass(app, 2 * HOUR_MS)
})

const OF_EDITOR = ['amy GRANT on apollo of acme', 'bob GRANT everywhere']
const OF_APOLLO = [
  'amy MEMBERSHIP doc.read in acme',
  'amy ROLE EDITOR on apollo of acme',
  'bob ROLE EDITOR everywhere',
  'gil ROLE ADMINISTRATOR everywhere',
  'root ROLE ADMINISTRATOR everywhere',
]

/** What root is told of an hour ago. */
const past = (thing: Parameters<typeof readHolders>[1]) => holdersInWords(app.root, thing, { at: hoursAgo(1) })

const deleteUser = (user: string) => change(app.root, 'deleteUser', { user })

describe('lists of the past', () => {
  test('hold users, roles, projects and organizations that were deleted since, by their names', async () => {
    const roles = [
      { role: 'WRITER', ...APOLLO },
      { ...EDITOR, organization: 'globex' },
    ]
    await grantRoles(app, 'bob', roles)
    await createProject(app, 'zeus', 'acme')
    await grantRoles(app, 'amy', [{ ...EDITOR, project: 'zeus' }])
    await letPass(app, 2 * HOUR_MS)

    await deleteUser('amy')
    await change(app.root, 'deleteProject', { project: 'zeus' })
    await change(app.root, 'deleteRole', { role: 'WRITER' })
    await change(app.root, 'deleteOrganization', { organization: 'globex' })

    const editors = [...OF_EDITOR, 'amy GRANT on zeus of acme', 'bob GRANT in globex'].sort()
    expect(await past(EDITOR)).toEqual(editors)
    expect(await past(APOLLO)).toEqual([...OF_APOLLO, 'bob ROLE WRITER on apollo of acme'].sort())
    const now = [await holdersInWords(app.root, EDITOR), await holdersInWords(app.root, APOLLO)]
    expect(now).toEqual([[OF_EDITOR[1]], OF_APOLLO.slice(2)])
  })

  test('name the grantor, also one deleted since', async () => {
    const administration = [{ role: 'ADMINISTRATOR', everywhere: true }]
    await change(app.root, 'revokeRoles', { user: 'gil', roles: administration })
    await deleteUser('gil')

    const grantors = async (at: string | null) =>
      (await readHolders(app.root, EDITOR, { at })).map(({ grantedBy }) => grantedBy?.username ?? null)

    expect([await grantors(hoursAgo(1)), await grantors(null)]).toEqual([
      ['root', 'gil'],
      ['root', null],
    ])
  })

  test('show the end that came later', async () => {
    const [since, end] = ['2026-01-05T12:00:00.000Z', '2026-01-05T13:00:00.000Z']
    await change(app.root, 'revokeRoles', { user: 'amy', roles: [{ ...EDITOR, ...APOLLO }] })
    await query(app, sql`update projects set created_at = '2026-01-01T00:00:00Z'`)
    await query(app, sql`update role_grants set since = ${since}, ended_at = ${end} where ended_at is not null`)
    const at = (time: string) => ({ at: time })

    const found = [await readHolders(app.root, EDITOR, at(since)), await readHolders(app.root, APOLLO, at(since))]

    expect(
      found.map((list) => list.map((item) => [item.node.username, item.since, item.expiresAt, item.endedAt])),
    ).toEqual([[['amy', since, null, end]], [['amy', since, null, end]]])
    for (const time of ['2026-01-05T11:59:59.999Z', end]) {
      expect([await readHolders(app.root, EDITOR, at(time)), await readHolders(app.root, APOLLO, at(time))]).toEqual([
        [],
        [],
      ])
    }
    expect(await readHolders(app.root, EDITOR, at('2026-01-05T12:59:59.999Z'))).toHaveLength(1)
  })

  test('leave out a user who was suspended then, and have a user who is suspended now', async () => {
    await change(app.root, 'disableUser', { user: 'amy' })
    const before = [await past(EDITOR), await past(APOLLO)]
    await letPass(app, 2 * HOUR_MS)
    await change(app.root, 'enableUser', { user: 'amy' })

    const during = [await past(EDITOR), await past(APOLLO)]

    expect(before).toEqual([OF_EDITOR, OF_APOLLO])
    expect(during).toEqual([OF_EDITOR.slice(1), OF_APOLLO.slice(2)])
    expect(await holdersInWords(app.root, EDITOR)).toEqual(OF_EDITOR)
  })

  test('leave out a user who was deleted then and is restored', async () => {
    const { deletedId: id } = await change(app.root, 'deleteUser', { user: 'amy' }, 'deletedId')
    await letPass(app, 2 * HOUR_MS)
    await change(app.root, 'restoreUser', { id })
    await change(app.root, 'enableUser', { user: 'amy' })

    expect(await past(APOLLO)).toEqual(OF_APOLLO.slice(2))
    expect(await holdersInWords(app.root, APOLLO, { at: hoursAgo(3) })).toEqual(OF_APOLLO)
  })

  test('are empty for a project that did not exist yet', async () => {
    await createProject(app, 'zeus', 'acme')

    const [before, now] = [await past({ project: 'zeus' }), await holdersInWords(app.root, { project: 'zeus' })]

    expect([before, now]).toEqual([[], OF_APOLLO.filter((line) => !line.includes('apollo'))])
  })

  test('have the same filters and pages as the lists of now', async () => {
    await deleteUser('amy')
    const at = hoursAgo(1)

    const pages = await readHolders(app.root, APOLLO, { at, first: 2 })

    expect(pages).toEqual(await readHolders(app.root, APOLLO, { at }))
    expect(pages).toHaveLength(5)
    const [onProject, inOrganization] = [
      await holdersInWords(app.root, APOLLO, { at, filter: { scope: 'PROJECT' } }),
      await holdersInWords(app.root, APOLLO, { at, filter: { scope: 'ORGANIZATION' } }),
    ]
    expect([onProject, inOrganization]).toEqual([[OF_APOLLO[1]], [OF_APOLLO[0]]])
  })

  test('show what the caller may read now: users of their organization, also deleted ones', async () => {
    await createRole(app, 'GRANTER', ['roles.grant'])
    const roles = [
      { role: 'AUDITOR', organization: 'acme' },
      { role: 'GRANTER', everywhere: true },
    ]
    const chief = await createUser(app, 'chief', { roles })
    await deleteUser('amy')

    const told = await holdersInWords(chief.client, APOLLO, { at: hoursAgo(1) })

    expect(told).toEqual(OF_APOLLO.slice(0, 2))
    await change(app.root, 'revokeRoles', { user: 'chief', roles: roles.slice(0, 1) })
    expect(await holdersInWords(chief.client, EDITOR, { at: hoursAgo(1) })).toEqual([])
  })

  test('of a controller name the role that gave it, deleted since', async () => {
    await createController(app, 'gce1', 'acme')
    await createRole(app, 'KEEPER', ['controllers.manage'])
    await grantRoles(app, 'bob', [{ role: 'KEEPER', organization: 'acme' }])
    await letPass(app, 2 * HOUR_MS)
    await change(app.root, 'deleteRole', { role: 'KEEPER' })
    const document = `query ($at: DateTime) { controller(name: "gce1") { holders(at: $at) {
      totalCount edges { level via node { username } role { name } } } } }`

    const [then, now] = [await app.root.ok(document, { at: hoursAgo(1) }), await app.root.ok(document)]

    const byRole = (username: string, name: string) => {
      return { level: 'SUPERUSER', via: 'ROLE', node: { username }, role: { name } }
    }
    const administrators = [byRole('gil', 'ADMINISTRATOR'), byRole('root', 'ADMINISTRATOR')]
    expect(then.controller.holders.totalCount).toBe(3)
    expect(then.controller.holders.edges).toEqual(expect.arrayContaining([byRole('bob', 'KEEPER'), ...administrators]))
    expect(now.controller.holders.edges).toEqual(expect.arrayContaining(administrators))
    expect(now.controller.holders.totalCount).toBe(2)
  })

  test.each([0, -8, 3600])('refuse a time %i seconds from now', async (seconds) => {
    const at = new Date(Date.now() + seconds * 1000).toISOString()

    for (const list of ['role(name: "EDITOR")', 'project(code: "apollo")']) {
      const document = `query ($at: DateTime) { thing: ${list} { holders(at: $at) { totalCount } } }`
      const { message } = await app.root.refused('BAD_USER_INPUT', document, { at })
      expect(message).toBe('"at" must be at least 10 seconds ago.')
    }
  })
})
