import { describe, expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { inDays, permissionsOf, rolesOf } from '../../support/look.ts'
import { lapseGrants, readAudit, readGrants, withoutWriting } from '../../support/rows.ts'
import { createProject, createUser } from '../../support/seed.ts'

const app = startApp()

const ON_APOLLO = { role: 'VERSION_MANAGER', project: 'apollo' }

/** bob, who holds nothing, and the project apollo. */
const given = app.world(async () => {
  await createProject(app, 'apollo')
  return { bob: await createUser(app, 'bob') }
})

function grant(roles: object[], user = 'bob') {
  return change(app.root, 'grantRoles', { user, roles }, 'changed')
}

function revoke(roles: object[], user = 'bob') {
  return change(app.root, 'revokeRoles', { user, roles }, 'changed')
}

/** The planned ends of what bob holds now. */
async function untilOfBob(): Promise<(string | null)[]> {
  const { user } = await app.root.ok('{ user(username: "bob") { roles { edges { expiresAt } } } }')
  return user.roles.edges.map((edge: { expiresAt: string | null }) => edge.expiresAt)
}

describe('a grant with a planned end', () => {
  test('is never shortened by another grant', async () => {
    const end = inDays(10)
    await grant([{ ...ON_APOLLO, expiresAt: end }])

    const shorter = await withoutWriting(app, () => grant([{ ...ON_APOLLO, expiresAt: inDays(5) }]))
    const same = await withoutWriting(app, () => grant([{ ...ON_APOLLO, expiresAt: end }]))

    expect(shorter.changed).toBe(false)
    expect(same.changed).toBe(false)
    expect(await untilOfBob()).toEqual([end])
  })

  test('is extended by a longer grant, which begins another row', async () => {
    const { bob } = given()
    const [first, second] = [inDays(5), inDays(10)]
    await grant([{ ...ON_APOLLO, expiresAt: first }])

    const longer = await grant([{ ...ON_APOLLO, expiresAt: second }])
    const expiresAt = await untilOfBob()
    const forever = await grant([ON_APOLLO])

    expect([longer.changed, forever.changed]).toEqual([true, true])
    expect(expiresAt).toEqual([second])
    expect(await untilOfBob()).toEqual([null])
    const rows = await readGrants(app, bob.id)
    expect(rows.map((row) => [row.ended_at === null, row.ended_by])).toEqual([
      [false, 'root'],
      [false, 'root'],
      [true, null],
    ])
  })

  test('does not replace a grant without an end', async () => {
    await grant([ON_APOLLO])

    const shorter = await withoutWriting(app, () => grant([{ ...ON_APOLLO, expiresAt: inDays(5) }]))

    expect(shorter.changed).toBe(false)
    expect(await untilOfBob()).toEqual([null])
  })

  test('has no effect after its end', async () => {
    const { bob } = given()
    await grant([{ ...ON_APOLLO, expiresAt: inDays(1) }])
    await grant([{ role: 'ADMINISTRATOR', everywhere: true, expiresAt: inDays(1) }])

    await lapseGrants(app, bob.id)

    const { user, project, role } = await app.root.ok(`{
      user(username: "bob") { isAdmin roles { totalCount nodes { name } } }
      project(code: "apollo") { holders(filter: { scope: PROJECT }) { totalCount } } role(name: "VERSION_MANAGER") { holders { totalCount } } }`)
    expect(user).toEqual({ isAdmin: false, roles: { totalCount: 0, nodes: [] } })
    expect([project.holders.totalCount, role.holders.totalCount]).toEqual([0, 0])
    expect(await permissionsOf(bob.client)).toEqual([])
    await bob.client.refused('FORBIDDEN', 'mutation { createProject(input: { code: "x" }) { __typename } }')
  })

  test('keeps its own end if the role is granted again later', async () => {
    const { bob } = given()
    await grant([{ ...ON_APOLLO, expiresAt: inDays(1) }])
    await lapseGrants(app, bob.id)

    const { changed } = await grant([{ ...ON_APOLLO, expiresAt: inDays(2) }])

    expect(changed).toBe(true)
    const [old, next] = await readGrants(app, bob.id)
    expect(old).toMatchObject({ ended_at: old?.expires_at, ended_by: null })
    expect(next).toMatchObject({ ended_at: null })
    expect(await rolesOf(app.root, 'bob')).toEqual(['VERSION_MANAGER on apollo'])
  })

  test('can’t be revoked after its end', async () => {
    const { bob } = given()
    await grant([{ ...ON_APOLLO, expiresAt: inDays(1) }])
    await lapseGrants(app, bob.id)

    const { changed } = await revoke([ON_APOLLO])

    expect(changed).toBe(false)
    expect((await readAudit(app)).filter((row) => row.action === 'revokeRoles')).toEqual([])
  })
})
