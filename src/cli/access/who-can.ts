/** `who-can`: the holders who may do something, as far as the caller may see them. */
import { isObject, type Json } from '../cells.ts'
import { EXIT, exitCodeOf } from '../exit.ts'
import { pick } from '../fields.ts'
import { formatJson, formatResult } from '../print.ts'
import { say, sayErrors, sendBy } from '../run-command.ts'
import type { Result, Send } from '../send.ts'
import { formatCsv, type Look } from '../table.ts'
import type { TargetOptions } from '../target.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../values.ts'
import { levelsFrom, type PermissionScope, type Question, textOf } from './question.ts'

interface Role {
  id: string
  name: string
  isBuiltIn: boolean
  permissions: { name: string }[]
}

interface Edge {
  scope: string | null
  organization: { name: string } | null
  project: { code: string } | null
  controller: { name: string } | null
  model: { name: string } | null
  role: Role | null
  permission?: string | null
  level: string | null
  via: string
  since: string
  expiresAt: string | null
  grantedByName: string | null
  node: { username: string; isActive: boolean }
}

/** What is printed, and how. */
export interface Asked {
  question: Question
  form: string
  look: Look
  target: TargetOptions
}

const EDGE = `scope organization { name } project { code } controller { name } model { name } role { id name isBuiltIn permissions { name } } level via since
  expiresAt grantedByName node { username isActive }`
const HOLDERS = (more = '') =>
  `holders(first: 100, after: $after) { edges { ${more} ${EDGE} } pageInfo { hasNextPage endCursor } }`
const DOCUMENTS = {
  project: `query ($project: String!, $after: String) { found: project(code: $project) { ${HOLDERS('permission')} } }`,
  controller: `query ($controller: String!, $after: String) { found: controller(name: $controller) { ${HOLDERS()} } }`,
  model: `query ($controller: String!, $model: String!, $after: String) {
    found: model(controller: $controller, name: $model) { ${HOLDERS()} } }`,
  role: `query ($role: String!, $after: String) { found: role(name: $role) { ${HOLDERS()} } }`,
  organization:
    'query ($organization: String!) { found: organization(name: $organization) { name basePermissions { name } } }',
  roles: `query ($after: String) { found: roles(first: 100, after: $after) {
    nodes { id name isBuiltIn permissions { name } } pageInfo { hasNextPage endCursor } } }`,
}

/** The answer of a document that was refused, or null where the thing is hidden or missing. */
class RefusedError extends Error {
  override name = 'RefusedError'
  readonly result: Result
  constructor(result: Result) {
    super('The question was refused.')
    this.result = result
  }
}

/** A row of what is printed. */
interface Holder {
  username: string
  holds: string
  where: string
  since?: string
  expiresAt?: string | null
  grantedBy?: string | null
}

const COLUMNS = ['username', 'holds', 'where', 'since', 'expiresAt', 'grantedBy']

/** Lists the users who have it, with what they hold. Returns the exit code: 1 where there is none. */
export async function whoCan(terminal: Terminal, { question, form, look, target }: Asked): Promise<number> {
  try {
    const holders = await sendBy(terminal, target, (send) => readHolders(send, question))
    const rows = holders.map((holder) => pick({ ...holder }, COLUMNS))
    if (form === 'json') terminal.stdout.write(`${formatJson(rows)}\n`)
    else if (form === 'csv') terminal.stdout.write(formatCsv([COLUMNS, ...rows.map(Object.values)]))
    else if (rows.length > 0) terminal.stdout.write(`${formatResult(rows, look)}\n`)
    if (rows.length > 0) return EXIT.done
    say(terminal, `No user that you may see has ${textOf(question)}.`)
    return EXIT.failed
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    sayErrors(terminal, error.result)
    if (!error.result.errors) say(terminal, `There is no such thing that you may see: ${textOf(question)}.`)
    return exitCodeOf('found', { ...error.result, data: null })
  }
}

async function readHolders(send: Send, question: Question): Promise<Holder[]> {
  if ('permission' in question) return readPermission(send, question.permission)
  if ('mutation' in question)
    throw new UsageError('who-can takes a permission or a level; "can-i" and "why" take a command too.')
  const [document, { access, ...names }] =
    'controller' in question ? [DOCUMENTS.controller, question.controller] : [DOCUMENTS.model, question.model]
  const edges = await readEdges(send, document, names)
  const levels = levelsFrom(access)
  return edges.filter(({ level }) => level !== null && levels.includes(level)).map(holderOf)
}

async function readPermission(send: Send, asked: { permission: string } & PermissionScope): Promise<Holder[]> {
  const { permission } = asked
  if ('project' in asked) {
    const edges = await readEdges(send, DOCUMENTS.project, { project: asked.project })
    return edges.filter((edge) => edge.permission === permission || allows(edge.role, permission)).map(holderOf)
  }
  const organization = 'organization' in asked ? await readOrganization(send, asked.organization) : null
  const found: Holder[] = organization?.basePermissions.includes(permission) ? [everyMember(organization.name)] : []
  for (const role of await readAll<Role>(send, DOCUMENTS.roles, {}, (roles) => roles as unknown as List<Role>)) {
    if (!allows(role, permission)) continue
    const edges = await readEdges(send, DOCUMENTS.role, { role: role.id })
    found.push(...edges.filter((edge) => edge.scope === 'EVERYWHERE' || isIn(edge, organization?.name)).map(holderOf))
  }
  return found
}

function isIn({ scope, organization }: Edge, name: string | undefined): boolean {
  return scope === 'ORGANIZATION' && name !== undefined && organization?.name === name
}

function everyMember(organization: string): Holder {
  return { username: '(every member)', holds: 'a base permission', where: `organization ${organization}` }
}

function whereOf({ scope, organization, project, controller, model }: Edge): string {
  if (controller) return [controller.name, model?.name].filter(Boolean).join('/')
  if (scope === 'PROJECT') return `project ${project?.code}`
  return scope === 'ORGANIZATION' ? `organization ${organization?.name}` : 'everywhere'
}

function holderOf(edge: Edge): Holder {
  const { node, since, expiresAt, grantedByName } = edge
  const grant = { since, expiresAt, grantedBy: grantedByName }
  return { username: node.username, holds: holdingOf(edge), where: whereOf(edge), ...grant }
}

function holdingOf({ via, role, level, permission }: Edge): string {
  if (via === 'CONTROLLER') return role ? `role ${role.name}` : 'SUPERUSER on the controller'
  if (via === 'MODEL') return 'a level on one of its models'
  if (via === 'MEMBERSHIP') return 'member of the organization'
  return role ? `role ${role.name}` : (level ?? permission ?? via)
}

/** An administrator holds every permission, also those that no role has. */
function allows(role: Role | null, permission: string): boolean {
  if (!role) return false
  return role.permissions.some(({ name }) => name === permission) || (role.isBuiltIn && role.name === 'ADMINISTRATOR')
}

async function readOrganization(send: Send, organization: string) {
  const found = await read(send, DOCUMENTS.organization, { organization })
  const base = found.basePermissions as { name: string }[]
  return { name: String(found.name), basePermissions: base.map(({ name }) => name) }
}

function readEdges(send: Send, document: string, names: object): Promise<Edge[]> {
  return readAll(send, document, names, ({ holders }) => {
    const { edges, pageInfo } = holders as { edges: Edge[] } & Pick<List<Edge>, 'pageInfo'>
    return { nodes: edges.filter(({ node }) => node.isActive), pageInfo }
  })
}

/** A page of a list. */
interface List<Item> {
  nodes: Item[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

async function readAll<Item>(
  send: Send,
  document: string,
  names: object,
  listOf: (found: Json) => List<Item>,
): Promise<Item[]> {
  const items: Item[] = []
  let after: string | null = null
  do {
    const { nodes, pageInfo } = listOf(await read(send, document, { ...names, after }))
    items.push(...nodes)
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
  return items
}

/** @throws RefusedError */
async function read(send: Send, document: string, variables: object): Promise<Json> {
  const result = await send(document, variables)
  const found = result.data?.found
  if (result.errors || !isObject(found)) throw new RefusedError(result)
  return found
}
