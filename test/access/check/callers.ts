/** Whom it is asked about whether they may call a mutation: everybody in the world of `changes.ts`, and more. */
import type { Client, TestApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import type { World } from '../../support/changes.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../../support/seed.ts'
import { createPerson, signIn } from '../../support/sessions.ts'

/** Somebody who calls mutations. */
export interface Caller {
  client: Client
  /** How others ask about them. */
  subject: { user: string } | { apiKey: string }
}

const everywhere = { everywhere: true }
const WORDS = [
  'users.manage',
  'roles.manage',
  'roles.grant',
  'organizations.manage',
  'projects.manage',
  'project.update',
  'project.delete',
  'controllers.manage',
]
const ofDefault = { role: 'ORGANIZATION_ADMIN', organization: 'default' }

async function createOne(app: TestApp, username: string, input: object = {}): Promise<Caller> {
  const { client } = await createUser(app, username, input)
  return { client, subject: { user: username } }
}

/** Of the user concerned, or else of an administrator. */
async function createKey(app: TestApp, input: object, bob?: Client): Promise<Caller> {
  const owner = bob ?? (await createUser(app, 'chief', { isAdmin: true })).client
  const { key } = await createApiKey(owner, input)
  return { client: app.as(key), subject: { apiKey: key } }
}

async function createSession(app: TestApp, username: string, input: object): Promise<Caller> {
  await createPerson(app, username, input)
  return { client: (await signIn(app, username)).client, subject: { user: username } }
}

async function createSuperuser(app: TestApp): Promise<Caller> {
  const made = await createOne(app, 'sue')
  await change(app.root, 'grantControllerAccess', { user: 'sue', controller: 'gce1', access: 'SUPERUSER' })
  return made
}

/** Nothing is refused them before it is known what it is about: they hold each of these words somewhere. */
export async function createStranger(app: TestApp): Promise<Caller> {
  await createOrganization(app, 'far')
  await createProject(app, 'away', 'far')
  await createRole(app, 'STRANGER', WORDS)
  return createOne(app, 'stan', { organization: 'far', roles: [{ role: 'STRANGER', project: 'away' }] })
}

async function createSuspended(app: TestApp): Promise<Caller> {
  const made = await createOne(app, 'sid', { isAdmin: true })
  await change(app.root, 'disableUser', { user: 'sid' })
  return made
}

/** Who they are, each with how they come about. */
export const CALLERS: Record<string, (app: TestApp, world: World) => Promise<Caller>> = {
  'an administrator': (app) => createOne(app, 'chief', { isAdmin: true }),
  'the user concerned': async (_app, { bob }) => ({ client: bob.client, subject: { user: 'bob' } }),
  'a delegate over their organization': (app) => createOne(app, 'dora', { roles: [ofDefault] }),
  'a delegate over another organization': (app) =>
    createOne(app, 'dora', { organization: 'acme', roles: [{ role: 'ORGANIZATION_ADMIN', organization: 'acme' }] }),
  'a user who sees everything': (app) => createOne(app, 'rita', { roles: [{ role: 'AUDITOR', ...everywhere }] }),
  'a user with every word, far away': createStranger,
  'a user with nothing': (app) => createOne(app, 'nell', { organization: 'acme' }),
  'a superuser of the controller': createSuperuser,
  'a limited key of an administrator': (app) => createKey(app, { limits: [ofDefault] }),
  'a limited key of the user concerned': (app, { bob }) =>
    createKey(app, { limits: [{ role: 'VERSION_MANAGER', project: 'apollo' }] }, bob.client),
  'a read-only key of an administrator': (app) => createKey(app, { isReadOnly: true }),
  'a read-only key of the user concerned': (app, { bob }) => createKey(app, { isReadOnly: true }, bob.client),
  'a session of a delegate': (app) => createSession(app, 'dora', { roles: [ofDefault] }),
  'a suspended administrator': createSuspended,
}
