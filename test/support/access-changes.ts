/** Who gained and lost what between two times, as `accessChanges` tells it. */
import { expect } from 'vitest'
import { letPass } from '../access/replay/clock.ts'
import type { Client, TestApp } from './app.ts'
import { isModelLevel } from './levels.ts'

/** One thing that somebody gained or lost. */
export interface AccessChange {
  kind: 'GAINED' | 'LOST'
  user: { id: string } | null
  username: string
  permission: string | null
  scope: string | null
  organization: string | null
  project: string | null
  controller: string | null
  model: string | null
  level: string | null
}

export const CHANGES = `query ($from: DateTime!, $to: DateTime, $user: String, $first: Int, $after: String, $last: Int, $before: String) {
  accessChanges(from: $from, to: $to, user: $user, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor } nodes {
      kind user { id } username permission scope organization project controller model level } } }`

interface Asked {
  from: string
  to?: string | null
  user?: string | null
  first?: number
}

/** The whole list, page by page; every page tells the same count, which is that of the items, and no cursor comes twice. */
export async function readChanges(client: Client, { first = 100, ...asked }: Asked): Promise<AccessChange[]> {
  const items: AccessChange[] = []
  const cursors = new Set<string>()
  const counts = new Set<number>()
  for (let after: string | null = null; ; ) {
    const { accessChanges } = await client.ok(CHANGES, { ...asked, first, after })
    const { nodes, edges, totalCount, pageInfo } = accessChanges
    items.push(...nodes)
    for (const { cursor } of edges) cursors.add(cursor)
    counts.add(totalCount)
    expect([pageInfo.hasPreviousPage, pageInfo.hasNextPage]).toEqual([after !== null, items.length < totalCount])
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
function placeOf({ scope, organization, project, controller, model, level }: AccessChange): string {
  const on = controller ?? HIDDEN
  if (scope === null) return !isModelLevel(level) ? `on ${on}` : `on ${on}/${model ?? HIDDEN}`
  if (scope === 'EVERYWHERE') return 'everywhere'
  const home = organization ?? HIDDEN
  return scope === 'PROJECT' ? `on ${project ?? HIDDEN} of ${home}` : `in ${home}`
}

/** A change in words, like `GAINED bob doc.edit on apollo of acme`. */
export function changeInWords(item: AccessChange): string {
  const what = item.permission ?? item.level
  return `${item.kind} ${item.username} ${what} ${placeOf(item)}`
}

/** The changes that the client is told of in words, sorted. */
export async function changesOf(client: Client, asked: Asked): Promise<string[]> {
  return (await readChanges(client, asked)).map(changeInWords).sort()
}

export const HOUR_MS = 3_600_000

/** A time this many hours before now. */
export const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString()

/**
 * What the client is told that this changed, at once and, when two hours have passed, of the past: the same. What was
 * done before has been so for two hours.
 */
export async function changesBy(app: TestApp, act: () => Promise<unknown>, client = app.root): Promise<string[]> {
  await letPass(app, 2 * HOUR_MS)
  await act()
  const told = await changesOf(client, { from: hoursAgo(1) })
  await letPass(app, 2 * HOUR_MS)
  expect(await changesOf(client, { from: hoursAgo(3), to: hoursAgo(1) })).toEqual(told)
  return told
}
