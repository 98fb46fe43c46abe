/** The world of the matrix: two organizations that mirror each other, a third that does not exist, and every kind of caller. */

import { createToken } from '../../../src/entities/api-key/token.ts'
import type { TestApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createController, createModel } from '../../support/levels.ts'
import { inDays } from '../../support/look.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  grantRoles,
} from '../../support/seed.ts'
import { basic, bearer, PASSWORD, signIn } from '../../support/sessions.ts'
import { createPerson, OWN_CREDENTIAL, type Person, USERPASS } from './people.ts'

/** Names of one kind have one length, so that answers about them can be compared to the byte. */
export interface Things {
  user: string
  userId: string
  keyId: string
  /** Of a key that was rotated and works on. */
  oldKeyId: string
  /** The key of `keyId`, as it was shown. */
  secret: string
  token: string
  sessionId: string
  sshKeyId: string
  fingerprint: string
  credential: string
  credentialId: string
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
  /** That the user was made, in the audit. */
  eventId: string
  /** The mail that told them. */
  notificationId: string
  webhookId: string
  /** That a test was sent to the webhook. */
  deliveryId: string
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
  'disabled user',
  'session of the plain user',
  'HTTP Basic of the plain user',
  'session of the administrator',
] as const

export type CallerName = (typeof CALLERS)[number]

/** What is asked about, from the caller's side. The sibling is another model on the same controller. */
export type TargetName = 'self' | 'own' | 'sibling' | 'neighbor' | 'stronger' | 'server' | 'foreign' | 'missing'

export interface Caller {
  name: CallerName
  /** Whom they are like: the column of the matrix that tells what they get. */
  column: CallerName
  headers: Record<string, string>
  targets: Record<TargetName, Things>
  /** Begins another session, for callers who come with one. */
  renew?(): Promise<Record<string, string>>
}

const UUID = '01900000-0000-7000-8000-000000000000'

const MISSING: Things = {
  ...{ user: 'ann-nowh', userId: `user_${UUID}`, keyId: `key_${UUID}`, deletedUserId: `user_${UUID}` },
  ...{ organization: 'nowh', organizationId: `organization_${UUID}` },
  ...{ project: 'pro-nowh', projectId: `project_${UUID}` },
  ...{ role: 'role-nowh', roleId: `role_${UUID}`, permission: 'nowh.word' },
  ...{ controller: 'con-nowh', controllerId: `controller_${UUID}`, model: 'mod-nowh', modelId: `model_${UUID}` },
  ...{ oldKeyId: `key_${UUID}`, secret: createToken(UUID), token: 'eyJhbGciOiJFZERTQSJ9.e30.AAAA' },
  ...{ sessionId: `session_${UUID}`, sshKeyId: `sshkey_${UUID}`, fingerprint: `SHA256:${'A'.repeat(43)}` },
  ...{ credential: 'cre-nowh', credentialId: `credential_${UUID}` },
  ...{ eventId: `event_${UUID}`, notificationId: `notification_${UUID}` },
  ...{ webhookId: `webhook_${UUID}`, deliveryId: `delivery_${UUID}` },
}

/** An organization with a project, a role, a controller, a model, a user who holds something on each, and a deleted user. */
async function createSide(app: TestApp, organization: 'acme' | 'glob'): Promise<Things> {
  const organizationId = await createOrganization(app, organization)
  const [project, role, permission] = [`pro-${organization}`, `role-${organization}`, `${organization}.word`]
  const projectId = await createProject(app, project, organization)
  const roleId = await createRole(app, role, [permission], organization)
  const [controller, model, user] = [`con-${organization}`, `mod-${organization}`, `ann-${organization}`]
  const controllerId = await createController(app, controller, organization)
  const made = { controller, name: model, credential: OWN_CREDENTIAL }
  const { id: modelId } = (await change(app.root, 'createModel', made, 'model { id }')).model
  const roles = [
    { role: 'VERSION_MANAGER', project },
    { role, organization },
  ]
  const ann = await createPerson(app, user, { organization, roles }, `cre-${organization}`)
  await change(app.root, 'grantControllerAccess', { user, controller, access: 'ADD_MODEL' })
  await change(app.root, 'grantModelAccess', { user, controller, model, access: 'WRITE' })
  const gone = await createUser(app, `off-${organization}`, { organization })
  await change(app.root, 'deleteUser', { user: `off-${organization}` })
  const { id: oldKeyId } = await createApiKey(ann.client)
  await change(ann.client, 'rotateApiKey', { apiKey: oldKeyId, overlapUntil: inDays(1) })
  return {
    ...thingsOf(user, ann),
    ...{ deletedUserId: gone.id, oldKeyId, ...(await findTraces(app, user, ann.id)) },
    ...(await createWebhook(app, organization)),
    ...{ organization, organizationId, project, projectId, role, roleId, permission },
    ...{ controller, controllerId, model, modelId },
  }
}

/** A webhook of root's, to which a test was sent. */
async function createWebhook(app: TestApp, organization: string) {
  const input = { url: `https://hooks.example.test/${organization}`, organization }
  const { webhook } = await change(app.root, 'createWebhook', input, 'webhook { id }')
  const { delivery } = await change(app.root, 'testWebhook', { webhook: webhook.id }, 'delivery { id }')
  return { webhookId: webhook.id as string, deliveryId: delivery.id as string }
}

/** What is a person's own. */
function thingsOf(user: string, { id, key, keyId, ...rest }: Person) {
  const { token, sessionId, sshKeyId, fingerprint, credential, credentialId } = rest
  return { user, userId: id, secret: key, keyId, token, sessionId, sshKeyId, fingerprint, credential, credentialId }
}

/** That a user was made: in the audit, and the mail about it. */
async function findTraces(app: TestApp, username: string, id: string) {
  const { auditEvents, notifications } = await app.root.ok(
    `query ($id: ID!) { auditEvents(filter: { target: $id, action: "createUser" }) { nodes { id } }
      notifications(first: 100) { nodes { id kind user { username } } } }`,
    { id },
  )
  const mail = notifications.nodes.find(
    (one: { kind: string; user: { username: string } | null }) =>
      one.kind === 'USER_CREATED' && one.user?.username === username,
  )
  return { eventId: auditEvents.nodes[0].id as string, notificationId: mail.id as string }
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
  const made = await createPerson(app, user, { organization: 'acme' })
  const [kind, access] = name.split(' ')
  const place = kind === 'model' ? { controller, model } : { controller }
  await change(app.root, kind === 'model' ? 'grantModelAccess' : 'grantControllerAccess', { user, ...place, access })
  return made
}

/** Users of acme beside ann. */
async function createUsers(app: TestApp, { project }: Things) {
  const organization = 'acme'
  const users = {
    plain: await createPerson(app, 'pat-acme', { organization }),
    outsider: await createPerson(app, 'pat-glob', { organization: 'glob' }),
    manager: await createPerson(app, 'pam-acme', { organization }),
    boss: await createPerson(app, 'bob-acme', { organization, roles: [{ role: 'ORGANIZATION_ADMIN', organization }] }),
    auditor: await createPerson(app, 'aud-acme', { organization, roles: [{ role: 'AUDITOR', organization }] }),
    chief: await createPerson(app, 'adm-acme', { organization, isAdmin: true }),
    disabled: await createPerson(app, 'dis-acme', { organization }),
  }
  await change(app.root, 'disableUser', { user: 'dis-acme' })
  await grantRoles(app, 'pam-acme', [{ role: 'PROJECT_MANAGER', project }])
  return users
}

/** Builds the world; gives its callers in the order of CALLERS. */
export async function createWorld(app: TestApp): Promise<Caller[]> {
  await change(app.root, 'addCredential', { name: OWN_CREDENTIAL, attributes: USERPASS })
  const acme = await createSide(app, 'acme')
  const glob = await createSide(app, 'glob')
  const nearby = await createProject(app, 'pro-near', 'acme')
  const siblingId = await createModel(app.root, acme.controller, 'mod-more')
  const quiet = { controller: 'con-near', controllerId: await createController(app, 'con-near', 'acme') }
  const quietModel = { model: 'mod-near', modelId: await createModel(app.root, 'con-near', 'mod-near') }
  const serverRoleId = await createRole(app, 'role-serv', ['users.read'])
  const mighty = await createPerson(app, 'big-acme', { organization: 'acme', isAdmin: true }, 'cre-acme')
  const users = await createUsers(app, acme)
  const limits = [{ role: 'PROJECT_MANAGER', project: acme.project }]
  const limited = await createApiKey(users.boss.client, { limits })
  const isReadOnly = await createApiKey(users.boss.client, { isReadOnly: true })

  const special = {
    neighbor: { ...acme, project: 'pro-near', projectId: nearby, ...quiet, ...quietModel },
    sibling: { ...acme, model: 'mod-more', modelId: siblingId },
    stronger: { ...acme, ...thingsOf('big-acme', mighty) },
    server: { ...acme, role: 'role-serv', roleId: serverRoleId, permission: 'users.read' },
  }
  function createCaller(
    name: CallerName,
    user: string,
    person: Person,
    { column = name, own = acme, foreign = glob, ...rest }: Partial<Caller & { own: Things; foreign: Things }> = {},
  ): Caller {
    const self = { ...own, ...thingsOf(user, person) }
    const headers: Record<string, string> = { 'api-key': person.key }
    return { name, column, headers, ...rest, targets: { ...special, self, own, foreign, missing: MISSING } }
  }
  const holders: Caller[] = []
  for (const [name, user] of Object.entries(LEVELS) as [keyof typeof LEVELS, string][]) {
    holders.push(createCaller(name, user, await createLevelHolder(app, name, acme)))
  }
  function createSession(name: CallerName, column: CallerName, user: string, person: Person): Caller {
    const renew = async () => bearer((await signIn(app, user)).token)
    return createCaller(name, user, person, { column, headers: bearer(person.token), renew })
  }
  const { plain, outsider, manager, boss, auditor, chief, disabled } = users
  const readOnlyKey = { ...boss, key: isReadOnly.key, keyId: isReadOnly.id }
  return [
    createCaller('anonymous', 'pat-acme', plain, { headers: {} }),
    createCaller('plain user', 'pat-acme', plain),
    createCaller('user of another organization', 'pat-glob', outsider, { own: glob, foreign: acme }),
    createCaller('project role holder', 'pam-acme', manager),
    createCaller('organization admin', 'bob-acme', boss),
    createCaller('auditor', 'aud-acme', auditor),
    createCaller('limited key', 'bob-acme', { ...boss, key: limited.key, keyId: limited.id }),
    createCaller('read-only key', 'bob-acme', readOnlyKey, { column: 'organization admin' }),
    createCaller('administrator', 'adm-acme', chief),
    ...holders,
    createCaller('disabled user', 'dis-acme', disabled),
    createSession('session of the plain user', 'plain user', 'pat-acme', plain),
    createCaller('HTTP Basic of the plain user', 'pat-acme', plain, {
      column: 'plain user',
      headers: basic('pat-acme', PASSWORD),
    }),
    createSession('session of the administrator', 'administrator', 'adm-acme', chief),
  ]
}
