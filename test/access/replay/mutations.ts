/** Random mutations of a small world, in which few names go round: what is deleted is soon made anew. */
import type { Random } from '../../read/random.ts'
import type { TestApp } from '../../support/app.ts'
import { createController, createModel } from '../../support/levels.ts'
import { inDays } from '../../support/look.ts'
import { createOrganization, createProject, createRole, createUser } from '../../support/seed.ts'

/** One name more of each than there is in the beginning. */
const USERS = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']
/** Nobody lives in globex, so that it can be deleted. */
const HOMES = ['default', 'acme']
const ORGANIZATIONS = [...HOMES, 'globex']
const PROJECTS = ['apollo', 'zeus', 'ares']
const ROLES = ['R1', 'R2', 'R3', 'R4']
const BUILT_IN = ['ORGANIZATION_ADMIN', 'AUDITOR', 'VERSION_MANAGER', 'ADMINISTRATOR']
const CONTROLLERS = ['gce1', 'maas', 'aws']
const MODELS = ['web', 'db', 'app']
export const LEVELS = { controller: ['LOGIN', 'ADD_MODEL', 'SUPERUSER'], model: ['READ', 'WRITE', 'ADMIN'] }
export const WORDS = ['doc.read', 'doc.edit', 'users.read', 'controllers.manage', 'version.create']

export interface Mutation {
  name: string
  input: object
}

export interface Replayed {
  random: Random
  /** Roles that were given or tried to, for those who are to have them for longer, or no more. */
  given: Given[]
  /** Of users, for those who are to come back. */
  deletedIds: string[]
}

/** Everything that may be deleted later. Every word is in use: of a word nobody had named yet the past is not kept. */
export async function makeWorld(app: TestApp) {
  await createRole(app, 'WORDS', WORDS)
  await createOrganization(app, 'acme', ['doc.read'])
  await createOrganization(app, 'globex')
  for (const [index, code] of PROJECTS.slice(1).entries()) await createProject(app, code, HOMES[index])
  for (const [index, controller] of CONTROLLERS.slice(1).entries()) {
    await createController(app, controller, HOMES[index])
    for (const model of MODELS.slice(1)) await createModel(app.root, controller, model)
  }
  for (const role of ROLES.slice(1)) await createRole(app, role, WORDS.slice(0, 2))
  for (const [index, user] of USERS.slice(1).entries()) await createUser(app, user, { organization: HOMES[index % 2] })
}

const end = (random: Random) => (random.chance(0.4) ? { expiresAt: inDays(1 + random.int(9)) } : {})

function roleItem(random: Random) {
  const role = random.pick(random.chance(0.75) ? ROLES : BUILT_IN)
  if (role === 'ADMINISTRATOR') return { role, everywhere: true }
  const organization = { organization: random.pick(ORGANIZATIONS) }
  if (role === 'ORGANIZATION_ADMIN') return { role, ...organization }
  return { role, ...random.pick([{ everywhere: true }, organization, { project: random.pick(PROJECTS) }]) }
}

/** How often it is tried, and how it is made. */
type Card = [weight: number, make: (replayed: Replayed) => Mutation]

interface Given {
  user: string
  roles: object[]
}

const items = (random: Random) => Array.from({ length: 1 + random.int(2) }, () => roleItem(random))

/** Somebody and some roles; mostly such as they may have already. */
function userAndRoles({ random, given }: Replayed): Given {
  if (given.length > 0 && random.chance(0.6)) return random.pick(given.slice(-8))
  return { user: random.pick(USERS), roles: items(random) }
}

type Verb = 'grant' | 'set' | 'revoke'

function stepOnLadder(random: Random, verb: Verb, kind: 'Controller' | 'Model'): Mutation {
  const place = { ...controller(random), ...(kind === 'Model' ? { model: random.pick(MODELS) } : {}) }
  const access = random.pick(LEVELS[kind === 'Model' ? 'model' : 'controller'])
  const level = verb !== 'revoke' ? { access, ...end(random) } : random.chance(0.5) ? { access } : {}
  return { name: `${verb}${kind}Access`, input: { ...user(random), ...place, ...level } }
}

const LADDERS = (['Controller', 'Model'] as const).flatMap((kind): Card[] => [
  [6, ({ random }) => stepOnLadder(random, 'grant', kind)],
  [3, ({ random }) => stepOnLadder(random, 'set', kind)],
  [3, ({ random }) => stepOnLadder(random, 'revoke', kind)],
])

function giveRoles(replayed: Replayed): Mutation {
  const { user, roles } = userAndRoles(replayed)
  replayed.given.push({ user, roles })
  return { name: 'grantRoles', input: { user, roles: roles.map((item) => ({ ...item, ...end(replayed.random) })) } }
}

function makeUser({ random }: Replayed): Mutation {
  const roles = random.chance(0.5) ? items(random) : []
  const input = { username: random.pick(USERS), organization: random.pick(HOMES), roles, withApiKey: false }
  return { name: 'createUser', input }
}

function bringBack({ random, deletedIds }: Replayed): Mutation {
  const id = random.chance(0.7) ? deletedIds.at(-1) : random.pick(['', ...deletedIds])
  const input = { id: id || NOBODY, ...(random.chance(0.5) ? { username: random.pick(USERS) } : {}) }
  return { name: 'restoreUser', input }
}

const NOBODY = 'user_01900000-0000-7000-8000-000000000000'

/** Permissions to add, and others to remove. */
function randomWords(random: Replayed['random']): [string[], string[]] {
  const added = random.some(WORDS, 0, 2)
  return [added, random.some(WORDS, 0, 2).filter((word) => !added.includes(word))]
}

function editRole({ random }: Replayed): Mutation {
  const [addPermissions, removePermissions] = randomWords(random)
  const words = { addPermissions, removePermissions }
  const name = random.chance(0.1) ? { name: random.pick(ROLES) } : {}
  return { name: 'updateRole', input: { role: random.pick(ROLES), ...words, ...name } }
}

function editOrganization({ random }: Replayed): Mutation {
  const [addBasePermissions, removeBasePermissions] = randomWords(random)
  const words = { addBasePermissions, removeBasePermissions }
  return { name: 'updateOrganization', input: { organization: random.pick(ORGANIZATIONS), ...words } }
}

const model = (random: Random) => ({ controller: random.pick(CONTROLLERS), model: random.pick(MODELS) })

/** Names change hands without anything being deleted. */
const RENAMES: ((random: Random) => Mutation)[] = [
  (random) => ({ name: 'updateUser', input: { ...user(random), username: random.pick(USERS) } }),
  (random) => ({ name: 'updateProject', input: { project: random.pick(PROJECTS), code: random.pick(PROJECTS) } }),
  (random) => ({ name: 'updateController', input: { ...controller(random), name: random.pick(CONTROLLERS) } }),
  (random) => ({ name: 'updateModel', input: { ...model(random), name: random.pick(MODELS) } }),
]

const user = (random: Random) => ({ user: random.pick(USERS) })
const organization = (random: Random) => ({ organization: random.pick(HOMES) })

/** Users who are there, or were deleted, with roles; also disabled. */
function bringUsers({ random }: Replayed): Mutation {
  const item = () => ({
    username: random.pick(USERS),
    isActive: random.chance(0.8),
    roles: [{ role: random.pick(ROLES), project: random.pick(PROJECTS), ...end(random) }],
  })
  return { name: 'importUsers', input: { items: [item(), item()], onError: 'SKIP' } }
}

function setRoles({ random }: Replayed): Mutation {
  const place = random.pick([{ everywhere: true }, organization(random), { project: random.pick(PROJECTS) }])
  const roles = random.some(ROLES, 0, 2).map((role) => ({ role, ...end(random) }))
  return { name: 'setRoles', input: { ...user(random), ...place, roles } }
}

const KINDS: Card[] = [
  ...LADDERS,
  [12, giveRoles],
  [6, (replayed) => ({ name: 'revokeRoles', input: userAndRoles(replayed) })],
  [3, setRoles],
  [1, bringUsers],
  [4, ({ random }) => ({ name: 'disableUser', input: { ...user(random), ...end(random) } })],
  [4, ({ random }) => ({ name: 'enableUser', input: user(random) })],
  [2, ({ random }) => ({ name: 'deleteUser', input: user(random) })],
  [3, bringBack],
  [3, makeUser],
  [5, editRole],
  [3, ({ random }) => ({ name: 'deleteRole', input: { role: random.pick(ROLES) } })],
  [
    3,
    ({ random }) => ({
      name: 'createRole',
      input: { name: random.pick(ROLES), permissions: random.some(WORDS, 0, 3) },
    }),
  ],
  [4, editOrganization],
  [2, () => ({ name: 'deleteOrganization', input: { organization: 'globex' } })],
  [2, () => ({ name: 'createOrganization', input: { name: 'globex' } })],
  [2, ({ random }) => ({ name: 'deleteProject', input: { project: random.pick(PROJECTS) } })],
  [2, ({ random }) => ({ name: 'createProject', input: { code: random.pick(PROJECTS), ...organization(random) } })],
  [6, ({ random }) => ({ name: 'deleteModel', input: model(random) })],
  [4, ({ random }) => ({ name: 'createModel', input: { ...controller(random), name: random.pick(MODELS) } })],
  [5, ({ random }) => ({ name: 'deleteController', input: controller(random) })],
  [
    3,
    ({ random }) => ({
      name: 'createController',
      input: { name: random.pick(CONTROLLERS), type: 'google', ...organization(random) },
    }),
  ],
  ...RENAMES.map((make): Card => [3, ({ random }) => make(random)]),
]

const controller = (random: Random) => ({ controller: random.pick(CONTROLLERS) })

const DECK = KINDS.flatMap(([weight, make]) => Array.from({ length: weight }, () => make))

/** Tries of one kind, each other than the last: where a name is taken, or not there, the next may be done. */
export function randomMutations(replayed: Replayed): Mutation[] {
  const make = replayed.random.pick(DECK)
  return Array.from({ length: 10 }, () => make(replayed))
}
