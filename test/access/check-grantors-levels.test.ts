/** Who could give a level: SUPERUSERs and ADMINs there, and managers of controllers; each of them really can. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { EVERYWHERE, have } from '../support/check.ts'
import { createController, createModel, lapseLevels } from '../support/levels.ts'
import { inDays } from '../support/look.ts'
import { createOrganization, createProject, createRole, createUser, type SeededUser } from '../support/seed.ts'
import { BOB, grantorsOf, letAllTry, rightOutcomes } from './check/grantors.ts'

const app = startApp()
const given = app.world(startCast)

const ACME = { organization: 'acme' }
const GCE1 = { controller: 'gce1' }
const WEB = { ...GCE1, model: 'web' }

/** What each of the cast has, like `SUPERUSER gce1` or `KEEPER`, a role that manages controllers. */
const LEVELS: Record<string, string> = {
  'superuser-for-a-day': 'SUPERUSER gce1',
  superuser: 'SUPERUSER gce1',
  'superuser-of-another': 'SUPERUSER gce2',
  'superuser-expired': 'SUPERUSER gce1',
  'superuser-suspended': 'SUPERUSER gce1',
  'model-adder': 'ADD_MODEL gce1',
  'admin-of-web': 'ADMIN gce1/web',
  'admin-of-db': 'ADMIN gce1/db',
  'admin-of-namesake': 'ADMIN gce2/web',
  'writer-of-web': 'WRITE gce1/web',
}
const KEEPERS: Record<string, object> = {
  'keeper-everywhere': EVERYWHERE,
  'keeper-of-acme': ACME,
  'keeper-of-default': { organization: 'default' },
  'keeper-of-a-project': { project: 'apollo' },
}

async function giveLevel(user: string, words: string) {
  const [access, thing = ''] = words.split(' ')
  const [controller, model] = thing.split('/')
  const expiresAt = user === 'superuser-for-a-day' || user === 'superuser-expired' ? inDays(1) : undefined
  if (model) await change(app.root, 'grantModelAccess', { user, controller, model, access, expiresAt })
  else await change(app.root, 'grantControllerAccess', { user, controller, access, expiresAt })
}

/** gce1 with web and db in acme, gce2 with web in default, the cast, and bob. */
async function startCast(): Promise<Map<string, SeededUser>> {
  await createOrganization(app, 'acme')
  await createProject(app, 'apollo', 'acme')
  await createController(app, 'gce1', 'acme')
  await createController(app, 'gce2')
  for (const place of ['gce1 web', 'gce1 db', 'gce2 web']) {
    const [controller = '', model = ''] = place.split(' ')
    await createModel(app.root, controller, model)
  }
  await createRole(app, 'KEEPER', ['controllers.manage'])
  const cast = new Map<string, SeededUser>()
  for (const [name, place] of Object.entries(KEEPERS)) {
    cast.set(name, await createUser(app, name, { roles: [{ role: 'KEEPER', ...place }] }))
  }
  for (const [name, level] of Object.entries(LEVELS)) {
    cast.set(name, await createUser(app, name))
    await giveLevel(name, level)
  }
  cast.set('chief', await createUser(app, 'chief', { isAdmin: true }))
  cast.set('bob', await createUser(app, 'bob', ACME))
  await lapseLevels(app, cast.get('superuser-expired')?.id ?? '')
  await change(app.root, 'disableUser', { user: 'superuser-suspended' })
  return cast
}

const MANAGERS = ['chief', 'keeper-everywhere', 'keeper-of-acme', 'root']
const SUPERUSERS = [...MANAGERS, 'superuser', 'superuser-for-a-day']

test.each(['LOGIN', 'ADD_MODEL', 'SUPERUSER'])(
  '%s on a controller: its SUPERUSERs and its managers are named, each can grant it, and no other user can',
  async (access) => {
    const cast = given()
    const question = have(access, 'gce1')

    const named = await grantorsOf(app.root, question)
    const outcomes = await letAllTry(app, cast, {
      name: 'grantControllerAccess',
      input: { ...GCE1, access, expiresAt: inDays(1 / 24) },
      question,
      takeAway: () => change(app.root, 'revokeControllerAccess', { ...BOB, ...GCE1 }),
    })

    expect(named).toEqual(SUPERUSERS)
    expect(outcomes).toEqual(rightOutcomes(outcomes, named))
  },
)

test.each(['READ', 'WRITE', 'ADMIN'])(
  '%s on a model: its ADMINs, the SUPERUSERs and the managers of its controller are named, each can grant it, and no other user can',
  async (access) => {
    const cast = given()
    const question = have(access, 'gce1/web')

    const named = await grantorsOf(app.root, question)
    const outcomes = await letAllTry(app, cast, {
      name: 'grantModelAccess',
      input: { ...WEB, access, expiresAt: inDays(1 / 24) },
      question,
      takeAway: () => change(app.root, 'revokeModelAccess', { ...BOB, ...WEB }),
    })

    expect(named).toEqual(['admin-of-web', ...SUPERUSERS])
    expect(outcomes).toEqual(rightOutcomes(outcomes, named))
  },
)

test('a member is named where the members of an organization manage its controllers', async () => {
  await createUser(app, 'member', ACME)
  await createUser(app, 'guest')
  const question = have('LOGIN', 'gce1')

  await change(app.root, 'updateOrganization', { ...ACME, addBasePermissions: ['controllers.manage'] })

  expect(await grantorsOf(app.root, question, { user: 'guest' })).toEqual(['bob', ...SUPERUSERS, 'member'].sort())
  expect(await grantorsOf(app.root, question)).toEqual([])
})

test('of a mutation: users who can grant the level that its rule demands are named', async () => {
  expect(await grantorsOf(app.root, { mutation: { createModel: { ...GCE1, name: 'more' } } })).toEqual(SUPERUSERS)
  const set = { mutation: { setModelAccess: { user: 'writer-of-web', ...WEB, access: 'READ' } } }
  expect(await grantorsOf(app.root, set)).toEqual(['admin-of-web', ...SUPERUSERS])
})
