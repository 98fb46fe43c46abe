/** Random mutations of the random world: what anybody there may or may not do. */
import type { Random } from '../../read/random.ts'
import { CONTROLLERS, freshName, MODELS, ORGANIZATIONS, PROJECTS, USERS } from './world.ts'

/** A mutation by name, and its input. */
export type NamedCall = [name: string, input: object]

const OWN_ROLES = ['R1', 'R2', 'R3']
/** Those that can be held on any scope. */
const ROLES = [...OWN_ROLES, 'AUDITOR', 'PROJECT_MANAGER', 'VERSION_MANAGER']
const WORDS = ['doc.read', 'doc.edit', 'projects.manage', 'users.manage', 'controllers.manage']

/** In a minute: what is given for so long is covered by whatever lasts for hours. */
const soon = () => new Date(Date.now() + 60_000).toISOString()

function roleItem(random: Random): object {
  const organization = { organization: random.pick(ORGANIZATIONS) }
  const place = random.pick([{ everywhere: true }, organization, organization, { project: random.pick(PROJECTS) }])
  return { role: random.pick(ROLES), ...place }
}

const roleItems = (random: Random) => Array.from({ length: 1 + random.int(2) }, () => roleItem(random))
const granted = (random: Random) => roleItems(random).map((item) => ({ ...item, expiresAt: soon() }))
function setTo(random: Random) {
  const { role, ...where }: { role?: string } = roleItem(random)
  return { ...where, roles: [{ role, expiresAt: soon() }] }
}

const anybody = (random: Random) => random.pick([...USERS, ...ORGANIZATIONS.map((name) => `member-of-${name}`), 'root'])
const home = (random: Random) => ({ organization: random.pick(ORGANIZATIONS) })

function place(random: Random) {
  const [controller, model] = random.pick(MODELS).split('/')
  return { controller, model }
}

const KINDS: ((random: Random) => NamedCall)[] = [
  (random) => ['createUser', { username: freshName(), withApiKey: false, ...home(random), roles: granted(random) }],
  (random) => ['createServiceUser', { username: freshName(), email: 'erin@example.test', ...home(random) }],
  (random) => [
    'importUsers',
    {
      items: [
        { username: random.pick([freshName(), anybody(random)]), roles: granted(random) },
        { username: freshName(), ...home(random) },
      ],
    },
  ],
  (random) => ['updateUser', { user: anybody(random), displayName: 'Erin' }],
  (random) => ['updateUser', { user: anybody(random), email: 'erin@example.test' }],
  (random) => ['disableUser', { user: anybody(random) }],
  (random) => ['enableUser', { user: anybody(random) }],
  (random) => ['deleteUser', { user: anybody(random) }],
  (random) => ['createApiKey', { user: anybody(random), label: 'theirs', limits: roleItems(random) }],
  (random) => ['grantRoles', { user: anybody(random), roles: granted(random) }],
  (random) => ['grantRoles', { user: anybody(random), roles: granted(random) }],
  (random) => ['setRoles', { user: anybody(random), ...setTo(random) }],
  (random) => ['revokeRoles', { user: anybody(random), roles: roleItems(random) }],
  (random) => ['updateOrganization', { ...home(random), addBasePermissions: random.some(WORDS, 0, 2) }],
  (random) => ['createProject', { code: freshName(), ...home(random) }],
  (random) => ['updateProject', { project: random.pick(PROJECTS), title: 'A project' }],
  (random) => ['deleteProject', { project: random.pick(PROJECTS) }],
  (random) => ['createRole', { name: freshName(), permissions: ['doc.read'], ...random.pick([{}, home(random)]) }],
  (random) => ['updateRole', { role: random.pick(OWN_ROLES), addPermissions: random.some(WORDS, 0, 2) }],
  (random) => ['createController', { name: freshName(), type: 'google', ...home(random) }],
  (random) => ['updateController', { controller: random.pick(CONTROLLERS), type: 'google' }],
  (random) => ['createModel', { controller: random.pick(CONTROLLERS), name: freshName() }],
  (random) => ['updateModel', { ...place(random), name: freshName() }],
  (random) => ['deleteModel', place(random)],
  (random) => [
    random.pick(['grantControllerAccess', 'setControllerAccess']),
    {
      user: anybody(random),
      controller: random.pick(CONTROLLERS),
      access: random.pick(['LOGIN', 'ADD_MODEL', 'SUPERUSER']),
      expiresAt: soon(),
    },
  ],
  (random) => [
    random.pick(['grantModelAccess', 'setModelAccess']),
    { user: anybody(random), ...place(random), access: random.pick(['READ', 'WRITE', 'ADMIN']), expiresAt: soon() },
  ],
  (random) => ['revokeControllerAccess', { user: anybody(random), controller: random.pick(CONTROLLERS) }],
  (random) => ['revokeModelAccess', { user: anybody(random), ...place(random) }],
]

export const randomCall = (random: Random): NamedCall => random.pick(KINDS)(random)
