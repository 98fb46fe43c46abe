/** What single changes would give and take, to the item, and what of it a delegate is told. */
import { describe, expect, test } from 'vitest'
import { diffInWords, diffOf } from '../support/access-diff.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import { withoutWriting } from '../support/rows.ts'
import { createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'

const app = startApp()

/** The difference that root would make, in words, with its counts first. */
async function tell(name: string, input: object, client = app.root): Promise<(string | number)[]> {
  const diff = await withoutWriting(app, () => diffOf(client, name, input))
  return [diff.gained, diff.lost, ...diffInWords(diff)]
}

const IN_ACME = [{ role: 'EDITOR', organization: 'acme' }]

describe('the access difference of a dry run', () => {
  test('of an edited role has what all its holders gain and lose, at the place of each', async () => {
    await createOrganization(app, 'acme')
    await createProject(app, 'apollo', 'acme')
    await createRole(app, 'EDITOR', ['doc.edit', 'doc.read'])
    await createUser(app, 'bob', { roles: [...IN_ACME, { role: 'EDITOR', project: 'apollo' }] })
    await createUser(app, 'amy', { roles: [{ role: 'EDITOR', everywhere: true }] })
    await createUser(app, 'dave', { roles: IN_ACME })
    await change(app.root, 'disableUser', { user: 'dave' })

    const told = await tell('updateRole', {
      role: 'EDITOR',
      addPermissions: ['doc.write'],
      removePermissions: ['doc.edit'],
    })

    expect([told.slice(0, 2), told.slice(2).sort()]).toEqual([
      [3, 3],
      [
        'GAINED amy doc.write everywhere',
        'GAINED bob doc.write in acme',
        'GAINED bob doc.write on apollo',
        'LOST amy doc.edit everywhere',
        'LOST bob doc.edit in acme',
        'LOST bob doc.edit on apollo',
      ],
    ])
  })

  test('of base permissions has what every active member gains who does not hold it yet', async () => {
    await createOrganization(app, 'acme')
    await createRole(app, 'EDITOR', ['doc.edit'])
    for (const username of ['amy', 'bob']) await createUser(app, username, { organization: 'acme' })
    await createUser(app, 'carol', { organization: 'acme', roles: IN_ACME })
    await createUser(app, 'dave', { organization: 'acme' })
    await change(app.root, 'disableUser', { user: 'dave' })

    const told = await tell('updateOrganization', { organization: 'acme', addBasePermissions: ['doc.edit'] })

    expect(told).toEqual([2, 0, 'GAINED amy doc.edit in acme', 'GAINED bob doc.edit in acme'])
  })

  test('of a disabled, enabled or deleted user has all that they hold', async () => {
    await createOrganization(app, 'acme', ['doc.read'])
    await createRole(app, 'EDITOR', ['doc.edit'])
    await createUser(app, 'amy', { organization: 'acme', roles: IN_ACME })
    const lost = ['LOST amy doc.edit in acme', 'LOST amy doc.read in acme']

    expect(await tell('disableUser', { user: 'amy' })).toEqual([0, 2, ...lost])
    expect(await tell('disableUser', { user: 'amy', expiresAt: inDays(1) })).toEqual([0, 2, ...lost])
    expect(await tell('deleteUser', { user: 'amy' })).toEqual([0, 2, ...lost])
    expect(await tell('enableUser', { user: 'amy' })).toEqual([0, 0])
    await change(app.root, 'disableUser', { user: 'amy' })
    expect(await tell('enableUser', { user: 'amy' })).toEqual([
      2,
      0,
      ...lost.map((line) => line.replace('LOST', 'GAINED')),
    ])
    expect(await tell('deleteUser', { user: 'amy' })).toEqual([0, 0])
  })

  test('of a later, earlier or removed end has the new end', async () => {
    await createOrganization(app, 'acme')
    await createController(app, 'gce1')
    await createRole(app, 'EDITOR', ['doc.edit'])
    const [soon, late] = [inDays(1), inDays(9)]
    await createUser(app, 'bob', { roles: [{ role: 'EDITOR', organization: 'acme', expiresAt: soon }] })
    const level = { user: 'bob', controller: 'gce1', access: 'LOGIN' }
    await change(app.root, 'grantControllerAccess', { ...level, expiresAt: late })
    const untils = async (name: string, input: object) => {
      const { gained, lost, items } = await diffOf(app.root, name, input)
      return [gained, lost, ...items.map(({ kind, expiresAt }) => [kind, expiresAt])]
    }
    const role = (expiresAt?: string) => ({ user: 'bob', roles: [{ ...IN_ACME[0], expiresAt }] })

    expect(await untils('grantRoles', role(late))).toEqual([1, 0, ['LONGER', late]])
    expect(await untils('grantRoles', role())).toEqual([1, 0, ['LONGER', null]])
    expect(await untils('grantRoles', role(soon))).toEqual([0, 0])
    expect(await untils('setControllerAccess', { ...level, expiresAt: soon })).toEqual([0, 1, ['SHORTER', soon]])
    expect(await untils('setControllerAccess', level)).toEqual([1, 0, ['LONGER', null]])
    expect(await untils('revokeRoles', { user: 'bob', roles: IN_ACME })).toEqual([0, 1, ['LOST', soon]])
  })

  test('of administration has every permission and every level', async () => {
    await createOrganization(app, 'acme')
    await createController(app, 'gce1', 'acme')
    await createUser(app, 'bob')
    const administrator = [{ role: 'ADMINISTRATOR', everywhere: true }]
    const ofAcme = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]

    const all = await tell('grantRoles', { user: 'bob', roles: administrator })
    const some = await tell('grantRoles', { user: 'bob', roles: ofAcme })

    expect(all).toEqual([2, 0, 'GAINED bob every permission everywhere', 'GAINED bob SUPERUSER on gce1'])
    expect(some.slice(0, 2)).toEqual([13, 0])
    expect(some).toContain('GAINED bob every permission of the applications in acme')
    expect(some).toContain('GAINED bob SUPERUSER on gce1')
  })

  test('of more than 100 items has their count and the first 100', async () => {
    await createOrganization(app, 'acme')
    const words = Array.from({ length: 60 }, (_, n) => `doc.w${n}`)
    await createRole(app, 'MANY', words)
    for (const username of ['amy', 'bob']) await createUser(app, username)
    await grantRoles(app, 'amy', [{ role: 'MANY', organization: 'acme' }])
    await grantRoles(app, 'bob', [{ role: 'MANY', everywhere: true }])

    const diff = await withoutWriting(app, () => diffOf(app.root, 'deleteRole', { role: 'MANY' }))

    expect([diff.gained, diff.lost, diff.items.length]).toEqual([0, 120, 100])
    expect(diff.items.map(({ username }) => username)).toEqual([...Array(60).fill('amy'), ...Array(40).fill('bob')])
    expect(new Set(diffInWords(diff)).size).toBe(100)
  })

  test('is not visible to another dry run at the same time', async () => {
    await createOrganization(app, 'acme', ['doc.read'])
    const usernames = ['amy', 'bob', 'carol', 'dave']
    for (const username of usernames) await createUser(app, username, { organization: 'acme' })

    const told = await withoutWriting(app, () =>
      Promise.all(
        usernames.flatMap((user) => [
          diffOf(app.root, 'deleteUser', { user }),
          diffOf(app.root, 'grantRoles', { user, roles: [{ role: 'VERSION_MANAGER', organization: 'acme' }] }),
        ]),
      ),
    )

    expect(told.map(({ gained, lost }) => [gained, lost])).toEqual(
      usernames.flatMap(() => [
        [0, 1],
        [3, 0],
      ]),
    )
    expect(told.flatMap(diffInWords).filter((line) => line.startsWith('LOST'))).toEqual(
      usernames.map((username) => `LOST ${username} doc.read in acme`),
    )
  })
})

describe('the access difference for a delegate', () => {
  /** Chief administrates acme; bob of acme holds things in globex too. */
  async function makeTwoSides() {
    for (const name of ['acme', 'globex']) {
      await createOrganization(app, name)
      await createController(app, `c-${name}`, name)
      await createModel(app.root, `c-${name}`, 'web')
    }
    await createProject(app, 'zeus', 'globex')
    await createRole(app, 'EDITOR', ['doc.edit'])
    await createRole(app, 'SECRETIVE', ['hidden.word'], 'globex')
    const ofAcme = [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }]
    const chief = await createUser(app, 'chief', { organization: 'acme', roles: ofAcme })
    await createUser(app, 'bob', { organization: 'acme', roles: IN_ACME })
    return chief.client
  }

  test('does not name places they do not see, but counts what is lost there', async () => {
    const chief = await makeTwoSides()
    await grantRoles(app, 'bob', [
      { role: 'EDITOR', organization: 'globex' },
      { role: 'EDITOR', project: 'zeus' },
    ])
    await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'c-globex', access: 'ADD_MODEL' })

    const told = await tell('deleteUser', { user: 'bob' }, chief)

    expect([told.slice(0, 2), told.slice(2).sort()]).toEqual([
      [0, 4],
      [
        'LOST bob ADD_MODEL on null',
        'LOST bob doc.edit in acme',
        'LOST bob doc.edit in null',
        'LOST bob doc.edit on null',
      ],
    ])
  })

  test('has no word that they do not see, as effectiveAccess has none', async () => {
    const chief = await makeTwoSides()
    await grantRoles(app, 'bob', [{ role: 'SECRETIVE', organization: 'globex' }])

    const told = await tell('deleteUser', { user: 'bob' }, chief)

    expect(told).toEqual([0, 1, 'LOST bob doc.edit in acme'])
  })

  test('has no level on a controller for a level on a model they do not see', async () => {
    const chief = await makeTwoSides()
    await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'c-globex', model: 'web', access: 'WRITE' })

    const { lost, items } = await diffOf(chief, 'deleteUser', { user: 'bob' })

    const levels = items.map(({ level }) => level)
    expect([lost, levels.sort()]).toEqual([3, ['LOGIN', 'WRITE', null]])
  })

  test('has and counts no users that they do not meet in lists', async () => {
    await makeTwoSides()
    const roles = [
      { role: 'ORGANIZATION_ADMIN', organization: 'acme' },
      { role: 'EDITOR', everywhere: true },
    ]
    await createRole(app, 'HOUSE', ['doc.edit'], 'acme')
    const houseIn = [{ role: 'HOUSE', organization: 'acme' }]
    const lead = await createUser(app, 'lead', { organization: 'acme', roles })
    await createUser(app, 'olga', { organization: 'globex', roles: houseIn })
    await grantRoles(app, 'bob', houseIn)
    await change(app.root, 'revokeRoles', { user: 'bob', roles: IN_ACME })
    await createRole(app, 'WARDEN', ['roles.manage', 'users.read'])
    await createRole(app, 'DEFINER', ['roles.manage'])
    const definer = await createUser(app, 'definer', { roles: [{ role: 'DEFINER', organization: 'acme' }] })
    const warden = await createUser(app, 'warden', {
      organization: 'acme',
      roles: [{ role: 'WARDEN', organization: 'acme' }],
    })

    const seen = await tell('deleteRole', { role: 'HOUSE' }, lead.client)
    const narrow = await tell('deleteRole', { role: 'HOUSE' }, warden.client)
    const blind = await tell('deleteRole', { role: 'HOUSE' }, definer.client)

    expect(seen).toEqual([0, 2, 'LOST bob doc.edit in acme', 'LOST olga doc.edit in acme'])
    expect(narrow).toEqual(seen)
    expect(blind).toEqual([0, 0])
  })
})
