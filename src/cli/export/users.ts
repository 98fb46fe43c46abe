/** Users as `chatelaine import --from chatelaine` and `--from csv` take them. */
import type { Send } from '../send.ts'
import { type Json, type Page, readPages } from './rows.ts'

const ROLES = 'edges { scope organization { name } project { code } expiresAt node { name } }'
const NEXT = 'pageInfo { hasNextPage endCursor }'

const USERS = `query ($after: String) { users(first: 50, after: $after, orderBy: { field: USERNAME }) {
  nodes { id username kind displayName email isActive organization { name }
    roles(first: 100) { ${ROLES} ${NEXT} } sshKeys(first: 50) { nodes { publicKey } } }
  ${NEXT} } }`

const MORE_ROLES = `query ($id: ID!, $after: String) { node(id: $id) { ... on User { roles(first: 100, after: $after) { ${ROLES} ${NEXT} } } } }`

/** Reads the users that the caller sees; what of them the caller may not see is left out. */
export async function* readUsers(send: Send): AsyncGenerator<Json[]> {
  for await (const page of readPages(send, { document: USERS, path: ['users'], mayHide: true })) {
    const rows = []
    for (const user of page.nodes ?? []) rows.push(await rowOf(send, user))
    yield rows
  }
}

async function rowOf(send: Send, user: Json): Promise<Json> {
  const { id, roles, sshKeys, organization, username, kind, displayName, email, isActive } = user
  const first = roles as Page | null
  const all = first?.pageInfo.hasNextPage ? await readRoles(send, String(id)) : (first?.edges ?? [])
  const row = {
    username,
    kind,
    displayName,
    email,
    organization: (organization as Json | null)?.name,
    ...(isActive === false && { isActive }),
    roles: all.map(roleOf),
    sshKeys: ((sshKeys as Page | null)?.nodes ?? []).map(({ publicKey }) => publicKey),
  }
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined))
}

async function readRoles(send: Send, id: string): Promise<Json[]> {
  const edges: Json[] = []
  const read = { document: MORE_ROLES, variables: { id }, path: ['node', 'roles'] }
  for await (const page of readPages(send, read)) edges.push(...(page.edges ?? []))
  return edges
}

function roleOf({ node, scope, organization, project, expiresAt }: Json): Json {
  const place =
    scope === 'PROJECT'
      ? { project: (project as Json | null)?.code }
      : scope === 'ORGANIZATION'
        ? { organization: (organization as Json | null)?.name }
        : { everywhere: true }
  return { role: (node as Json | null)?.name, ...place, ...(expiresAt !== null && { expiresAt }) }
}
