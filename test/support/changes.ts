/** Every mutation once: an input that it accepts in the world below, and what its payload tells. */
import { pbkdf2Sync } from 'node:crypto'
import type { TestApp } from './app.ts'
import { change } from './change.ts'
import { levelChanges } from './level-changes.ts'
import { createController, createModel } from './levels.ts'
import { makeSecrets, secretChanges } from './secret-changes.ts'
import { createOrganization, createProject, createRole, createUser, type SeededUser } from './seed.ts'
import { ed25519Line } from './ssh-wire.ts'
import { webhookChanges } from './webhook-changes.ts'

/** What the inputs speak of. */
export interface World {
  rootId: string
  bob: SeededUser
  /** The id of the deleted user carol. */
  carolId: string
  acmeId: string
  emptyId: string
  apolloId: string
  editorId: string
  /** The controller gce1 with the model web. */
  controllerId: string
  modelId: string
  /** The controller idle, without models. */
  idleId: string
  /** The credential aws of bob, which no model uses. */
  awsId: string
  /** A session of bob, which is open. */
  sessionId: string
  /** A webhook of acme. */
  webhookId: string
}

/** Makes organizations, a project, a role, controllers, a model, bob who holds roles, levels and secrets, dave who is disabled, carol who is deleted. */
export async function makeWorld(app: TestApp): Promise<World> {
  const acmeId = await createOrganization(app, 'acme', ['doc.read'])
  const emptyId = await createOrganization(app, 'empty')
  const apolloId = await createProject(app, 'apollo')
  const editorId = await createRole(app, 'EDITOR', ['doc.edit'])
  const roles = [
    { role: 'VERSION_MANAGER', project: 'apollo' },
    { role: 'EDITOR', organization: 'acme' },
  ]
  const bob = await createUser(app, 'bob', { roles })
  const controllerId = await createController(app, 'gce1', 'acme')
  const idleId = await createController(app, 'idle')
  const modelId = await createModel(app.root, 'gce1', 'web')
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'ADD_MODEL' })
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'idle', access: 'LOGIN' })
  await change(app.root, 'grantModelAccess', { user: 'bob', controller: 'gce1', model: 'web', access: 'WRITE' })
  const sessionId = await makeSecrets(app, bob)
  await createUser(app, 'dave')
  await change(app.root, 'disableUser', { user: 'dave' })
  const carol = await createUser(app, 'carol')
  await change(app.root, 'deleteUser', { user: 'carol' })
  const { viewer, user } = await app.root.ok(
    '{ viewer { user { id } } user(username: "bob") { credentials { nodes { id } } } }',
  )
  const awsId: string = user.credentials.nodes[0].id
  const url = 'https://hooks.example.test/acme'
  const { webhook } = await change(app.root, 'createWebhook', { url, organization: 'acme' }, 'secret webhook { id }')
  const webhookId: string = webhook.id
  const ids = { webhookId, acmeId, emptyId, apolloId, editorId, controllerId, modelId, idleId, awsId, sessionId }
  return { rootId: viewer.user.id, bob, carolId: carol.id, ...ids }
}

/** A mutation that succeeds. */
export interface SampleChange {
  name: string
  input(world: World): Record<string, unknown>
  /** All of its payload. */
  payload: string
  targetType:
    | 'User'
    | 'ApiKey'
    | 'Organization'
    | 'Project'
    | 'Role'
    | 'Controller'
    | 'Model'
    | 'Credential'
    | 'Session'
    | 'Webhook'
    | 'Server'
  // biome-ignore lint/suspicious/noExplicitAny: a payload is known only to its own entry of this table.
  targetId(payload: any, world: World): string
}

const USER = `user { id username displayName email kind isActive isAdmin organization { name }
  roles { totalCount edges { node { name } project { code } organization { name } expiresAt grantedBy { username } } }
  controllers { totalCount edges { access node { name } models { edges { access node { name } } } } } }`
const KEY = 'apiKey { id label hint isValid isReadOnly isLimited limits { role { name } } expiresAt user { username } }'
const ORGANIZATION = 'organization { id name title tokenTtl maxKeyTtl basePermissions { name } }'
const PROJECT = 'project { id code title organization { name } }'
const ROLE = 'role { id name title organization { name } permissions { name } }'

const later = () => new Date(Date.now() + 86_400_000).toISOString()

/** Of another system: of the password `frank walks the cat`. */
const IMPORTED_HASH = `pbkdf2_sha256$1000$seasalt$${pbkdf2Sync('frank walks the cat', 'seasalt', 1000, 32, 'sha256').toString('base64')}`

/** One entry per mutation that has a dry run; `dry-run.test.ts` fails where one is missing. */
export const CHANGES: SampleChange[] = [
  {
    name: 'createUser',
    input: () => ({
      username: 'erin',
      displayName: 'Erin E.',
      email: 'erin@example.test',
      organization: 'acme',
      roles: [
        { role: 'VERSION_MANAGER', project: 'apollo', expiresAt: later() },
        { role: 'EDITOR', organization: 'acme' },
      ],
      password: 'erin reads the papers',
      confirmPassword: 'erin reads the papers',
      withApiKey: true,
    }),
    payload: `secret ${USER} ${KEY}`,
    targetType: 'User',
    targetId: (payload) => payload.user.id,
  },
  {
    name: 'createServiceUser',
    input: () => ({
      username: 'upload',
      displayName: 'Uploader',
      email: 'erin@example.test',
      organization: 'acme',
      roles: [{ role: 'VERSION_MANAGER', everywhere: true }],
    }),
    payload: `secret created ${USER} ${KEY}`,
    targetType: 'User',
    targetId: (payload) => payload.user.id,
  },
  {
    name: 'importUsers',
    input: () => ({
      items: [
        {
          username: 'frank',
          displayName: 'Frank F.',
          email: 'frank@example.test',
          organization: 'acme',
          roles: [
            { role: 'VERSION_MANAGER', project: 'apollo', expiresAt: later() },
            { role: 'EDITOR', organization: 'acme' },
          ],
          sshKeys: [ed25519Line('frank@laptop')],
          passwordHash: IMPORTED_HASH,
          apiKeys: [
            { label: 'from elsewhere', secret: '18634317c8d7116237af1f82f03b9a26', expiresAt: later() },
            { sha256: '4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce' },
          ],
        },
      ],
    }),
    payload: 'results { index username userId status code message path }',
    targetType: 'User',
    targetId: (payload) => payload.results[0].userId,
  },
  {
    name: 'updateUser',
    input: () => ({ user: 'bob', username: 'robert', displayName: 'Robert', email: 'robert@example.test' }),
    payload: USER,
    targetType: 'User',
    targetId: (_payload, world) => world.bob.id,
  },
  {
    name: 'updateViewer',
    input: () => ({ displayName: 'The root' }),
    payload: USER,
    targetType: 'User',
    targetId: (_payload, world) => world.rootId,
  },
  {
    name: 'disableUser',
    input: () => ({ user: 'bob', reason: 'away', expiresAt: later() }),
    payload: `changed ${USER}`,
    targetType: 'User',
    targetId: (_payload, world) => world.bob.id,
  },
  {
    name: 'enableUser',
    input: () => ({ user: 'dave' }),
    payload: `changed ${USER}`,
    targetType: 'User',
    targetId: (payload) => payload.user.id,
  },
  {
    name: 'deleteUser',
    input: () => ({ user: 'bob' }),
    payload: 'deletedId name endedGrants accessLost { role organization project controller model level }',
    targetType: 'User',
    targetId: (_payload, world) => world.bob.id,
  },
  {
    name: 'restoreUser',
    input: (world) => ({ id: world.carolId, username: 'carol2' }),
    payload: USER,
    targetType: 'User',
    targetId: (_payload, world) => world.carolId,
  },
  {
    name: 'createApiKey',
    input: () => ({
      user: 'bob',
      label: 'ci',
      expiresAt: later(),
      isReadOnly: true,
      limits: [{ role: 'VERSION_MANAGER', project: 'apollo' }],
    }),
    payload: `secret ${KEY}`,
    targetType: 'ApiKey',
    targetId: (payload) => payload.apiKey.id,
  },
  {
    name: 'rotateApiKey',
    input: (world) => ({ apiKey: world.bob.keyId, overlapUntil: later() }),
    payload: `secret ${KEY}`,
    targetType: 'ApiKey',
    targetId: (payload) => payload.apiKey.id,
  },
  {
    name: 'updateApiKey',
    input: (world) => ({
      apiKey: world.bob.keyId,
      label: 'other',
      expiresAt: later(),
      limits: [{ role: 'VERSION_MANAGER', project: 'apollo' }],
    }),
    payload: `changed ${KEY}`,
    targetType: 'ApiKey',
    targetId: (_payload, world) => world.bob.keyId,
  },
  {
    name: 'revokeApiKey',
    input: (world) => ({ apiKey: world.bob.keyId }),
    payload: `changed ${KEY}`,
    targetType: 'ApiKey',
    targetId: (_payload, world) => world.bob.keyId,
  },
  {
    name: 'grantRoles',
    input: () => ({
      user: 'bob',
      roles: [
        { role: 'AUDITOR', everywhere: true, expiresAt: later() },
        { role: 'EDITOR', organization: 'default' },
        { role: 'PROJECT_MANAGER', project: 'apollo' },
      ],
    }),
    payload: `changed ${USER}`,
    targetType: 'User',
    targetId: (_payload, world) => world.bob.id,
  },
  {
    name: 'revokeRoles',
    input: () => ({
      user: 'bob',
      roles: [
        { role: 'VERSION_MANAGER', project: 'apollo' },
        { role: 'EDITOR', organization: 'acme' },
      ],
    }),
    payload: `changed ${USER}`,
    targetType: 'User',
    targetId: (_payload, world) => world.bob.id,
  },
  {
    name: 'setRoles',
    input: () => ({
      user: 'bob',
      project: 'apollo',
      roles: [{ role: 'PROJECT_MANAGER', expiresAt: later() }],
    }),
    payload: `changed ${USER}`,
    targetType: 'User',
    targetId: (_payload, world) => world.bob.id,
  },
  {
    name: 'createOrganization',
    input: () => ({ name: 'apex', title: 'Apex', tokenTtl: 'PT2H', maxKeyTtl: 'P90D', basePermissions: ['page.read'] }),
    payload: ORGANIZATION,
    targetType: 'Organization',
    targetId: (payload) => payload.organization.id,
  },
  {
    name: 'updateOrganization',
    input: () => ({
      organization: 'acme',
      name: 'apex',
      title: 'Apex',
      tokenTtl: 'PT2H',
      maxKeyTtl: 'P90D',
      addBasePermissions: ['page.read'],
      removeBasePermissions: ['doc.read'],
    }),
    payload: ORGANIZATION,
    targetType: 'Organization',
    targetId: (_payload, world) => world.acmeId,
  },
  {
    name: 'deleteOrganization',
    input: () => ({ organization: 'empty' }),
    payload: 'name',
    targetType: 'Organization',
    targetId: (_payload, world) => world.emptyId,
  },
  {
    name: 'createProject',
    input: () => ({ code: 'gemini', title: 'Gemini', organization: 'acme' }),
    payload: PROJECT,
    targetType: 'Project',
    targetId: (payload) => payload.project.id,
  },
  {
    name: 'updateProject',
    input: () => ({ project: 'apollo', code: 'artemis', title: 'Artemis' }),
    payload: PROJECT,
    targetType: 'Project',
    targetId: (_payload, world) => world.apolloId,
  },
  {
    name: 'deleteProject',
    input: () => ({ project: 'apollo' }),
    payload: 'name endedGrants',
    targetType: 'Project',
    targetId: (_payload, world) => world.apolloId,
  },
  {
    name: 'createRole',
    input: () => ({ name: 'WRITER', title: 'Writer', organization: 'acme', permissions: ['doc.write', 'doc.edit'] }),
    payload: ROLE,
    targetType: 'Role',
    targetId: (payload) => payload.role.id,
  },
  {
    name: 'updateRole',
    input: () => ({
      role: 'EDITOR',
      name: 'WRITER',
      title: 'Writer',
      addPermissions: ['doc.write'],
      removePermissions: ['doc.edit'],
    }),
    payload: ROLE,
    targetType: 'Role',
    targetId: (_payload, world) => world.editorId,
  },
  {
    name: 'deleteRole',
    input: () => ({ role: 'EDITOR' }),
    payload: 'name endedGrants',
    targetType: 'Role',
    targetId: (_payload, world) => world.editorId,
  },
  ...levelChanges(USER, later),
  ...secretChanges(USER),
  ...webhookChanges,
]
