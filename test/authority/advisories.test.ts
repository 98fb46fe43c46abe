/** The ways up that Keycloak’s advisories of 2026 tell of, each tried by every kind of delegate; the last of them is in `hidden-roles.test.ts`. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import {
  createDelegate,
  createOthers,
  DELEGATES,
  type Delegate,
  type Other,
  outcomeOf,
  type Place,
} from '../support/delegates.ts'
import { inDays, permissionsOf, rolesOf } from '../support/look.ts'
import { withoutWriting } from '../support/rows.ts'
import { OTHER_PASSWORD } from '../support/sessions.ts'

const app = startApp()

const ADMINISTRATION = { role: 'ADMINISTRATOR', everywhere: true }
const UNLIMITED = 'FORBIDDEN a key without limits'
const NO_ADMINISTRATOR = 'FORBIDDEN ADMINISTRATOR'

/** What refuses to take over whom. */
const STRONGER: Record<string, string> = {
  pam: 'MissingAuthorityError doc.publish',
  pat: 'MissingAuthorityError doc.publish',
  rea: 'MissingAuthorityError doc.review',
  sue: 'MissingAuthorityError SUPERUSER on the controller',
  ada: NO_ADMINISTRATOR,
  ann: NO_ADMINISTRATOR,
}

type Attempt = [name: string, input: (other: Other) => object]

/** Tries it on all of them, which must write nothing; gives each one's answer. */
function tryOn(client: Delegate['client'], others: Other[], [name, input]: Attempt) {
  return withoutWriting(app, async () => {
    const answers: Record<string, string> = {}
    for (const other of others) answers[other.username] = await outcomeOf(client, name, input(other))
    return answers
  })
}

const all = (others: Other[], answer: string) => Object.fromEntries(others.map(({ username }) => [username, answer]))

/** Eve, who is no stronger than a delegate, and all who are. */
async function createRivals(place: Place) {
  const [eve, ...stronger] = await createOthers(app, place, ['eve', ...Object.keys(STRONGER)])
  return { eve: eve as Other, stronger }
}

type World = Delegate & Awaited<ReturnType<typeof createRivals>>

/** Each attempt is refused on everybody stronger, and done on eve; with a limited key not even that. */
async function isForEqualsAlone(world: World, attempts: Attempt[], isOfKeys = true) {
  const { client, eve, stronger } = world
  const isBarred = isOfKeys && world.isLimited
  for (const [name, input] of attempts) {
    const refused = await tryOn(client, stronger, [name, input])
    expect([name, refused]).toEqual([name, isBarred ? all(stronger, UNLIMITED) : STRONGER])
    expect([name, await outcomeOf(client, name, input(eve))]).toEqual([name, isBarred ? UNLIMITED : 'done'])
  }
}

const email = 'dan@example.test'

describe.each(DELEGATES)('a delegate with %s', (_title, way, place) => {
  const given = app.world(() => createDelegate(app, way, place))

  test('cannot edit a role they hold to hold more', async () => {
    const { client } = given()
    const add = (...addPermissions: string[]) =>
      outcomeOf(client, 'updateRole', { role: 'DELEGATE', name: 'MINE', addPermissions })
    const held = await permissionsOf(client)

    const refused = await withoutWriting(app, async () => [
      await add('doc.publish'),
      await add('doc.read', 'doc.publish', 'organizations.manage'),
      await outcomeOf(client, 'updateRole', { role: 'ADMINISTRATOR', addPermissions: ['doc.read'] }),
    ])

    const isEverywhere = place.everywhere === true
    expect(refused).toEqual([
      'MissingAuthorityError doc.publish',
      'MissingAuthorityError doc.publish,organizations.manage',
      isEverywhere ? 'ConflictError The built-in role ADMINISTRATOR can’t be changed.' : 'FORBIDDEN roles.manage',
    ])
    expect(await permissionsOf(client)).toEqual(held)
    expect(await add('doc.read')).toBe('done')
  })

  test('cannot create a role to grant themselves more', async () => {
    const { client } = given()
    const held = new Set(await permissionsOf(client))
    for (const [name, word] of Object.entries({ MORE: 'doc.publish', SAME: 'doc.read' }))
      await change(client, 'createRole', { name, permissions: [word], organization: place.organization })
    const grant = (role: string) => outcomeOf(client, 'grantRoles', { user: 'dan', roles: [{ role, ...place }] })

    expect(await withoutWriting(app, () => grant('MORE'))).toBe('MissingAuthorityError doc.publish')

    expect(await grant('SAME')).toBe('done')
    expect(new Set(await permissionsOf(client))).toEqual(held)
  })

  test('cannot create a user with roles above their own', async () => {
    const { client, isLimited } = given()
    const create = (name: string, input: object) => outcomeOf(client, name, { organization: 'acme', ...input })
    const person = (input: object) => create('createUser', { username: 'new', withApiKey: false, ...input })
    const service = (input: object) => create('createServiceUser', { username: 'ci', email, ...input })
    const having = (role: string, expiresAt?: string) => ({ roles: [{ role, ...place, expiresAt }] })
    const above = [
      having('PUBLISHER'),
      having('REVIEWER'),
      having('REVIEWER', inDays(11)),
      { roles: [{ role: 'EQUAL', ...place }, ADMINISTRATION] },
    ]

    const refused = await withoutWriting(app, async () => {
      const answers: string[] = []
      for (const input of above) answers.push(await person(input), await service(input))
      return [...answers, await person({ isAdmin: true })]
    })

    const administrator = place.everywhere ? 'MissingAuthorityError ADMINISTRATOR' : 'FORBIDDEN roles.grant'
    const words = [...['publish', 'review', 'review'].map((verb) => `MissingAuthorityError doc.${verb}`), administrator]
    expect(refused).toEqual([...words.flatMap((word) => [word, isLimited ? UNLIMITED : word]), administrator])
    expect(await person(having('EQUAL'))).toBe('done')
    expect(await service(having('EQUAL'))).toBe(isLimited ? UNLIMITED : 'done')
    expect(await rolesOf(app.root, 'new')).toEqual([`EQUAL ${place.everywhere ? 'everywhere' : 'in acme'}`])
  })

  test('cannot change the e-mail of a stronger service user by creating it again', async () => {
    const { client, isLimited } = given()
    const roles = { eve: { role: 'EQUAL', ...place }, pam: { role: 'PUBLISHER', ...place }, ada: ADMINISTRATION }
    const service = { organization: 'acme', email: 'ops@example.test' }
    for (const [username, role] of Object.entries(roles))
      await change(app.root, 'createServiceUser', { ...service, username, roles: [role] })
    const update = (username: string, input: object = {}) =>
      outcomeOf(client, 'createServiceUser', { ...service, username, email, ifExists: 'UPDATE', ...input })

    const refused = await withoutWriting(app, async () => [
      await update('pam'),
      await update('api-PAM', { roles: [roles.eve] }),
      await update('ada'),
    ])

    const words = ['doc.publish', 'doc.publish', 'ADMINISTRATOR'].map((missing) => `MissingAuthorityError ${missing}`)
    expect(refused).toEqual(isLimited ? Array(3).fill(UNLIMITED) : words)
    expect(await update('eve')).toBe(isLimited ? UNLIMITED : 'done')
  })

  describe('beside others', () => {
    const others = app.world(() => createRivals(place))
    const named = (username: string) => others().stronger.find((other) => other.username === username) as Other

    test('cannot set the password of a stronger user', async () => {
      const world = { ...given(), ...others() }

      await isForEqualsAlone(world, [
        ['setUserPassword', ({ username }) => ({ user: username, password: OTHER_PASSWORD })],
        ['setUserPassword', ({ username }) => ({ user: username, password: OTHER_PASSWORD, endApiKeys: true })],
      ])
    })

    test('cannot change the e-mail or name of a stronger user', async () => {
      const world = { ...given(), ...others() }

      const attempts: Attempt[] = [
        ['updateUser', ({ username }) => ({ user: username, email })],
        ['updateUser', ({ username }) => ({ user: username, email: null, displayName: 'D.' })],
        ['updateUser', ({ username }) => ({ user: username, username: `${username}2` })],
      ]
      await isForEqualsAlone(world, attempts, false)
    })

    test('cannot create or rotate a key of a stronger user', async () => {
      const world = { ...given(), ...others() }

      await isForEqualsAlone(world, [
        ['createApiKey', ({ username }) => ({ user: username, label: 'mine', limits: [] })],
        ['rotateApiKey', ({ keyId }) => ({ apiKey: keyId, overlapUntil: inDays(1) })],
        ['createApiKey', ({ username }) => ({ user: username, label: 'mine' })],
      ])
    })

    test('cannot take a key, a session or an account from an administrator, but from other users', async () => {
      const { client, isLimited } = given()
      const [pam, ada, ann] = ['pam', 'ada', 'ann'].map(named)
      await change(app.root, 'disableUser', { user: 'ann' })
      const ofCredentials: Attempt[] = [
        ['revokeApiKey', ({ keyId }) => ({ apiKey: keyId })],
        ['signOutEverywhere', ({ username }) => ({ user: username })],
      ]
      const ofAccounts: Attempt[] = [
        ['revokeRoles', ({ username }) => ({ user: username, roles: [{ role: 'PUBLISHER', ...place }] })],
        ['disableUser', ({ username }) => ({ user: username })],
        ['deleteUser', ({ username }) => ({ user: username })],
      ]

      for (const attempt of [...ofCredentials, ...ofAccounts]) {
        const isBarred = isLimited && ofCredentials.includes(attempt)
        const [name, input] = attempt
        const administrators = [ada, ann] as Other[]
        const refusal = isBarred ? UNLIMITED : NO_ADMINISTRATOR
        expect([name, await tryOn(client, administrators, attempt)]).toEqual([name, all(administrators, refusal)])
        expect([name, await outcomeOf(client, name, input(pam as Other))]).toEqual([
          name,
          isBarred ? UNLIMITED : 'done',
        ])
      }
    })

    test('cannot enable a stronger user', async () => {
      const world = { ...given(), ...others() }
      for (const user of ['eve', ...Object.keys(STRONGER)]) await change(app.root, 'disableUser', { user })

      await isForEqualsAlone(world, [['enableUser', ({ username }) => ({ user: username })]], false)
    })

    test('cannot restore a user to more than they hold themselves', async () => {
      const { client } = given()
      const ada = named('ada')
      const former = { user: 'ada', roles: [ADMINISTRATION] }
      await change(app.root, 'revokeRoles', former)
      const { deletedId: id } = await change(app.root, 'deleteUser', { user: 'ada' }, 'deletedId')
      const base = (verb: string) =>
        change(app.root, 'updateOrganization', { organization: 'acme', [`${verb}BasePermissions`]: ['doc.publish'] })
      const restore = () => outcomeOf(client, 'restoreUser', { id })

      await base('add')
      expect(await withoutWriting(app, restore)).toBe('MissingAuthorityError doc.publish')
      await base('remove')
      expect(await restore()).toBe('done')
      await base('add')
      const enable = () => outcomeOf(client, 'enableUser', { user: 'ada' })
      expect(await withoutWriting(app, enable)).toBe('MissingAuthorityError doc.publish')
      await base('remove')
      expect(await enable()).toBe('done')

      expect([ada?.username, await rolesOf(app.root, 'ada')]).toEqual(['ada', []])
    })
  })
})
