/** Lists that come in pages: reads them, and says what of a list is not shown. */
import { formatCount } from './cells.ts'
import { type CommandSpec, PAGE_PARAMETERS } from './commands.ts'
import { countDocumentOf, documentOf } from './document.ts'
import type { Result, Send } from './send.ts'

type Json = Record<string, unknown>

const LARGEST_PAGE = 100

export interface Page {
  nodes: unknown[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
}

/** Reads the pages of a list, one after the other. The last result has no page where it is refused. */
export async function* readPages(
  send: Send,
  spec: CommandSpec,
  { variables, fields }: { variables: Json; fields: string[] | null },
): AsyncGenerator<{ result: Result; page: Page | null }> {
  let after: string | null = null
  do {
    const given: Json = { ...variables, first: LARGEST_PAGE, ...(after !== null && { after }) }
    const result = await send(documentOf(spec, given, fields), given)
    const page = pageOf(spec, result)
    yield { result, page }
    after = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
  } while (after !== null)
}

export function pageOf({ field, isPaged }: CommandSpec, { data }: Result): Page | null {
  return isPaged ? ((data?.[field.name] ?? null) as Page | null) : null
}

/** Says for each list of an answer how much of it is shown and how to get more; nothing where all is shown. */
export async function describeRest(send: Send, spec: CommandSpec, variables: Json, result: Result): Promise<string[]> {
  const page = pageOf(spec, result)
  if (!page) return describeInner(result.data?.[spec.field.name], '')
  const { hasNextPage, hasPreviousPage } = page.pageInfo
  if (!hasNextPage && !hasPreviousPage) return []
  return [`${formatCount(page.nodes.length)} of ${await countAll(send, spec, variables)} · --all for the rest`]
}

/** Counts a whole list, for people. */
export async function countAll(send: Send, spec: CommandSpec, variables: Json): Promise<string> {
  const filters = Object.entries(variables).filter(([name]) => !PAGE_PARAMETERS.includes(name))
  const given = Object.fromEntries(filters)
  const { data } = await send(countDocumentOf(spec, given), given)
  const count = data?.[spec.field.name] as { totalCount: number; isTotalCountExact: boolean } | null | undefined
  if (!count) return 'more'
  return count.isTotalCountExact ? formatCount(count.totalCount) : `at least ${formatCount(count.totalCount)}`
}

/** Describes the lists in an object, such as the roles of a user and the changes of a dry run. */
function describeInner(value: unknown, name: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { pageInfo, edges, items, gained, lost } = value as Json
  if ((pageInfo as Page['pageInfo'] | undefined)?.hasNextPage && Array.isArray(edges)) {
    return [`${name}: the first ${edges.length} are shown. The API gives more, with \`first\` and \`after\`.`]
  }
  const changes = Number(gained) + Number(lost)
  if (Array.isArray(items) && changes > items.length) {
    return [`${name}: ${items.length} of ${changes} changes are shown.`]
  }
  return Object.entries(value).flatMap(([key, inner]) => describeInner(inner, key))
}
