/** Random small worlds, and what somebody in them might try to get more than they hold. */
import type { Random } from '../../read/random.ts'
import type { Client, TestApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { createController, createModel } from '../../support/levels.ts'
import { inDays } from '../../support/look.ts'
import {
  createApiKey,
  createOrganization,
  createProject,
  createRole,
  createUser,
  type SeededUser,
} from '../../support/seed.ts'
import { PASSWORD } from '../../support/sessions.ts'
import { ed25519Line } from '../../support/ssh-wire.ts'

/** A password that gets its holder in at once, and not only to change it. */
const CHOSEN = { password: PASSWORD, mustChangePassword: false }

/** Words that roles of these worlds hold; the first four are what a delegate needs to try anything. */
export const WORDS = [
  ...['users.manage', 'users.read', 'roles.grant', 'roles.manage'],
  ...[
    'organizations.manage',
    'projects.manage',
    'project.update',
    'controllers.manage',
    'version.create',
    'version.delete',
    'app.use',
  ],
]

export interface World {
  prefix: string
  organizations: string[]
  projects: string[]
  roles: string[]
  /** One in each organization, with one model named like it. */
  controllers: string[]
  /** Everybody but the delegate, by name. */
  users: Map<string, SeededUser>
  /** Keys that anybody might try to rotate. */
  keyIds: string[]
  deletedIds: string[]
  /** Whose password is known. */
  known: Set<string>
  /** Limited keys of others, by the name of their owner: the delegate does not have them, but their owners may help. */
  bystanders: Map<string, Client>
  /** Those of the users who are disabled when the delegate begins. */
  suspended: string[]
  /** The one who tries, with one of their keys. */
  delegate: { username: string; client: Client }
}

export interface Move {
  name: string
  input: object
}

/** Builds a world whose names all begin with the prefix. */
export async function createDelegation(app: TestApp, random: Random, prefix: string): Promise<World> {
  const name = (suffix: string) => `${prefix}-${suffix}`
  const organizations = [name('o1'), name('o2')]
  for (const organization of organizations) {
    await createOrganization(app, organization, random.some(WORDS.slice(4), 0, 2))
  }
  const projects = [name('p1'), name('p2')]
  for (const [index, project] of projects.entries()) await createProject(app, project, organizations[index])
  const controllers = [name('c1'), name('c2')]
  for (const [index, controller] of controllers.entries()) {
    await createController(app, controller, organizations[index])
    await createModel(app.root, controller, controller)
  }
  const roles = [name('lead'), name('r1'), name('r2'), name('key'), name('r3')]
  await createRole(app, name('lead'), [...WORDS.slice(0, 4), ...random.some(WORDS.slice(4), 1, 4)])
  await createRole(app, name('r1'), random.some(WORDS, 1, 5))
  await createRole(app, name('r2'), random.some(WORDS, 1, 3))
  await createRole(app, name('r3'), random.some(WORDS, 0, 3), organizations[0])
  await createRole(app, name('key'), ['roles.manage', ...random.some(WORDS, 1, 3)])
  const world: World = {
    ...{
      prefix,
      organizations,
      projects,
      roles,
      controllers,
      users: new Map(),
      keyIds: [],
      deletedIds: [],
      known: new Set(),
      bystanders: new Map(),
      suspended: [],
    },
    delegate: { username: name('dan'), client: app.nobody },
  }
  for (const username of ['ann', 'ben', 'cat'].map(name)) {
    const input = { organization: random.pick(organizations), roles: randomRoles(world, random, 0, 1) }
    const user = await createUser(app, username, { ...input, isAdmin: random.chance(0.1) })
    world.users.set(username, user)
    await giveLevels(app, world, random, username)
    world.keyIds.push(user.keyId)
    const limits = randomRoles(world, random, 1, 2).map(withoutEnd)
    world.bystanders.set(username, app.as((await createApiKey(app.root, { user: username, limits })).key))
    if (random.chance(0.2)) world.suspended.push(username)
  }
  world.delegate.client = await createDelegate(app, world, random)
  return world
}

/** The delegate is a user who leads somewhere, or a key that is limited below its owner: who may be an administrator. */
async function createDelegate(app: TestApp, world: World, random: Random): Promise<Client> {
  const { prefix, delegate } = world
  const [organization = ''] = world.organizations
  const isLimited = random.chance(0.4)
  const scope = random.chance(0.6) ? { everywhere: true } : { organization }
  const lead = { role: `${prefix}-lead`, ...scope, ...randomEnd(random) }
  const input = { organization, roles: [lead, ...randomRoles(world, random, 0, 2)] }
  const dan = await createUser(app, delegate.username, { ...input, isAdmin: isLimited && random.chance(0.7) })
  world.keyIds.push(dan.keyId)
  await giveLevels(app, world, random, delegate.username)
  if (!isLimited && random.chance(0.7)) return dan.client
  const limits = [{ role: `${prefix}-key`, everywhere: true }, ...randomRoles(world, random, 0, 2).map(withoutEnd)]
  const key = { user: delegate.username, ...randomEnd(random), ...(isLimited ? { limits } : {}) }
  return app.as((await createApiKey(app.root, key)).key)
}

/** Some users have a level on one of the controllers or models. */
async function giveLevels(app: TestApp, world: World, random: Random, user: string) {
  if (!random.chance(0.7)) return
  const { name, input } = randomStep(world, random, 'grant', user)
  await change(app.root, name, input)
}

const LADDERS = { Controller: ['LOGIN', 'ADD_MODEL', 'SUPERUSER'], Model: ['READ', 'WRITE', 'ADMIN'] }

/** A step of a user on one of the ladders. */
function randomStep({ controllers }: World, random: Random, verb: 'grant' | 'set' | 'revoke', user: string): Move {
  const kind = random.pick(['Controller', 'Model'] as const)
  const controller = random.pick(controllers)
  const place = kind === 'Model' ? { controller, model: controller } : { controller }
  const access = random.pick(LADDERS[kind])
  const end = verb === 'revoke' ? {} : randomEnd(random)
  return { name: `${verb}${kind}Access`, input: { user, ...place, access, ...end } }
}

function withoutEnd({ expiresAt: _, ...item }: RoleItem): RoleItem {
  return item
}

interface RoleItem {
  role: string
  project?: string
  organization?: string
  everywhere?: boolean
  expiresAt?: string
}

function randomEnd(random: Random): { expiresAt?: string } {
  return random.chance(0.25) ? { expiresAt: inDays(1 + random.int(9)) } : {}
}

/** Roles on scopes; one of an organization only there. */
function randomRoles({ prefix, organizations, projects, roles }: World, random: Random, least: number, most: number) {
  return random.some(roles, least, most).map((role): RoleItem => {
    if (role === `${prefix}-r3`) return { role, organization: `${prefix}-o1`, ...randomEnd(random) }
    const scopes = [
      { everywhere: true },
      ...organizations.map((organization) => ({ organization })),
      ...projects.map((project) => ({ project })),
    ]
    return { role, ...random.pick(scopes), ...randomEnd(random) }
  })
}

const BUILT_IN = ['ADMINISTRATOR', 'AUDITOR', 'VERSION_MANAGER', 'PROJECT_MANAGER']

/** What the delegate tries next; `step` makes new names. */
export function randomMove(world: World, random: Random, step: number): Move {
  const { prefix, organizations, projects, roles, users, keyIds, deletedIds, delegate } = world
  const fresh = `${prefix}-x${step}`
  const user = random.chance(0.3) ? delegate.username : random.pick([...users.keys()])
  const role = random.pick(roles)
  const organization = random.pick(organizations)
  const builtIn = { role: random.pick(BUILT_IN), everywhere: true }
  const items = random.chance(0.1) ? [builtIn] : randomRoles(world, random, 1, 2)
  const places = items.map(withoutEnd)
  const words = random.some(WORDS, 1, 2)
  const email = 'dan@example.test'
  const giving: Move[] = [
    { name: 'grantRoles', input: { user, roles: items } },
    { name: 'createUser', input: { username: fresh, organization, roles: items.slice(random.int(2)) } },
    { name: 'createUser', input: { username: fresh, organization, isAdmin: random.chance(0.2) } },
    {
      name: 'createServiceUser',
      input: {
        username: random.pick([fresh, `${prefix}-service`]),
        email,
        organization,
        roles: items.slice(1),
        ifExists: 'UPDATE',
      },
    },
    { name: 'createServiceUser', input: { username: fresh, email, organization } },
    importing(fresh, { username: random.pick([fresh, user]), roles: items.slice(random.int(2)) }, random),
    importing(fresh, { username: fresh, organization, isAdmin: random.chance(0.2) }, random),
    { name: 'updateRole', input: { role, addPermissions: words } },
    { name: 'updateRole', input: { role: random.pick(roles.slice(1, 5)), addPermissions: words } },
    { name: 'updateRole', input: { role, addPermissions: words, removePermissions: random.some(WORDS, 0, 2) } },
    { name: 'updateRole', input: { role: random.pick(roles.slice(1, 5)), addPermissions: ['controllers.manage'] } },
    { name: 'updateOrganization', input: { organization, addBasePermissions: words } },
    { name: 'createApiKey', input: { user, label: fresh, ...randomEnd(random) } },
    { name: 'createApiKey', input: { user, label: fresh, limits: places } },
    { name: 'rotateApiKey', input: { apiKey: random.pick(keyIds) } },
    { name: 'updateApiKey', input: { apiKey: random.pick(keyIds), limits: places, ...randomEnd(random) } },
    { name: 'updateUser', input: { user, email } },
    { name: 'setUserPassword', input: { user, ...CHOSEN } },
    { name: 'setUserPassword', input: { user: random.pick([...users.keys()]), ...CHOSEN, endApiKeys: true } },
    { name: 'changePassword', input: { newPassword: PASSWORD } },
    { name: 'addSshKey', input: { user, key: ed25519Line(fresh) } },
    { name: 'createUser', input: { username: fresh, organization, roles: items.slice(0, 1), ...CHOSEN } },
    { name: 'enableUser', input: { user } },
    { name: 'restoreUser', input: { id: deletedIds.at(-1) ?? NOBODY } },
    { name: 'restoreUser', input: { id: deletedIds.at(0) ?? NOBODY, username: fresh } },
    randomStep(world, random, 'grant', user),
    randomStep(world, random, 'grant', random.pick([...users.keys()])),
    randomStep(world, random, 'set', user),
  ]
  const other = random.pick([...users.keys()])
  const taking: Move[] = [
    random.chance(0.5)
      ? { name: 'revokeRoles', input: { user, roles: places } }
      : { name: 'setRoles', input: { user, ...setTo(items) } },
    randomStep(world, random, 'revoke', user),
    { name: 'createRole', input: { name: fresh, permissions: words, ...(random.chance(0.5) ? { organization } : {}) } },
    { name: 'deleteRole', input: { role: roles.at(-1) } },
    { name: 'disableUser', input: { user: other } },
    { name: 'deleteUser', input: { user: other } },
    { name: 'createProject', input: { code: fresh, organization } },
    { name: 'deleteProject', input: { project: random.pick(projects) } },
  ]
  return random.pick(random.chance(0.7) ? giving : taking)
}

/** An import of one user with a key, or without. */
function importing(fresh: string, item: object, random: Random): Move {
  const apiKeys = random.chance(0.7) ? [{ secret: `${fresh}-0123456789abcdefghij`, ...randomEnd(random) }] : []
  return { name: 'importUsers', input: { items: [{ ...item, apiKeys }], onError: random.pick(['STOP', 'SKIP']) } }
}

/** The first item alone, on its scope. */
function setTo([item]: RoleItem[]) {
  const { role, expiresAt, ...where } = item ?? { role: 'AUDITOR', everywhere: true }
  return { ...where, roles: [{ role, ...(expiresAt && { expiresAt }) }] }
}

const NOBODY = 'user_01900000-0000-7000-8000-000000000000'
