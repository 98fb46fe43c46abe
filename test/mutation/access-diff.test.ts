/** The change of access that a dry run announces, compared with the change that the mutation then makes. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { DIFF, differenceOf, diffOf, diffOfChange, readEverybodysAccess, sortedDiff } from '../support/access-diff.ts'
import { startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { CHANGES, makeWorld } from '../support/changes.ts'
import { query, withoutWriting } from '../support/rows.ts'
import { createRole, createUser, grantRoles } from '../support/seed.ts'

const app = startApp()
const given = app.world(makeRichWorld)

/** The world of the samples, where more people hold more: members, who is disabled, who administrates an organization. */
async function makeRichWorld() {
  const world = await makeWorld(app)
  await change(app.root, 'updateOrganization', { organization: 'default', addBasePermissions: ['page.view'] })
  const roles = [{ role: 'EDITOR', organization: 'acme' }]
  await createUser(app, 'amy', { organization: 'acme', roles })
  await createUser(app, 'chief', {
    organization: 'acme',
    roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }],
  })
  await grantRoles(app, 'dave', [...roles, { role: 'VERSION_MANAGER', project: 'apollo' }])
  return world
}

/** How much a sample gives and takes; the others nothing, as dave is disabled and carol comes back so. */
const COUNTS: Record<string, [number, number]> = {
  // Three words by role on the project, one in the organization, one by membership.
  createUser: [5, 0],
  createServiceUser: [4, 0],
  importUsers: [5, 0],
  // As many words, ADD_MODEL, LOGIN, WRITE, and LOGIN through that.
  disableUser: [0, 9],
  deleteUser: [0, 9],
  enableUser: [5, 0],
  // Of the five words on the project bob has three.
  grantRoles: [6, 0],
  revokeRoles: [0, 4],
  // What is held by the new role too ends earlier.
  setRoles: [2, 3],
  // Of two members each, and of two holders: dave is one but disabled.
  updateOrganization: [2, 2],
  updateRole: [2, 2],
  deleteRole: [0, 2],
  deleteProject: [0, 3],
  // Of root and the administrator of the organization.
  createController: [2, 0],
  createModel: [2, 0],
  // Of bob and root, who administrates everything.
  deleteController: [0, 2],
  // ADMIN of root and the administrator; WRITE of bob; LOGIN of root, who added it, and of bob through it.
  deleteModel: [0, 5],
  revokeControllerAccess: [0, 1],
  setControllerAccess: [0, 1],
  revokeModelAccess: [1, 1],
  // READ for WRITE, and LOGIN on the controller no longer than that.
  setModelAccess: [1, 2],
}

describe('the access difference of a dry run', () => {
  test.each(CHANGES)(
    'of $name equals the difference of the access of all users before and after it',
    async (sample) => {
      const input = sample.input(given())

      const diff = await withoutWriting(app, () => diffOf(app.root, sample.name, input))
      const before = await readEverybodysAccess(app)
      const told = await diffOfChange(app.root, sample.name, input)
      const after = await readEverybodysAccess(app)

      expect(sortedDiff(diff)).toEqual(sortedDiff(differenceOf(before, after)))
      expect(diff.items.map(({ username }) => username)).toEqual(diff.items.map(({ username }) => username).sort())
      expect([diff.gained, diff.lost]).toEqual(COUNTS[sample.name] ?? [0, 0])
      expect(told).toBe(null)
    },
  )

  test('is answered under its alias, together with the rest of the payload', async () => {
    const document = changeDocument('disableUser', `changed one: ${DIFF} two: accessDiff { lost }`)

    const { disableUser } = await app.root.ok(document, { input: { user: 'amy' }, dryRun: true })

    expect(disableUser).toMatchObject({ changed: true, one: { gained: 0, lost: 2 }, two: { lost: 2 } })
  })

  test('shows a caller only users that they meet in lists', async () => {
    await createRole(app, 'DEFINER', ['roles.manage'])
    const readers = [{ role: 'DEFINER', everywhere: true }]
    const { client } = await createUser(app, 'eve', { roles: readers })
    const { client: reader } = await createUser(app, 'rea', {
      roles: [...readers, { role: 'AUDITOR', organization: 'acme' }],
    })
    const input = { role: 'EDITOR' }

    const [whole, none, ofAcme] = await Promise.all(
      [app.root, client, reader].map((asking) => diffOf(asking, 'deleteRole', input)),
    )

    expect(whole?.items.map(({ username }) => username)).toEqual(['amy', 'bob'])
    expect(none).toEqual({ gained: 0, lost: 0, items: [] })
    expect(ofAcme?.items.map(({ username }) => username)).toEqual(['amy', 'bob'])
  })

  test('is refused where the change touches more than 1000 users, and nothing is kept', async () => {
    await query(
      app,
      sql`insert into users (id, organization_id, username, kind)
        select gen_random_uuid(), (select id from organizations where name = 'default'), 'crowd' || n, 'HUMAN' from generate_series(1, 1001) as n`,
    )
    const input = { organization: 'default', addBasePermissions: ['doc.edit'] }
    const document = changeDocument('updateOrganization', DIFF)

    const refused = () => app.root.refused('QUERY_TOO_COMPLEX', document, { input, dryRun: true })

    expect((await withoutWriting(app, refused)).message).toBe('This changes the access of more than 1000 users.')
  })
})
