/** Who holds a role, and who holds something that reaches a project, as `holders` tells it. */
import { expect } from 'vitest'
import type { Client } from './app.ts'

/** One way in which somebody holds a role, or something on a project. */
export interface Holding {
  node: { username: string }
  via: string
  scope: string
  role?: { name: string } | null
  permission?: string | null
  organization: { name: string } | null
  project: { code: string } | null
  since: string
  expiresAt: string | null
  endedAt: string | null
  grantedBy: { username: string } | null
}

const EDGE =
  'cursor node { username } via scope organization { name } project { code } since expiresAt endedAt grantedBy { username }'
const PAGE = 'totalCount nodes { username } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'
const ARGUMENTS = 'first: $first, after: $after, at: $at, filter: $filter'

const documentOf = (kind: 'role' | 'project') => {
  const [type, key, own] = kind === 'role' ? ['Role', 'name', ''] : ['Project', 'code', 'role { name } permission']
  return `query ($name: String!, $first: Int, $after: String, $at: DateTime, $filter: ${type}HolderFilter) {
    thing: ${kind}(${key}: $name) { holders(${ARGUMENTS}) { ${PAGE} edges { ${EDGE} ${own} } } } }`
}
const DOCUMENTS = { role: documentOf('role'), project: documentOf('project') }

interface Asked {
  first?: number
  at?: string | null
  filter?: { scope?: string | null } | null
}

/**
 * The holders of a role or a project, page by page; every page tells the same count, which is that of the items, nodes
 * and edges are of the same users, and no cursor comes twice.
 */
export async function readHolders(
  client: Client,
  thing: { role: string } | { project: string },
  { first = 100, ...asked }: Asked = {},
): Promise<Holding[]> {
  const [document, name] =
    'role' in thing ? [DOCUMENTS.role, thing.role] : ([DOCUMENTS.project, thing.project] as const)
  const items: Holding[] = []
  const cursors = new Set<string>()
  const counts = new Set<number>()
  for (let after: string | null = null; ; ) {
    const data = await client.ok(document, { ...asked, name, first, after })
    const { edges, nodes, totalCount, pageInfo } = data.thing.holders
    expect(edges.map((edge: Holding) => edge.node)).toEqual(nodes)
    expect([edges.at(0)?.cursor ?? null, edges.at(-1)?.cursor ?? null]).toEqual([
      pageInfo.startCursor,
      pageInfo.endCursor,
    ])
    for (const { cursor, ...item } of edges) {
      items.push(item)
      cursors.add(cursor)
    }
    counts.add(totalCount)
    expect([pageInfo.hasPreviousPage, pageInfo.hasNextPage]).toEqual([after !== null, items.length < totalCount])
    if (!pageInfo.hasNextPage) break
    expect(nodes.length).toBe(first)
    after = pageInfo.endCursor
  }
  expect([[...counts], cursors.size]).toEqual([[items.length], items.length])
  return items
}

/** Where it is held; what is hidden is `?`. */
function placeOf({ scope, organization, project }: Holding): string {
  if (scope === 'EVERYWHERE') return 'everywhere'
  const home = organization?.name ?? '?'
  return scope === 'PROJECT' ? `on ${project?.code ?? '?'} of ${home}` : `in ${home}`
}

/** Who holds it and where, in words, like `amy GRANT on apollo of acme`, `bob ROLE EDITOR in acme`, sorted. */
export async function holdersInWords(...asked: Parameters<typeof readHolders>): Promise<string[]> {
  const lines = (await readHolders(...asked)).map((item) => {
    const what = item.permission ?? item.role?.name
    return [item.node.username, item.via, what, placeOf(item)].filter((word) => word !== undefined).join(' ')
  })
  return lines.sort()
}
