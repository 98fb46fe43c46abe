/** A revocation has effect at the next request, also on connections that were open before. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { openConnection } from '../support/connection.ts'
import { isPostgres } from '../support/database.ts'
import { createController, createModel } from '../support/levels.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createOrganization, createProject, createRole, createUser } from '../support/seed.ts'
import { bearer, createPerson, OTHER_PASSWORD, PASSWORD, signIn } from '../support/sessions.ts'

// More connections are open at once than one address may have, a proxy excepted.
const app = startApp({ trustedProxies: ['127.0.0.1'] })

// On the embedded database all requests queue for one session, and a few are enough.
const TRIALS = process.env.CHATELAINE_LONG ? 200 : isPostgres() ? 4 : 2
const TRIAL_MS = 5000
const CONNECTIONS = 3

/** A user with something that will be taken away. */
interface Holder {
  headers: Record<string, string>
  keyId?: string
  /** The headers of the revocation, if they are not root’s. */
  taker?: Record<string, string>
}

/** Makes a user of this name, and what else is needed, also with that name. */
type Make = (name: string) => Promise<Holder>

const withKey = async (name: string, input: Parameters<typeof createUser>[2] = {}): Promise<Holder> => {
  const { key, keyId } = await createUser(app, name, input)
  return { headers: { 'api-key': key }, keyId }
}
const withNewKey: Make = (name) => withKey(name)
const asAdministrator: Make = (name) => withKey(name, { isAdmin: true })
const asMember: Make = async (name) => {
  await createOrganization(app, name, ['doc.read'])
  return withKey(name, { organization: name })
}
const withRole: Make = async (name) => {
  await createProject(app, name)
  await createRole(app, name, ['project.update'])
  return withKey(name, { roles: [{ role: name, project: name }] })
}
const withController: Make = async (name) => {
  await createController(app, name)
  const holder = await withKey(name)
  await change(app.root, 'grantControllerAccess', { user: name, controller: name, access: 'LOGIN' })
  return holder
}
const withModel: Make = async (name) => {
  await createController(app, name)
  await createModel(app.root, name, 'web')
  const holder = await withKey(name)
  await change(app.root, 'grantModelAccess', { user: name, controller: name, model: 'web', access: 'READ' })
  return holder
}
/** With a session, and beside it another one to end it from. */
const withSessions: Make = async (name) => {
  await createPerson(app, name)
  const [first, second] = [await signIn(app, name), await signIn(app, name)]
  return { headers: bearer(first.token), taker: bearer(second.token) }
}
const withSession: Make = async (name) => ({ headers: (await withSessions(name)).headers })
const withOneSession: Make = async (name) => {
  const { headers } = await withSessions(name)
  return { headers, taker: headers }
}

/** What is asked, and what is answered before and after. */
interface Question {
  ask(name: string): string
  before(name: string): unknown
  after: unknown
}

const KNOWN: Question = {
  ask: () => '{ viewer { user { kind } } }',
  before: () => ({ viewer: { user: { kind: 'HUMAN' } } }),
  after: 'UNAUTHENTICATED',
}
const MAY_FOUND: Question = {
  ask: (name) => `mutation { createOrganization(input: { name: "${name}" }, dryRun: true) { __typename } }`,
  before: () => ({ createOrganization: { __typename: 'CreateOrganizationPayload' } }),
  after: 'FORBIDDEN',
}
const MAY_UPDATE: Question = {
  ask: (name) => `mutation { updateProject(input: { project: "${name}", title: "new" }, dryRun: true) { __typename } }`,
  before: () => ({ updateProject: { __typename: 'UpdateProjectPayload' } }),
  after: 'FORBIDDEN',
}
const MAY_READ: Question = {
  ask: () => '{ viewer { permissions { name } } }',
  before: () => ({ viewer: { permissions: [{ name: 'doc.read' }] } }),
  after: { viewer: { permissions: [] } },
}
const SEES_CONTROLLER: Question = {
  ask: (name) => `{ controller(name: "${name}") { name } }`,
  before: (name) => ({ controller: { name } }),
  after: { controller: null },
}
const SEES_MODEL: Question = {
  ask: (controller) => `{ model(controller: "${controller}", name: "web") { name } controllers { totalCount } }`,
  before: () => ({ model: { name: 'web' }, controllers: { totalCount: 1 } }),
  after: { model: null, controllers: { totalCount: 0 } },
}

const ENDS: [mutation: string, Make, Question, input: (name: string, holder: Holder) => object][] = [
  ['disableUser', withNewKey, KNOWN, (user) => ({ user })],
  ['deleteUser', withNewKey, KNOWN, (user) => ({ user })],
  ['revokeApiKey', withNewKey, KNOWN, (_name, { keyId }) => ({ apiKey: keyId })],
  ['rotateApiKey', withNewKey, KNOWN, (_name, { keyId }) => ({ apiKey: keyId })],
  ['setUserPassword', withSession, KNOWN, (user) => ({ user, password: OTHER_PASSWORD })],
  ['changePassword', withSessions, KNOWN, () => ({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD })],
  ['signOut', withOneSession, KNOWN, () => ({})],
  ['signOutEverywhere', withSessions, KNOWN, () => ({})],
  [
    'revokeRoles',
    asAdministrator,
    MAY_FOUND,
    (user) => ({ user, roles: [{ role: 'ADMINISTRATOR', everywhere: true }] }),
  ],
  ['updateRole', withRole, MAY_UPDATE, (role) => ({ role, removePermissions: ['project.update'] })],
  ['deleteRole', withRole, MAY_UPDATE, (role) => ({ role })],
  ['updateOrganization', asMember, MAY_READ, (organization) => ({ organization, removeBasePermissions: ['doc.read'] })],
  ['revokeControllerAccess', withController, SEES_CONTROLLER, (name) => ({ user: name, controller: name })],
  ['revokeModelAccess', withModel, SEES_MODEL, (name) => ({ user: name, controller: name, model: 'web' })],
]

test.each(ENDS)(
  'after %s the next request on each open connection has lost the authority',
  { timeout: TRIALS * TRIAL_MS },
  async (mutation, make, { ask, before, after }, inputOf) => {
    const told: unknown[] = []

    for (let trial = 0; trial < TRIALS; trial++) {
      const name = `bob-${trial}`
      const holder = await make(name)
      const opening = Array.from({ length: CONNECTIONS }, () => openConnection(app, holder.headers))
      const [taker, ...connections] = await Promise.all([
        openConnection(app, holder.taker ?? { 'api-key': ROOT_KEY }),
        ...opening,
      ])
      const everybody = () => Promise.all(connections.map((connection) => connection(ask(name))))
      const seen = await everybody()
      const ended = await taker(changeDocument(mutation), { input: inputOf(name, holder) })
      told.push([seen, ended, await everybody()])
    }

    const done = { [mutation]: { __typename: `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Payload` } }
    const expected = Array.from({ length: TRIALS }, (_, trial) => [
      Array(CONNECTIONS).fill(before(`bob-${trial}`)),
      done,
      Array(CONNECTIONS).fill(after),
    ])
    expect(told).toEqual(expected)
  },
)
