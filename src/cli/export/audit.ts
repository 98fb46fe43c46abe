/** The events of the audit, the oldest first. */
import type { Result, Send } from '../send.ts'
import { ExportRefusedError, type Json } from './rows.ts'

interface EventPage {
  totalCount?: number
  nodes: Json[]
  pageInfo: { hasPreviousPage: boolean; startCursor: string | null }
}

/** A page of events, with how many there are; the first page has the answer that it came with. */
export interface Events {
  rows: Json[]
  total: number
  first: Result | null
}

const FIELD = 'auditEvents'
const PAGE = 100

/** The list has the newest event first, so its last page is where the oldest ones are. */
const documentOf = (isFirst: boolean) => `query ($before: String, $filter: AuditEventFilter) {
  ${FIELD}(last: ${PAGE}, before: $before, filter: $filter) { ${isFirst ? 'totalCount ' : ''}
    nodes { id at action outcome count code actorKind actorId actorName apiKeyId sessionId address requestId
      targetType targetId targetName organization { id name } changes { field before after } }
    pageInfo { hasPreviousPage startCursor } }
  ${isFirst ? 'viewer { permissions { name scope } }' : ''} }`

/** Reads the events before a time, or all of them. @throws ExportRefusedError */
export async function* readEvents(send: Send, before: string | undefined): AsyncGenerator<Events> {
  const filter = before === undefined ? {} : { at: { to: before } }
  let total = 0
  for (let cursor: string | null = null; ; ) {
    const result: Result = await send(documentOf(cursor === null), { filter, before: cursor })
    // A page with an error would be a file with holes.
    const page = result.errors ? null : ((result.data?.[FIELD] ?? null) as EventPage | null)
    if (!page) throw new ExportRefusedError(FIELD, result)
    total = page.totalCount ?? total
    yield { rows: page.nodes.toReversed(), total, first: cursor === null ? result : null }
    cursor = page.pageInfo.startCursor
    if (!page.pageInfo.hasPreviousPage || cursor === null) return
  }
}
