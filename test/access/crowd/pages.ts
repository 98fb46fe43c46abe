/** Lists read page by page to their end, either way; every page must fit to the one before. */
import { expect } from 'vitest'

interface Connection<Edge> {
  totalCount: number
  edges: (Edge & { cursor: string })[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

/** Asks for one page, with `first` and `after`, or `last` and `before`. */
export type Ask<Edge> = (page: object) => Promise<Connection<Edge>>

/** What a page has on selection, beside its edges. */
export const PAGE = 'totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'

/** The whole list in its order: no page is short but the last, all tell the count of all, and no cursor comes twice. */
export async function readAll<Edge>(
  ask: Ask<Edge>,
  size: number,
  way: 'FORWARD' | 'BACKWARD' = 'FORWARD',
): Promise<Edge[]> {
  const pages: Connection<Edge>['edges'][] = []
  const counts = new Set<number>()
  for (let cursor: string | null = null, isMore = true; isMore; ) {
    const { totalCount, edges, pageInfo }: Connection<Edge> = await ask(
      way === 'FORWARD' ? { first: size, after: cursor } : { last: size, before: cursor },
    )
    pages.push(edges)
    counts.add(totalCount)
    expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null])
    const [beyond, behind] = [pageInfo.hasNextPage, pageInfo.hasPreviousPage]
    isMore = way === 'FORWARD' ? beyond : behind
    expect(way === 'FORWARD' ? behind : beyond).toBe(cursor !== null)
    if (isMore) expect(edges.length).toBe(size)
    cursor = way === 'FORWARD' ? pageInfo.endCursor : pageInfo.startCursor
  }
  const whole = (way === 'FORWARD' ? pages : pages.reverse()).flat()
  expect([...counts]).toEqual([whole.length])
  expect(new Set(whole.map(({ cursor }) => cursor)).size).toBe(whole.length)
  return whole
}
