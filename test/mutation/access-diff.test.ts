/** The change of access that a dry run announces, compared with the change that the mutation then makes. */
import { describe, expect, test } from 'vitest'
import { DIFF, differenceOf, diffOf, diffOfChange, readEverybodysAccess, sortedDiff } from '../support/access-diff.ts'
import { startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { CHANGES, makeWorld } from '../support/changes.ts'
import { withoutWriting } from '../support/rows.ts'
import { createUser, grantRoles } from '../support/seed.ts'

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
  // As many words, ADD_MODEL, LOGIN, WRITE, and LOGIN through that.
  disableUser: [0, 9],
  deleteUser: [0, 9],
  enableUser: [5, 0],
  // Of the five words on the project bob has three.
  grantRoles: [6, 0],
  revokeRoles: [0, 4],
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
})
