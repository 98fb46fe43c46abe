/** What users may do, as `User.effectiveAccess` tells it. */
import { expect } from 'vitest'
import type { Client } from './app.ts'
import { isModelLevel } from './levels.ts'

/** One item, with the names of what it speaks of. */
export interface Access {
  permission: string | null
  scope: string | null
  organization: { id: string; name: string } | null
  project: { id: string; code: string } | null
  controller: { id: string; name: string } | null
  model: { id: string; name: string } | null
  level: string | null
  via: string
  role: { name: string } | null
  since: string
  expiresAt: string | null
  endedAt: string | null
}

export const ACCESS = `permission scope organization { id name } project { id code } controller { id name } model { id name }
  level via role { name } since expiresAt endedAt`

const DOCUMENT = `query ($user: String!, $first: Int, $after: String, $at: DateTime) { user(username: $user) {
  effectiveAccess(first: $first, after: $after, at: $at) { totalCount nodes { ${ACCESS} } edges { cursor }
    pageInfo { hasNextPage endCursor } } } }`

/** The whole list, page by page; every page tells the same count, which is that of the items, and no cursor comes twice. */
export async function accessOf(
  client: Client,
  user: string,
  { at = null, first = 100 }: { at?: string | null; first?: number } = {},
): Promise<Access[]> {
  const items: Access[] = []
  const cursors = new Set<string>()
  const counts = new Set<number>()
  for (let after: string | null = null; ; ) {
    const data = await client.ok(DOCUMENT, { user, first, after, at })
    const { nodes, edges, totalCount, pageInfo } = data.user.effectiveAccess
    items.push(...nodes)
    for (const { cursor } of edges) cursors.add(cursor)
    counts.add(totalCount)
    if (!pageInfo.hasNextPage) break
    expect(nodes.length).toBe(first)
    after = pageInfo.endCursor
  }
  expect([[...counts], cursors.size]).toEqual([[items.length], items.length])
  return items
}

/** What is hidden from the caller. */
const HIDDEN = '?'

/** Where a permission is held, or what a level is on. */
function placeOf({ scope, organization, project, controller, model, level }: Access): string {
  const on = controller?.name ?? HIDDEN
  if (scope === null) return !isModelLevel(level) ? on : `${on}/${model?.name ?? HIDDEN}`
  if (scope === 'EVERYWHERE') return 'everywhere'
  const home = organization?.name ?? HIDDEN
  return scope === 'PROJECT' ? `on ${project?.code ?? HIDDEN} of ${home}` : `in ${home}`
}

/** An item in words, like `doc.edit in acme ROLE EDITOR`. */
export function inWords(item: Access): string {
  const what = item.permission ?? item.level
  return `${what} ${placeOf(item)} ${item.via} ${item.role?.name ?? '-'}`
}

/** The same with its time. */
export function inWordsWithTime(item: Access): string {
  return `${inWords(item)} ${item.since} ${item.expiresAt ?? item.endedAt}`
}
