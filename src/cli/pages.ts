/** Lists that come in pages: reads all pages, and says what of a list is not shown. */
import type { CommandSpec } from './commands.ts'
import { countDocumentOf, documentOf } from './document.ts'
import type { Result, Send } from './send.ts'

type Json = Record<string, unknown>

/** The parameters that choose the page of a list. */
export const PAGE_PARAMETERS = ['first', 'last', 'after', 'before']
const LARGEST_PAGE = 100

interface Page {
  nodes: unknown[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
}

/** Reads all pages of a list as one answer. Where a page is refused, the answer is that of the page. */
export async function readAllPages(send: Send, spec: CommandSpec, variables: Json): Promise<Result> {
  const nodes: unknown[] = []
  const errors: Result['errors'] = []
  let after: string | null = null
  while (true) {
    const given: Json = { ...variables, first: LARGEST_PAGE, ...(after !== null && { after }) }
    const result: Result = await send(documentOf(spec, given), given)
    const page = pageOf(spec, result)
    if (!page) return result
    nodes.push(...page.nodes)
    errors.push(...(result.errors ?? []))
    after = page.pageInfo.endCursor
    if (page.pageInfo.hasNextPage && after !== null) continue
    const pageInfo = { ...page.pageInfo, hasPreviousPage: false }
    return { data: { [spec.field.name]: { ...page, nodes, pageInfo } }, ...(errors.length > 0 && { errors }) }
  }
}

function pageOf({ field, isPaged }: CommandSpec, { data }: Result): Page | null {
  return isPaged ? ((data?.[field.name] ?? null) as Page | null) : null
}

/** Says for each list of an answer how much of it is shown and how to get more; nothing where all is shown. */
export async function describeRest(send: Send, spec: CommandSpec, variables: Json, result: Result): Promise<string[]> {
  const page = pageOf(spec, result)
  if (!page) return describeInner(result.data?.[spec.field.name], '')
  const { hasNextPage, hasPreviousPage, endCursor } = page.pageInfo
  if (!hasNextPage && !hasPreviousPage) return []
  const total = await countAll(send, spec, variables)
  const { length } = page.nodes
  const shown = total === null ? `${length} are shown, and there are more.` : `${length} of ${total} are shown.`
  const next = hasNextPage ? ` --after=${endCursor} shows the next ones,` : ''
  return [`${shown}${next} --first ${LARGEST_PAGE} shows up to ${LARGEST_PAGE}, and --all shows all.`]
}

/** Counts a whole list; null where that is refused. */
async function countAll(send: Send, spec: CommandSpec, variables: Json): Promise<number | null> {
  const filters = Object.entries(variables).filter(([name]) => !PAGE_PARAMETERS.includes(name))
  const given = Object.fromEntries(filters)
  const { data } = await send(countDocumentOf(spec, given), given)
  return (data?.[spec.field.name] as { totalCount?: number } | null | undefined)?.totalCount ?? null
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
