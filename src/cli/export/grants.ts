/** What was granted: roles on scopes, and levels on controllers and models, also as of a time. */
import type { Send } from '../send.ts'
import { type Json, readPages } from './rows.ts'

const NEXT = 'pageInfo { hasNextPage endCursor }'

/** The kinds of things that are held: the list of them, and the type of each. */
const KINDS = [
  ['roles', 'Role'],
  ['controllers', 'Controller'],
  ['models', 'Model'],
] as const

function holdersDocument(type: string): string {
  return `query ($id: ID!, $at: DateTime, $after: String) { node(id: $id) { ... on ${type} {
    holders(first: 100, after: $after, at: $at) { edges { via since expiresAt endedAt grantedByName scope level
      node { username } role { name } organization { name } project { code } controller { name } model { name } }
      ${NEXT} } } } }`
}

/** Reads the grants that the caller sees, in force now or at a time. What follows from a grant is not one. */
export async function* readGrants(send: Send, at: string | undefined): AsyncGenerator<Json[]> {
  for (const [list, type] of KINDS) {
    const document = `query ($after: String) { ${list}(first: 100, after: $after) { nodes { id name } ${NEXT} } }`
    for await (const { nodes = [] } of readPages(send, { document, path: [list] }))
      for (const thing of nodes) yield* readHolders(send, type, thing, at)
  }
}

async function* readHolders(send: Send, type: string, { id, name }: Json, at: string | undefined) {
  const read = { document: holdersDocument(type), variables: { id, at }, path: ['node', 'holders'], mayHide: true }
  for await (const { edges = [] } of readPages(send, read))
    yield edges.filter(({ via }) => type === 'Role' || via === 'GRANT').map((edge) => rowOf(edge, type, name))
}

function rowOf(edge: Json, type: string, name: unknown): Json {
  const named = (field: string, key = 'name') => (edge[field] as Json | null)?.[key] ?? null
  return {
    username: named('node', 'username'),
    role: type === 'Role' ? name : null,
    scope: edge.scope,
    organization: named('organization'),
    project: named('project', 'code'),
    level: edge.level,
    controller: type === 'Controller' ? name : named('controller'),
    model: type === 'Model' ? name : null,
    since: edge.since,
    expiresAt: edge.expiresAt,
    grantedByName: edge.grantedByName,
  }
}
