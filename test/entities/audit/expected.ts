/** What the audit must tell of every sample of `support/changes.ts`: the organization, and the fields before and after. */
import { expect } from 'vitest'

// biome-ignore lint/suspicious/noExplicitAny: an input and a payload are known only to their own entry of this table.
type Json = any

interface Expected {
  /** The name of the organization it was in; null where it is in none, or that is gone. */
  organization: string | null
  /** The target was deleted: its id finds nothing. */
  isGone?: boolean
  /** The target is no Node. */
  isNoNode?: boolean
  /** By field what was and what is; a side that is absent is undefined. */
  changes(input: Json, payload: Json): Record<string, [unknown, unknown]>
}

const none = undefined
const HOOK = 'https://hooks.example.test/acme'
const EDITOR_IN_ACME = { role: 'EDITOR', scope: 'organization acme', expiresAt: null }
const VERSIONS_ON_APOLLO = { role: 'VERSION_MANAGER', scope: 'project apollo', expiresAt: null }
const LOST = { role: null, organization: null, project: null, scope: null, controller: null, model: null, level: null }
/** A first key, which ends never. */
const FIRST_KEY = { id: expect.stringMatching(/^key_[0-9a-f-]{36}$/), label: 'first key', expiresAt: null }

export const EXPECTED: Record<string, Expected> = {
  createUser: {
    organization: 'acme',
    changes: ({ roles, password, withApiKey = !password }) => ({
      username: [none, 'erin'],
      displayName: [none, 'Erin E.'],
      email: [none, 'erin@example.test'],
      organization: [none, 'acme'],
      password: [none, password ? 'set' : null],
      mustChangePassword: [none, password ? true : none],
      roles: [none, [{ ...VERSIONS_ON_APOLLO, expiresAt: roles[0].expiresAt }, EDITOR_IN_ACME]],
      apiKey: [none, withApiKey ? FIRST_KEY : none],
    }),
  },
  createServiceUser: {
    organization: 'acme',
    changes: () => ({
      username: [none, 'api-upload'],
      displayName: [none, 'Uploader'],
      email: [none, 'erin@example.test'],
      organization: [none, 'acme'],
      roles: [none, [{ role: 'VERSION_MANAGER', scope: 'everywhere', expiresAt: null }]],
      apiKey: [none, FIRST_KEY],
    }),
  },
  importUsers: {
    organization: 'acme',
    changes: ({ items: [{ roles, apiKeys }] }) => ({
      username: [none, 'frank'],
      displayName: [none, 'Frank F.'],
      email: [none, 'frank@example.test'],
      organization: [none, 'acme'],
      roles: [none, [{ ...VERSIONS_ON_APOLLO, expiresAt: roles[0].expiresAt }, EDITOR_IN_ACME]],
      password: [none, 'set'],
      mustChangePassword: [none, false],
      sshKeys: [
        none,
        [{ type: 'ssh-ed25519', fingerprint: expect.stringMatching(/^SHA256:/), comment: 'frank@laptop' }],
      ],
      apiKeys: [
        none,
        [
          { ...FIRST_KEY, label: 'from elsewhere', expiresAt: apiKeys[0].expiresAt },
          { ...FIRST_KEY, label: 'imported key' },
        ],
      ],
    }),
  },
  updateUser: {
    organization: 'default',
    changes: () => ({
      username: ['bob', 'robert'],
      displayName: [none, 'Robert'],
      email: ['bob@example.test', 'robert@example.test'],
    }),
  },
  updateViewer: { organization: 'default', changes: () => ({ displayName: [none, 'The root'] }) },
  disableUser: {
    organization: 'default',
    changes: ({ expiresAt }) => ({ reason: [none, 'away'], expiresAt: [none, expiresAt] }),
  },
  enableUser: { organization: 'default', changes: () => ({ isActive: [false, true] }) },
  deleteUser: {
    organization: 'default',
    isGone: true,
    changes: () => ({
      username: ['bob', none],
      access: [
        [
          { ...LOST, role: 'EDITOR', organization: 'acme', scope: 'ORGANIZATION' },
          { ...LOST, role: 'VERSION_MANAGER', organization: 'default', project: 'apollo', scope: 'PROJECT' },
          { ...LOST, controller: 'gce1', level: 'ADD_MODEL' },
          { ...LOST, controller: 'idle', level: 'LOGIN' },
          { ...LOST, controller: 'gce1', model: 'web', level: 'WRITE' },
        ],
        none,
      ],
    }),
  },
  restoreUser: {
    organization: 'default',
    changes: () => ({ username: [none, 'carol2'], isActive: [none, false] }),
  },
  createApiKey: {
    organization: 'default',
    changes: ({ expiresAt }) => ({
      user: [none, 'bob'],
      label: [none, 'ci'],
      expiresAt: [none, expiresAt],
      isReadOnly: [none, true],
      limits: [none, [{ role: 'VERSION_MANAGER', scope: 'project apollo' }]],
    }),
  },
  rotateApiKey: {
    organization: 'default',
    changes: ({ apiKey, overlapUntil = none }) => ({
      apiKey: [apiKey, expect.stringMatching(/^key_[0-9a-f-]{36}$/)],
      user: [none, 'bob'],
      label: [none, 'first key'],
      expiresAt: [none, none],
      isReadOnly: [none, false],
      overlapUntil: [none, overlapUntil],
    }),
  },
  updateApiKey: {
    organization: 'default',
    changes: ({ expiresAt }) => ({
      label: ['first key', 'other'],
      expiresAt: [none, expiresAt],
      limits: [none, [{ role: 'VERSION_MANAGER', scope: 'project apollo' }]],
    }),
  },
  createWebhook: {
    organization: 'acme',
    changes: () => ({
      url: [none, 'https://hooks.example.test/new'],
      types: [none, ['user.created']],
      description: [none, 'New users'],
      organization: [none, 'acme'],
    }),
  },
  updateWebhook: {
    organization: 'acme',
    changes: () => ({
      url: [HOOK, 'https://hooks.example.test/other'],
      types: [none, ['user.deleted']],
      description: [none, 'Users that are gone'],
      isPaused: [false, true],
    }),
  },
  rotateWebhookSecret: { organization: 'acme', changes: () => ({ url: [none, HOOK] }) },
  testWebhook: { organization: 'acme', changes: () => ({ url: [none, HOOK] }) },
  replayWebhook: { organization: 'acme', changes: () => ({ cursor: [none, ''] }) },
  deleteWebhook: {
    organization: 'acme',
    isGone: true,
    changes: () => ({ url: [HOOK, none], types: [none, none], description: [none, none] }),
  },
  endSession: { organization: 'default', changes: () => ({ user: ['bob', none] }) },
  revokeApiKey: { organization: 'default', changes: () => ({ user: ['bob', none], label: ['first key', none] }) },
  grantRoles: {
    organization: 'default',
    changes: ({ roles }) => ({
      roles: [
        none,
        [
          { role: 'AUDITOR', scope: 'everywhere', expiresAt: roles[0].expiresAt },
          { role: 'EDITOR', scope: 'organization default', expiresAt: null },
          { role: 'PROJECT_MANAGER', scope: 'project apollo', expiresAt: null },
        ],
      ],
    }),
  },
  revokeRoles: { organization: 'default', changes: () => ({ roles: [[VERSIONS_ON_APOLLO, EDITOR_IN_ACME], none] }) },
  setRoles: {
    organization: 'default',
    changes: ({ roles }) => ({
      roles: [
        [VERSIONS_ON_APOLLO],
        [{ role: 'PROJECT_MANAGER', scope: 'project apollo', expiresAt: roles[0].expiresAt }],
      ],
    }),
  },
  createOrganization: {
    organization: 'apex',
    changes: () => ({
      name: [none, 'apex'],
      title: [none, 'Apex'],
      tokenTtl: [none, 'PT2H'],
      maxKeyTtl: [none, 'P90D'],
      basePermissions: [none, ['page.read']],
    }),
  },
  updateOrganization: {
    organization: 'apex',
    changes: () => ({
      name: ['acme', 'apex'],
      title: [none, 'Apex'],
      tokenTtl: ['PT1H', 'PT2H'],
      maxKeyTtl: [none, 'P90D'],
      basePermissions: [['doc.read'], ['page.read']],
    }),
  },
  deleteOrganization: { organization: null, isGone: true, changes: () => ({ name: ['empty', none] }) },
  createProject: {
    organization: 'acme',
    changes: () => ({ code: [none, 'gemini'], title: [none, 'Gemini'], organization: [none, 'acme'] }),
  },
  updateProject: {
    organization: 'default',
    changes: () => ({ code: ['apollo', 'artemis'], title: [none, 'Artemis'] }),
  },
  deleteProject: {
    organization: 'default',
    isGone: true,
    changes: () => ({ code: ['apollo', none], title: [none, none], endedGrants: [1, none] }),
  },
  createRole: {
    organization: 'acme',
    changes: () => ({
      name: [none, 'WRITER'],
      title: [none, 'Writer'],
      organization: [none, 'acme'],
      permissions: [none, ['doc.write', 'doc.edit']],
    }),
  },
  updateRole: {
    organization: null,
    changes: () => ({
      name: ['EDITOR', 'WRITER'],
      title: [none, 'Writer'],
      permissions: [['doc.edit'], ['doc.write']],
    }),
  },
  deleteRole: {
    organization: null,
    isGone: true,
    changes: () => ({ name: ['EDITOR', none], endedGrants: [1, none] }),
  },
  createController: {
    organization: 'acme',
    changes: () => ({ name: [none, 'gce2'], type: [none, 'google'], organization: [none, 'acme'] }),
  },
  updateController: {
    organization: 'acme',
    changes: () => ({ name: ['gce1', 'gce3'], type: ['google', 'ec2'] }),
  },
  deleteController: {
    organization: 'default',
    isGone: true,
    changes: () => ({ name: ['idle', none], type: ['google', none], endedGrants: [1, none] }),
  },
  createModel: {
    organization: 'acme',
    changes: ({ credential = none }) => ({
      name: [none, 'db'],
      controller: [none, 'gce1'],
      credential: [none, credential],
    }),
  },
  updateModel: {
    organization: 'acme',
    changes: ({ credential = none }) => ({ name: ['web', 'site'], credential: [none, credential] }),
  },
  deleteModel: {
    organization: 'acme',
    isGone: true,
    changes: () => ({ name: ['web', none], endedGrants: [2, none] }),
  },
  grantControllerAccess: levelChange('gce1', none, none, 'SUPERUSER'),
  revokeControllerAccess: levelChange('gce1', none, 'ADD_MODEL', 'LOGIN'),
  setControllerAccess: levelChange('gce1', none, 'ADD_MODEL', 'LOGIN'),
  grantModelAccess: levelChange('gce1', 'web', none, 'ADMIN'),
  revokeModelAccess: levelChange('gce1', 'web', 'WRITE', 'READ'),
  setModelAccess: levelChange('gce1', 'web', 'WRITE', 'READ'),
  changePassword: { organization: 'default', changes: passwordChange },
  setUserPassword: {
    organization: 'default',
    changes: (input, payload) => ({ ...passwordChange(input, payload), mustChangePassword: [false, true] }),
  },
  unlockUser: { organization: 'default', changes: () => ({ wrongPasswords: [10, 0] }) },
  addSshKey: {
    organization: 'default',
    changes: ({ key }) => ({
      sshKey: [
        none,
        { type: 'ssh-ed25519', fingerprint: expect.stringMatching(/^SHA256:/), comment: key.split(' ')[2] },
      ],
    }),
  },
  removeSshKey: { organization: 'default', changes: ({ fingerprint }) => ({ sshKey: [{ fingerprint }, none] }) },
  addCredential: {
    organization: 'default',
    changes: ({ name }) => ({
      name: [none, name],
      type: [none, 'access-key'],
      attributes: [none, ['access-key', 'secret-key', 'tenant-id', 'tenant-name', 'version']],
    }),
  },
  removeCredential: {
    organization: 'default',
    isGone: true,
    changes: () => ({ name: ['aws', none], type: ['access-key', none] }),
  },
  replaceCredential: {
    organization: 'default',
    changes: () => ({
      name: [none, 'aws'],
      type: [none, 'userpass'],
      attributes: [none, ['username', 'password']],
    }),
  },
  revealCredential: { organization: 'default', changes: ({ name }) => ({ revealed: [none, name] }) },
  setReadOnly: { organization: null, isNoNode: true, changes: () => ({ isReadOnly: [false, true] }) },
}

function levelChange(
  controller: string,
  model: string | undefined,
  before: string | undefined,
  after: string,
): Expected {
  const place = { controller, ...(model && { model }) }
  return {
    organization: 'default',
    changes: ({ expiresAt = null }) => ({
      access: [before && { ...place, access: before, expiresAt: null }, { ...place, access: after, expiresAt }],
    }),
  }
}

function passwordChange(_input: Json, { endedApiKeys }: Json): Record<string, [unknown, unknown]> {
  return { password: [none, 'set'], endedApiKeys: [none, endedApiKeys] }
}
