/** The world of the matrix: two organizations that mirror each other, a third that does not exist, and every kind of caller. */

import type { TestApp } from '../support/app.ts'
import { change } from '../support/change.ts'
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
] as const

export type CallerName = (typeof CALLERS)[number]

/** What is asked about, from the caller's side. */
export type TargetName = 'self' | 'own' | 'neighbor' | 'stronger' | 'server' | 'foreign' | 'missing'

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
}

/** An organization with a project, a role, a user who holds both, and a deleted user. */
async function createSide(app: TestApp, organization: 'acme' | 'glob'): Promise<Things> {
  const organizationId = await createOrganization(app, organization)
  const [project, role, permission] = [`pro-${organization}`, `role-${organization}`, `${organization}.word`]
  const projectId = await createProject(app, project, organization)
  const roleId = await createRole(app, role, [permission], organization)
  const roles = [
    { role: 'VERSION_MANAGER', project },
    { role, organization },
  ]
  const ann = await createUser(app, `ann-${organization}`, { organization, roles })
  const gone = await createUser(app, `off-${organization}`, { organization })
  await change(app.root, 'deleteUser', { user: `off-${organization}` })
  return {
    ...{ user: `ann-${organization}`, userId: ann.id, keyId: ann.keyId, deletedUserId: gone.id },
    ...{ organization, organizationId, project, projectId, role, roleId, permission },
  }
}

/** Builds the world; gives its callers in the order of CALLERS. */
export async function createWorld(app: TestApp): Promise<Caller[]> {
  const acme = await createSide(app, 'acme')
  const glob = await createSide(app, 'glob')
  const nearby = await createProject(app, 'pro-near', 'acme')
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
    neighbor: { ...acme, project: 'pro-near', projectId: nearby },
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
  ]
}
