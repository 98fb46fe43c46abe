/** Who looks at the world: the callers of the matrix, and some who hold a part of what an organization admin holds. */
import { type Caller, createWorld } from '../../authority/matrix/world.ts'
import type { TestApp } from '../../support/app.ts'
import { change } from '../../support/change.ts'
import { inDays } from '../../support/look.ts'
import { createApiKey, createRole, createUser, type RoleInput } from '../../support/seed.ts'
import { EMPTY_ROLE } from './inputs.ts'

export interface Asker {
  name: string
  username: string
  headers: Record<string, string>
  /** By session or password instead of a key: they are shown the same, and the matrix says that they get the same. */
  otherWays: Record<string, string>[]
}

/** Manages, but confers little: it holds none of the words that others hold. */
const DELEGATE = [
  ...['users.read', 'users.manage', 'roles.grant', 'roles.manage', 'organizations.manage'],
  ...['projects.manage', 'project.delete', 'controllers.manage'],
]

/** Builds the world of the matrix, and more of those who hold something in part. */
export async function createAskers(app: TestApp): Promise<Asker[]> {
  const world = await createWorld(app)
  const callers = askersOf(world)
  await createRole(app, EMPTY_ROLE, [])
  await createRole(app, 'role-dele', DELEGATE)
  const [role, organization, project] = ['role-dele', 'acme', 'pro-acme']
  const delegates = {
    'delegate everywhere': await createDelegate(app, 'dea-acme', { role, everywhere: true }),
    'delegate of the organization': await createDelegate(app, 'deb-acme', { role, organization }),
    'delegate for a while': await createDelegate(app, 'dec-acme', { role, organization, expiresAt: inDays(7) }),
    'delegate of the project': await createDelegate(app, 'ded-acme', { role, project }),
    'SUPERUSER for a while': await createDelegate(app, 'dee-acme', { role: EMPTY_ROLE, organization }),
  }
  const level = { controller: 'con-acme', access: 'SUPERUSER', expiresAt: inDays(7) }
  await change(app.root, 'grantControllerAccess', { user: 'dee-acme', ...level })
  const limited = callers.filter(({ name }) => name === 'administrator' || name === 'controller SUPERUSER')
  return [
    ...callers,
    // The one who adds models, and sees one of which they are not ADMIN.
    ...world.slice(0, 1).map(({ targets: { own } }) => ({
      ...{ name: 'ADD_MODEL and WRITE', username: own.user, headers: { 'api-key': own.secret }, otherWays: [] },
    })),
    ...Object.entries(delegates).map(([name, asker]) => ({ ...asker, name, otherWays: [] })),
    ...(await Promise.all(limited.map((owner) => limit(app, owner, { role: 'ORGANIZATION_ADMIN', organization })))),
  ]
}

function askersOf(callers: Caller[]): Asker[] {
  const isOtherWay = ({ name, column }: Caller) => name !== column && name !== 'read-only key'
  return callers
    .filter((caller) => !isOtherWay(caller))
    .map(({ name, headers, targets }) => {
      const others = callers.filter((caller) => isOtherWay(caller) && caller.column === name)
      return { name, username: targets.self.user, headers, otherWays: others.map((other) => other.headers) }
    })
}

/** The same user, with a key that is limited to a role. */
async function limit(app: TestApp, { name, username, headers }: Asker, role: RoleInput): Promise<Asker> {
  const { key } = await createApiKey(app.as(headers), { limits: [role] })
  return { name: `limited key of the ${name}`, username, headers: { 'api-key': key }, otherWays: [] }
}

async function createDelegate(app: TestApp, username: string, role: RoleInput) {
  const { key } = await createUser(app, username, { organization: 'acme', roles: [role] })
  return { username, headers: { 'api-key': key } }
}
