/** For every mutation that a `viewerCan…` names: the weakest input about a thing that makes sense. */
import { OWN_CREDENTIAL, USERPASS } from '../../authority/matrix/people.ts'
import { inDays } from '../../support/look.ts'
import { PASSWORD } from '../../support/sessions.ts'
import { ed25519Line } from '../../support/ssh-wire.ts'
import type { Thing } from './things.ts'

/** A role of the server without permissions: whoever may grant may grant it. */
export const EMPTY_ROLE = 'role-none'

const NEW_PASSWORD = 'another long password'
const KEY = ed25519Line()

/** Who gets something is the caller themselves: everybody sees themselves. A level ends soon: nobody need hold theirs for good. */
function levelFor(user: string, access: string) {
  return { user, access, expiresAt: inDays(1 / 24) }
}

type Input = (thing: Thing, username: string) => object | null

const ofOrganization: Record<string, Input> = {
  createController: ({ name: organization }) => ({ name: 'new', type: 'google', organization }),
  createProject: ({ name: organization }) => ({ code: 'new', organization }),
  createRole: ({ name: organization }) => ({ name: 'new', permissions: [], organization }),
  createServiceUser: ({ name: organization }) => ({ username: 'new', email: 'new@example.test', organization }),
  createUser: ({ name: organization }) => ({ username: 'new', organization, withApiKey: false }),
  deleteOrganization: ({ name: organization }) => ({ organization }),
  updateOrganization: ({ name: organization }) => ({ organization, title: 'new' }),
  createWebhook: ({ name: organization }) => ({ url: 'https://new.example.test/', organization }),
  grantRoles: ({ type, name }, user) => ({
    user,
    roles: [{ role: EMPTY_ROLE, ...(type === 'Project' ? { project: name } : { organization: name }) }],
  }),
}

const ofThings: Record<string, Input> = {
  deleteProject: ({ name: project }) => ({ project }),
  updateProject: ({ name: project }) => ({ project, title: 'new' }),
  deleteRole: ({ name: role }) => ({ role }),
  deleteWebhook: ({ id: webhook }) => ({ webhook }),
  replayWebhook: ({ id: webhook }) => ({ webhook, after: '' }),
  rotateWebhookSecret: ({ id: webhook }) => ({ webhook }),
  testWebhook: ({ id: webhook }) => ({ webhook }),
  updateWebhook: ({ id: webhook }) => ({ webhook, description: 'new' }),
  updateRole: ({ name: role }) => ({ role, title: 'new' }),
  createModel: ({ name: controller }) => ({ controller, name: 'new' }),
  deleteController: ({ name: controller }) => ({ controller }),
  updateController: ({ name: controller }) => ({ controller, type: 'new' }),
  grantControllerAccess: ({ name: controller }, user) => ({ controller, ...levelFor(user, 'LOGIN') }),
  deleteModel: ({ name: model, within: controller }) => ({ controller, model }),
  updateModel: ({ name: model, within: controller }) => ({ controller, model, name: 'new' }),
  grantModelAccess: ({ name: model, within: controller }, user) => ({ controller, model, ...levelFor(user, 'READ') }),
}

/** Null where it is only about what is the caller's own, and this is not: it can't even be asked. */
const ofUsers: Record<string, Input> = {
  deleteUser: ({ name: user }) => ({ user }),
  disableUser: ({ name: user }) => ({ user }),
  enableUser: ({ name: user }) => ({ user }),
  unlockUser: ({ name: user }) => ({ user }),
  updateUser: ({ name: user }) => ({ user, displayName: 'new' }),
  setUserPassword: ({ name: user }) => ({ user, password: NEW_PASSWORD }),
  signOutEverywhere: ({ name: user }) => ({ user }),
  createApiKey: ({ name: user }) => ({ user, label: 'new' }),
  rotateApiKey: ({ id: apiKey }) => ({ apiKey }),
  revokeApiKey: ({ id: apiKey }) => ({ apiKey }),
  updateApiKey: ({ id: apiKey }) => ({ apiKey, label: 'new' }),
  endSession: ({ id: session }) => ({ session }),
  addSshKey: ({ name: user }) => ({ user, key: KEY }),
  removeSshKey: ({ name: fingerprint, within: user }) => ({ user, fingerprint }),
  removeCredential: ({ name, within: user }) => ({ user, name }),
  replaceCredential: ({ name, within: user }) => ({ user, name, attributes: USERPASS }),
  changePassword: ({ name }, user) => (name === user ? { currentPassword: PASSWORD, newPassword: NEW_PASSWORD } : null),
  addCredential: ({ name: user }) => ({ user, name: `${OWN_CREDENTIAL}-2`, attributes: USERPASS }),
  revealCredential: ({ name, within }, user) => (within === user ? { name } : null),
}

const INPUTS = { ...ofOrganization, ...ofThings, ...ofUsers }

/** What the mutation is asked about this thing. */
export function inputFor(mutation: string, thing: Thing, username: string): object | null {
  const input = INPUTS[mutation]
  if (!input) throw new Error(`${mutation} has no input here.`)
  return input(thing, username)
}
