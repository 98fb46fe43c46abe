/** PostGraphile's answers in the form of the server's, so that they can be compared. */
import { writeCursor } from '../cursor.ts'
import { readOwnCursor } from './requests.ts'

interface List<T> {
  nodes: T[]
}

interface Named {
  name: string
}

interface Controller extends Named {
  type: string
}

interface Grant {
  roleByRoleId: { name: string; title: string | null }
  organizationByOrganizationId: Named | null
  projectByProjectIdAndOrganizationId: { code: string } | null
  since: string
  expiresAt: string | null
}

/** A user; the last fields are those of the access sheet alone. */
interface User {
  username: string
  displayName: string | null
  organizationByOrganizationId: Named | null
  userSuspensionsByUserId: List<unknown>
  roleGrantsByUserId: List<Grant>
  email: string | null
  kind: string
  controllerGrantsByUserId: List<{ level: string; controllerByControllerId: Controller }>
  modelGrantsByUserId: List<{ level: string; modelByModelId: Named & { controllerByControllerId: Controller } }>
  superuserOf: List<{ controllerByControllerId: Named & { modelsByControllerId: List<Named> } }>
}

export interface Answer {
  data: Data
}

/** Each workload has one of these. */
interface Data {
  allUsers: List<User> & { pageInfo: { hasNextPage: boolean; endCursor: string } }
  peersGrantRole: { result: { username: string } | null }
  peersCheckAccess: string
}

/** A part of every good answer. */
export const EXPECTED: Record<string, string> = {
  W1: '"nodes":[{"username":"',
  W2: '"superuserOf":{"nodes":[',
  W3: '"nodes":[{"username":"',
  W4: '"result":{"username":"',
  W5: '"peersCheckAccess":"',
}

export function readAnswer(name: string, { data }: Answer): unknown {
  const [user] = data.allUsers?.nodes ?? []
  if (name === 'W1') return { data: { viewer: { user: user && readViewer(user) } } }
  if (name === 'W2') return { data: { user: user && { ...readUser(user), ...readSheet(user) } } }
  if (name === 'W3') return { data: { users: readPage(data.allUsers) } }
  if (name === 'W5') {
    const code = data.peersCheckAccess
    return { data: { checkAccess: [{ isAllowed: code === 'ALLOWED', code }] } }
  }
  const granted = data.peersGrantRole.result
  return { data: { grantRoles: { __typename: 'GrantRolesPayload', changed: granted !== null, user: granted } } }
}

function readPage({ nodes, pageInfo: { hasNextPage, endCursor } }: Data['allUsers']) {
  const [, ...key] = readOwnCursor(endCursor)
  return { pageInfo: { hasNextPage, endCursor: writeCursor(key) }, nodes: nodes.map(readUser) }
}

const readViewer = ({ username, organizationByOrganizationId: organization }: User) => ({ username, organization })

const isActive = (user: User) => user.userSuspensionsByUserId.nodes.length === 0

function readUser(user: User) {
  const edges = user.roleGrantsByUserId.nodes.map(readRole)
  return { ...readViewer(user), displayName: user.displayName, isActive: isActive(user), roles: { edges } }
}

const readTime = (text: string | null) => text && new Date(text).toISOString()

function readRole(grant: Grant) {
  const { organizationByOrganizationId: organization, projectByProjectIdAndOrganizationId: project } = grant
  const scope = project ? 'PROJECT' : organization ? 'ORGANIZATION' : 'EVERYWHERE'
  const period = { since: readTime(grant.since), expiresAt: readTime(grant.expiresAt) }
  return { node: grant.roleByRoleId, scope, organization, project, ...period }
}

interface ControllerEdge {
  access: string
  node: Controller
  /** The levels on its models, by their names. */
  models: Map<string, string>
}

/** A level on a model is one on its controller too, and a SUPERUSER of a controller is ADMIN of its models. */
function readSheet(user: User) {
  const controllers = new Map<string, ControllerEdge>()
  const edgeOf = ({ name, type }: Controller, access: string) => {
    const edge = controllers.get(name) ?? { access, node: { name, type }, models: new Map() }
    controllers.set(name, edge)
    return edge
  }
  for (const { level, controllerByControllerId } of user.controllerGrantsByUserId.nodes) {
    edgeOf(controllerByControllerId, level)
  }
  for (const { level, modelByModelId: model } of user.modelGrantsByUserId.nodes) {
    edgeOf(model.controllerByControllerId, 'LOGIN').models.set(model.name, level)
  }
  for (const { controllerByControllerId: controller } of user.superuserOf.nodes) {
    for (const { name } of controller.modelsByControllerId.nodes) {
      controllers.get(controller.name)?.models.set(name, 'ADMIN')
    }
  }
  const edges = isActive(user) ? sorted(controllers).map(([, edge]) => writeEdge(edge)) : []
  return { email: user.email, kind: user.kind, controllers: { edges } }
}

function writeEdge({ models, ...edge }: ControllerEdge) {
  return { ...edge, models: { edges: sorted(models).map(([name, access]) => ({ access, node: { name } })) } }
}

const sorted = <T>(byName: Map<string, T>) => [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, 20)
