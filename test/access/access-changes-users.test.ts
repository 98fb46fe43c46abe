/** Of whom and of which times `accessChanges` tells. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { changesBy, changesOf, HOUR_MS, hoursAgo, readChanges } from '../support/access-changes.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { query } from '../support/rows.ts'
import { createOrganization, createRole, createUser, grantRoles } from '../support/seed.ts'
import { letPass } from './replay/clock.ts'

const app = startApp()
app.world(createWorld)

const EVERYWHERE = { role: 'EDITOR', everywhere: true }
const IN_ACME = { role: 'EDITOR', organization: 'acme' }

/** acme, whose members read, and the role EDITOR. */
async function createWorld() {
  await createOrganization(app, 'acme', ['doc.read'])
  await createRole(app, 'EDITOR', ['doc.edit'])
}

const makeBob = () => createUser(app, 'bob', { organization: 'acme', roles: [IN_ACME] })

async function deleteBob(): Promise<string> {
  const { deletedId: id } = await change(app.root, 'deleteUser', { user: 'bob' }, 'deletedId')
  return id
}

describe('a user', () => {
  test('who is created gains what they are given and what every member holds', async () => {
    const changes = await changesBy(app, makeBob)

    expect(changes).toEqual(['GAINED bob doc.edit in acme', 'GAINED bob doc.read in acme'])
  })

  test('who is deleted loses all of it', async () => {
    await makeBob()

    const changes = await changesBy(app, deleteBob)

    expect(changes).toEqual(['LOST bob doc.edit in acme', 'LOST bob doc.read in acme'])
  })

  test('who is restored gains nothing until they are enabled, and then what every member holds', async () => {
    await makeBob()
    const id = await deleteBob()

    const restored = await changesBy(app, () => change(app.root, 'restoreUser', { id }))
    const enabled = await changesBy(app, () => change(app.root, 'enableUser', { user: 'bob' }))

    expect([restored, enabled]).toEqual([[], ['GAINED bob doc.read in acme']])
  })

  test('who was deleted between two times and is restored has lost what they no longer hold', async () => {
    await makeBob()

    const changes = await changesBy(app, async () => {
      await change(app.root, 'restoreUser', { id: await deleteBob() })
      await change(app.root, 'enableUser', { user: 'bob' })
    })

    expect(changes).toEqual(['LOST bob doc.edit in acme'])
  })

  test('who was created and deleted between two times does not appear', async () => {
    const changes = await changesBy(app, async () => [await makeBob(), await deleteBob()])

    expect(changes).toEqual([])
  })

  test('appears by the last name, and as a user while they are not deleted', async () => {
    const bob = await makeBob()
    const amy = await createUser(app, 'amy')
    await letPass(app, HOUR_MS)

    await grantRoles(app, 'amy', [EVERYWHERE])
    await change(app.root, 'updateUser', { user: 'amy', username: 'Ann' })
    await change(app.root, 'updateUser', { user: 'bob', username: 'Robert' })
    await change(app.root, 'deleteUser', { user: 'robert' })

    const changes = await readChanges(app.root, { from: hoursAgo(0.5) })
    expect(
      changes.map(({ username, user, kind, permission }) => [username, user?.id, kind, permission]).sort(),
    ).toEqual([
      ['Ann', amy.id, 'GAINED', 'doc.edit'],
      ['Robert', undefined, 'LOST', 'doc.edit'],
      ['Robert', undefined, 'LOST', 'doc.read'],
    ])
    expect(amy.id).not.toBe(bob.id)
  })
})

describe('a name', () => {
  test('selects its user, in upper or lower case, also a deleted one', async () => {
    await makeBob()
    await createUser(app, 'amy', { roles: [EVERYWHERE] })
    await createUser(app, 'carol', { roles: [EVERYWHERE] })
    await letPass(app, HOUR_MS)
    await change(app.root, 'disableUser', { user: 'amy' })
    await deleteBob()

    const told = (user?: string | null) => changesOf(app.root, { from: hoursAgo(0.5), user })

    const [amy, bob] = [['LOST amy doc.edit everywhere'], ['LOST bob doc.edit in acme', 'LOST bob doc.read in acme']]
    expect([await told('AMY'), await told('Bob'), await told('carol'), await told('nobody')]).toEqual([
      amy,
      bob,
      [],
      [],
    ])
    expect([await told(null), await told()]).toEqual([
      [...amy, ...bob],
      [...amy, ...bob],
    ])
  })

  test('that two users had one after the other selects both', async () => {
    await makeBob()
    await createUser(app, 'amy', { roles: [EVERYWHERE] })
    await letPass(app, HOUR_MS)
    await deleteBob()
    const second = await createUser(app, 'BOB', { roles: [EVERYWHERE] })
    await change(app.root, 'disableUser', { user: 'amy' })

    const changes = await readChanges(app.root, { from: hoursAgo(0.5), user: 'bob' })

    expect(
      changes.map(({ username, user, kind, permission }) => [username, user?.id, kind, permission]).sort(),
    ).toEqual([
      ['BOB', second.id, 'GAINED', 'doc.edit'],
      ['bob', undefined, 'LOST', 'doc.edit'],
      ['bob', undefined, 'LOST', 'doc.read'],
    ])
  })
})

describe('a time', () => {
  test('at which a role had expired is one at which it is lost', async () => {
    await letPass(app, 3 * HOUR_MS)
    await createUser(app, 'amy', { roles: [{ ...EVERYWHERE, expiresAt: hoursAgo(-1) }] })
    await letPass(app, 3 * HOUR_MS)

    const told = (from: number, to: number | null) =>
      changesOf(app.root, { from: hoursAgo(from), to: to === null ? null : hoursAgo(to) })

    const [gained, lost] = [['GAINED amy doc.edit everywhere'], ['LOST amy doc.edit everywhere']]
    expect([await told(4, 2.5), await told(2.5, 1), await told(4, 1)]).toEqual([gained, lost, []])
    expect([await told(2.5, null), await told(4, null), await told(1, null)]).toEqual([lost, [], []])
  })

  test('includes what begins at it, and not what ends at it', async () => {
    await createUser(app, 'amy', { roles: [EVERYWHERE] })
    await change(app.root, 'revokeRoles', { user: 'amy', roles: [EVERYWHERE] })
    const [since, end] = ['2026-01-05T12:00:00.000Z', '2026-01-05T13:00:00.000Z']
    await query(app, sql`update role_permissions set since = '2026-01-01T00:00:00Z' where permission = 'doc.edit'`)
    await query(app, sql`update role_grants set since = ${since}, ended_at = ${end} where ended_at is not null`)

    const told = (from: string, to: string) => changesOf(app.root, { from, to })

    const [before, after] = ['2026-01-05T11:59:59.999Z', '2026-01-05T13:00:00.001Z']
    const [gained, lost] = [['GAINED amy doc.edit everywhere'], ['LOST amy doc.edit everywhere']]
    expect([await told(before, since), await told(since, '2026-01-05T12:59:59.999Z')]).toEqual([gained, []])
    expect([await told(since, end), await told(end, after), await told(before, end)]).toEqual([lost, [], []])
  })

  test('before the first start is one at which no user held anything', async () => {
    await makeBob()
    await letPass(app, 2 * HOUR_MS)

    const [everything, none] = [
      await changesOf(app.root, { from: '0001-01-01T00:00:00Z' }),
      await changesOf(app.root, { from: '0001-01-01T00:00:00Z', to: '1970-01-01T00:00:00Z' }),
    ]

    expect(everything).toEqual([
      'GAINED bob doc.edit in acme',
      'GAINED bob doc.read in acme',
      'GAINED root every permission everywhere',
    ])
    expect(none).toEqual([])
  })

  test('ten seconds ago is accepted, and the end is now where none is given', async () => {
    await createUser(app, 'amy', { roles: [EVERYWHERE] })
    await letPass(app, 60_000)
    await change(app.root, 'revokeRoles', { user: 'amy', roles: [EVERYWHERE] })
    const from = new Date(Date.now() - 11_000).toISOString()

    const [open, none] = [await changesOf(app.root, { from }), await changesOf(app.root, { from, to: null })]

    expect([open, none]).toEqual([['LOST amy doc.edit everywhere'], ['LOST amy doc.edit everywhere']])
  })
})
