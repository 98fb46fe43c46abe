/** The world of the matrix: two organizations that mirror each other, a third that does not exist, and every kind of caller. */

import type { TestApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createController, createModel } from '../support/levels.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser, grantRoles } from '../support/seed.ts'

/** Names of one kind have one length, so that answers about them can be compared to the byte. */
export interface Things {
  user: string
  userId: string
  keyId: string
  organization: string
  organizationId: string
  project: string
  projectId: string
  role: string
  roleId: string
  permission: string
  controller: string
  controllerId: string
  model: string
  modelId: string
  deletedUserId: string
}

/** Who asks, in the order of the matrix's columns. */
export const CALLERS = [
  'anonymous',
  'plain user',
  'user of another organization',
  'project role holder',
  'organization admin',
  'auditor',
  'limited key',
  'read-only key',
  'administrator',
  'controller LOGIN',
  'controller ADD_MODEL',
  'controller SUPERUSER',
  'model READ',
  'model WRITE',
  'model ADMIN',
] as const

export type CallerName = (typeof CALLERS)[number]

/** What is asked about, from the caller's side. The sibling is another model on the same controller. */
export type TargetName = 'self' | 'own' | 'sibling' | 'neighbor' | 'stronger' | 'server' | 'foreign' | 'missing'

export interface Caller {
  name: CallerName
  headers: Record<string, string>
  targets: Record<TargetName, Things>
}

const UUID = '01900000-0000-7000-8000-000000000000'

const MISSING: Things = {
  ...{ user: 'ann-nowh', userId: `user_${UUID}`, keyId: `key_${UUID}`, deletedUserId: `user_${UUID}` },
  ...{ organization: 'nowh', organizationId: `organization_${UUID}` },
  ...{ project: 'pro-nowh', projectId: `project_${UUID}` },
  ...{ role: 'role-nowh', roleId: `role_${UUID}`, permission: 'nowh.word' },
  ...{ controller: 'con-nowh', controllerId: `controller_${UUID}`, model: 'mod-nowh', modelId: `model_${UUID}` },
}

/** An organization with a project, a role, a controller, a model, a user who holds something on each, and a deleted user. */
async function createSide(app: TestApp, organization: 'acme' | 'glob'): Promise<Things> {
  const organizationId = await createOrganization(app, organization)
  const [project, role, permission] = [`pro-${organization}`, `role-${organization}`, `${organization}.word`]
  const projectId = await createProject(app, project, organization)
  const roleId = await createRole(app, role, [permission], organization)
  const [controller, model] = [`con-${organization}`, `mod-${organization}`]
  const controllerId = await createController(app, controller, organization)
  const modelId = await createModel(app.root, controller, model)
  const roles = [
    { role: 'VERSION_MANAGER', project },
    { role, organization },
  ]
  const ann = await createUser(app, `ann-${organization}`, { organization, roles })
  await change(app.root, 'grantControllerAccess', { user: `ann-${organization}`, controller, access: 'ADD_MODEL' })
  await change(app.root, 'grantModelAccess', { user: `ann-${organization}`, controller, model, access: 'WRITE' })
  const gone = await createUser(app, `off-${organization}`, { organization })
  await change(app.root, 'deleteUser', { user: `off-${organization}` })
  return {
    ...{ user: `ann-${organization}`, userId: ann.id, keyId: ann.keyId, deletedUserId: gone.id },
    ...{ organization, organizationId, project, projectId, role, roleId, permission },
    ...{ controller, controllerId, model, modelId },
  }
}

const LEVELS = {
  'controller LOGIN': 'log-acme',
  'controller ADD_MODEL': 'add-acme',
  'controller SUPERUSER': 'sup-acme',
  'model READ': 'rea-acme',
  'model WRITE': 'wri-acme',
  'model ADMIN': 'own-acme',
} as const

/** Somebody who holds one level in acme and nothing else. */
async function createLevelHolder(app: TestApp, name: keyof typeof LEVELS, { controller, model }: Things) {
  const user = LEVELS[name]
  const made = await createUser(app, user, { organization: 'acme' })
  const [kind, access] = name.split(' ')
  const place = kind === 'model' ? { controller, model } : { controller }
  await change(app.root, kind === 'model' ? 'grantModelAccess' : 'grantControllerAccess', { user, ...place, access })
  return made
}

/** Builds the world; gives its callers in the order of CALLERS. */
export async function createWorld(app: TestApp): Promise<Caller[]> {
  const acme = await createSide(app, 'acme')
  const glob = await createSide(app, 'glob')
  const nearby = await createProject(app, 'pro-near', 'acme')
  const siblingId = await createModel(app.root, acme.controller, 'mod-more')
  const quiet = { controller: 'con-near', controllerId: await createController(app, 'con-near', 'acme') }
  const quietModel = { model: 'mod-near', modelId: await createModel(app.root, 'con-near', 'mod-near') }
  const serverRoleId = await createRole(app, 'role-serv', ['users.read'])
  const organization = 'acme'
  const mighty = await createUser(app, 'big-acme', { organization, isAdmin: true })
  const users = {
    plain: await createUser(app, 'pat-acme', { organization }),
    outsider: await createUser(app, 'pat-glob', { organization: 'glob' }),
    manager: await createUser(app, 'pam-acme', { organization }),
    boss: await createUser(app, 'bob-acme', { organization, roles: [{ role: 'ORGANIZATION_ADMIN', organization }] }),
    auditor: await createUser(app, 'aud-acme', { organization, roles: [{ role: 'AUDITOR', organization }] }),
    chief: await createUser(app, 'adm-acme', { organization, isAdmin: true }),
  }
  await grantRoles(app, 'pam-acme', [{ role: 'PROJECT_MANAGER', project: acme.project }])
  const limits = [{ role: 'PROJECT_MANAGER', project: acme.project }]
  const limited = await createApiKey(users.boss.client, { limits })
  const readOnly = await createApiKey(users.boss.client, { readOnly: true })

  const special = {
    neighbor: { ...acme, project: 'pro-near', projectId: nearby, ...quiet, ...quietModel },
    sibling: { ...acme, model: 'mod-more', modelId: siblingId },
    stronger: { ...acme, user: 'big-acme', userId: mighty.id, keyId: mighty.keyId },
    server: { ...acme, role: 'role-serv', roleId: serverRoleId, permission: 'users.read' },
  }
  function createCaller(
    name: CallerName,
    user: string,
    { id, key, keyId }: { id: string; key: string; keyId: string },
    [own, foreign] = [acme, glob],
  ): Caller {
    const self = { ...own, user, userId: id, keyId }
    const headers: Record<string, string> = name === 'anonymous' ? {} : { 'api-key': key }
    return { name, headers, targets: { ...special, self, own, foreign, missing: MISSING } }
  }
  const holders: Caller[] = []
  for (const [name, user] of Object.entries(LEVELS) as [keyof typeof LEVELS, string][]) {
    holders.push(createCaller(name, user, await createLevelHolder(app, name, acme)))
  }
  return [
    createCaller('anonymous', 'pat-acme', users.plain),
    createCaller('plain user', 'pat-acme', users.plain),
    createCaller('user of another organization', 'pat-glob', users.outsider, [glob, acme]),
    createCaller('project role holder', 'pam-acme', users.manager),
    createCaller('organization admin', 'bob-acme', users.boss),
    createCaller('auditor', 'aud-acme', users.auditor),
    createCaller('limited key', 'bob-acme', { ...users.boss, key: limited.key, keyId: limited.id }),
    createCaller('read-only key', 'bob-acme', { ...users.boss, key: readOnly.key, keyId: readOnly.id }),
    createCaller('administrator', 'adm-acme', users.chief),
    ...holders,
  ]
}
